//! One run: what it reads with, what it tells, and what it remembers from kind to kind.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    imports::{
        model::{
            finding::{self, Finding, Kind, Reason, Summary, Told},
            memory::{Brought, Step},
        },
        ports::{Imports, OldRow, OldService, OurSide, Watcher},
    },
    orders::ports::{EndedOrders, Holds, OrderArchive, PaymentArchive},
    products::ports::{Products, StockReservations},
    shared::{Clock, Email, PaymentId, ProductId, Result, StoreId},
    stores::ports::{Hours, Stores},
    users::ports::{Accounts, Withdrawals},
};

/// The ports of moving in.
#[derive(Clone)]
#[allow(missing_docs, reason = "the names are the ports'")]
pub struct ImportParts {
    pub imports: Arc<dyn Imports>,
    pub ours: Arc<dyn OurSide>,
    pub accounts: Arc<dyn Accounts>,
    pub stores: Arc<dyn Stores>,
    pub hours: Arc<dyn Hours>,
    pub products: Arc<dyn Products>,
    pub holds: Arc<dyn Holds>,
    pub ended: Arc<dyn EndedOrders>,
    pub archive: Arc<dyn OrderArchive>,
    pub past: Arc<dyn PaymentArchive>,
    pub reservations: Arc<dyn StockReservations>,
    pub withdrawals: Arc<dyn Withdrawals>,
    pub clock: Arc<dyn Clock>,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What is read is brought.
    Write,
    /// Everything is read and told, nothing written.
    Dry,
}

/// What a kind leaves for later ones: of one day, or a few bytes for each.
#[derive(Default)]
pub(super) struct Seen {
    /// Accounts that are not active.
    pub(super) inactive: BTreeSet<Email>,
    /// Those of them that have asked to be deleted.
    pub(super) leaving: BTreeSet<Email>,
    pub(super) stores: HashSet<StoreId>,
    pub(super) products: HashSet<ProductId>,
    /// Keys of what is there, whatever became of it.
    pub(super) keys: HashMap<Kind, HashSet<String>>,
    /// Orders that the nightly move has not reached, and how far each has come.
    pub(super) orders: HashMap<PaymentId, (DateTime<Utc>, u8)>,
}

pub(super) struct Run<'a> {
    pub(super) parts: &'a ImportParts,
    pub(super) old: &'a mut dyn OldService,
    pub(super) watcher: &'a mut dyn Watcher,
    pub(super) mode: Mode,
    pub(super) begun: DateTime<Utc>,
    pub(super) summary: Summary,
    pub(super) seen: Seen,
}

/// An old row, read.
pub(super) struct Row<T> {
    pub(super) key: String,
    pub(super) fingerprint: String,
    pub(super) row: T,
}

impl Run<'_> {
    /// The next rows of a kind. `None`: there are no more.
    pub(super) async fn read<T: DeserializeOwned>(&mut self, kind: Kind) -> Result<Option<Vec<Row<T>>>> {
        let all = self.old.count(kind).await?;
        let rows = self.old.next(kind).await?;
        let read = self.summary.read.entry(kind).or_default();
        *read += rows.len() as u64;
        self.watcher.progress(kind, *read, all);
        if rows.is_empty() {
            return Ok(None);
        }
        let mut parsed = Vec::with_capacity(rows.len());
        for OldRow { key, fingerprint, row } in rows {
            self.seen.keys.entry(kind).or_default().extend(Some(&key).filter(|_| kind.is_remembered()).cloned());
            if let Some(row) = self.parsed(kind, &key, row)? {
                parsed.push(Row { key, fingerprint, row });
            }
        }
        Ok(Some(parsed))
    }

    /// `None`: it is told that it cannot be read.
    pub(super) fn parsed<T: DeserializeOwned>(&mut self, kind: Kind, key: &str, row: Value) -> Result<Option<T>> {
        match serde_json::from_value(row) {
            Ok(row) => Ok(Some(row)),
            Err(error) => self.tell_of(kind, key, finding::UNREADABLE, Some(error.to_string())).map(|()| None),
        }
    }

    pub(super) fn tell_all(&mut self, told: Told) -> Result<()> {
        told.findings.into_iter().try_for_each(|finding| self.tell(&finding))
    }

    pub(super) fn tell_of(&mut self, kind: Kind, id: &str, reason: Reason, value: Option<String>) -> Result<()> {
        self.tell(&Finding { kind, id: id.to_owned(), reason, value })
    }

    fn tell(&mut self, finding: &Finding) -> Result<()> {
        *self.summary.told.entry((finding.kind, finding.reason)).or_default() += 1;
        self.watcher.tell(finding)
    }

    pub(super) fn writes(&self) -> bool {
        self.mode == Mode::Write
    }

    pub(super) fn brought(&mut self, kind: Kind, rows: usize) {
        *self.summary.brought.entry(kind).or_default() += rows as u64;
    }

    /// Those of these rows that are to be written; of the others it is told why not.
    pub(super) async fn sorted_out<T>(
        &mut self,
        kind: Kind,
        batch: Vec<Brought<T>>,
        key: impl Fn(&T) -> String,
    ) -> Result<Vec<Brought<T>>> {
        let keys: Vec<_> = batch.iter().map(|brought| key(&brought.row)).collect();
        self.seen.keys.entry(kind).or_default().extend(keys.iter().cloned());
        let known = self.parts.imports.known(kind, &keys).await?;
        let (mut bring, mut left) = (Vec::new(), Vec::new());
        for ((brought, key), known) in batch.into_iter().zip(keys).zip(known) {
            match known.step(&brought.old) {
                Step::Bring => bring.push(brought),
                Step::Leave => left.push(key),
                Step::Tell(reason) => {
                    self.tell_of(kind, &key, reason, None)?;
                    left.push(key);
                }
            }
        }
        if self.writes() {
            self.parts.imports.saw(kind, &left, self.begun).await?;
        }
        self.brought(kind, bring.len());
        Ok(bring)
    }
}
