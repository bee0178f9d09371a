//! Comparing both sides: every account, store, product and order whole, sums by store and business day, stock.

mod catalogue;
mod people;
mod purchases;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    import::ImportParts,
    model::finding::{self, Finding, Kind, Reason},
    ports::{OldRow, OldService, Watcher},
};
use crate::{
    orders::Order,
    shared::{Email, PaymentId, Result, StoreId},
};

/// What a comparison came to, a line for each kind: there, here, otherwise here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Rows that should be here, of each kind.
    pub there: BTreeMap<Kind, u64>,
    /// Rows that are, of each kind.
    pub here: BTreeMap<Kind, u64>,
    /// Rows that are otherwise here, of each kind.
    pub differing: BTreeMap<Kind, u64>,
    /// Won in all orders that should be here.
    pub won_there: i64,
    /// Won in those that are.
    pub won_here: i64,
    /// Pieces that should be left.
    pub left_there: i64,
    /// Pieces that are.
    pub left_here: i64,
    /// Sums of a store's business day that differ: orders and won that are here too much, or too few.
    pub days: Vec<(StoreId, NaiveDate, i64, i64)>,
}

impl Compared {
    /// Whether both sides are the same.
    pub fn is_same(&self) -> bool {
        self.there == self.here
            && self.differing.is_empty()
            && self.days.is_empty()
            && self.won_there == self.won_here
            && self.left_there == self.left_here
    }
}

/// Use case of comparing. To be run while neither side changes.
pub struct VerifyService {
    parts: ImportParts,
}

impl VerifyService {
    /// Builds the use case on its ports.
    pub fn new(parts: ImportParts) -> Self {
        Self { parts }
    }

    /// Compares what the old databases have, as it would be brought, with what is here.
    ///
    /// # Errors
    /// Unavailable, where one of the databases does not answer.
    pub async fn verify(&self, old: &mut dyn OldService, watcher: &mut dyn Watcher) -> Result<Compared> {
        let now = self.parts.ours.last_import().await?.unwrap_or_else(|| self.parts.clock.now());
        let mut run = Run {
            parts: &self.parts,
            old,
            watcher,
            now,
            compared: Compared::default(),
            days: HashMap::new(),
            today: HashMap::new(),
            keys: HashMap::new(),
        };
        run.accounts().await?;
        run.stores().await?;
        run.favorites().await?;
        run.products().await?;
        run.orders().await?;
        run.archive().await?;
        run.carts().await?;
        run.planned().await?;
        run.too_much().await?;
        let Run { mut compared, days, .. } = run;
        compared.days = days.into_iter().map(|((store, day), (orders, won))| (store, day, orders, won)).collect();
        compared.days.sort();
        Ok(compared)
    }
}

struct Run<'a> {
    parts: &'a ImportParts,
    old: &'a mut dyn OldService,
    watcher: &'a mut dyn Watcher,
    /// When it was brought: what is missing there was mended by that.
    now: DateTime<Utc>,
    compared: Compared,
    /// Orders and won of a store's business day: here less there. What is even goes.
    days: HashMap<(StoreId, NaiveDate), (i64, i64)>,
    /// Orders that are in the old PostgreSQL too.
    today: HashMap<PaymentId, Order>,
    /// Keys of what is there.
    keys: HashMap<Kind, HashSet<String>>,
}

impl Run<'_> {
    async fn read<T: DeserializeOwned>(&mut self, kind: Kind) -> Result<Option<Vec<T>>> {
        let all = self.old.count(kind).await?;
        let rows = self.old.next(kind).await?;
        let done = self.compared.there.get(&kind).copied().unwrap_or_default();
        self.watcher.progress(kind, done + rows.len() as u64, all);
        if rows.is_empty() {
            return Ok(None);
        }
        let mut parsed = Vec::with_capacity(rows.len());
        for OldRow { key, row, .. } in rows {
            self.keys.entry(kind).or_default().extend(Some(key).filter(|_| kind.is_remembered()));
            parsed.extend(parse(row));
        }
        Ok(Some(parsed))
    }

    /// What was brought before, and is not in the old databases any more.
    async fn too_much(&mut self) -> Result<()> {
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_remembered()) {
            let seen = self.keys.remove(&kind).unwrap_or_default();
            for key in self.parts.ours.unseen(kind, self.parts.clock.now()).await?.into_iter().filter(|key| !seen.contains(key)) {
                // Who leaves here too has left there already.
                let leaves = kind == Kind::Accounts
                    && self.parts.accounts.find(&Email::trusted(key.clone())).await?.is_some_and(|found| !found.account.is_active);
                if !leaves {
                    *self.compared.here.entry(kind).or_default() += 1;
                    self.tell(kind, &key, finding::STAYS_HERE)?;
                }
            }
        }
        Ok(())
    }

    /// Counts a row that should be here; `same`: whether it is so.
    fn count(&mut self, kind: Kind, id: &str, same: Option<bool>) -> Result<()> {
        self.keys.entry(kind).or_default().extend(Some(id.to_owned()).filter(|_| kind.is_remembered()));
        *self.compared.there.entry(kind).or_default() += 1;
        *self.compared.here.entry(kind).or_default() += u64::from(same.is_some());
        match same {
            Some(true) => Ok(()),
            Some(false) => {
                *self.compared.differing.entry(kind).or_default() += 1;
                self.tell(kind, id, finding::DIFFERS)
            }
            None => self.tell(kind, id, finding::MISSING_HERE),
        }
    }

    fn tell(&mut self, kind: Kind, id: &str, reason: Reason) -> Result<()> {
        self.watcher.tell(&Finding { kind, id: id.to_owned(), reason, value: None })
    }
}

/// What is unreadable was told when it was not brought.
fn parse<T: DeserializeOwned>(row: Value) -> Option<T> {
    serde_json::from_value(row).ok()
}
