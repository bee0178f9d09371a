//! Comparing both sides: every account, store, product and order whole, sums by store and business day, stock.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use super::{
    import::{
        ImportParts,
        same::{by_payment, is_same},
    },
    model::{
        finding::{self, Finding, Kind, Reason, Told},
        old::{OldFavorites, OldPerson, OldProduct, OldPurchase, OldReservation, OldSeller, OldWithdrawal},
        people, products, purchases,
        stores::{self, ImportedStore},
    },
    ports::{OldService, Watcher},
};
use crate::{
    orders::Order,
    products::Product,
    shared::{Email, PaymentId, ProductId, Result, StoreId},
    stores::Store,
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
        let now = self.parts.moved.last_import().await?.unwrap_or_else(|| self.parts.clock.now());
        let (compared, days, today) = (Compared::default(), HashMap::new(), HashMap::new());
        let mut run = Run { parts: &self.parts, old, watcher, now, compared, days, today };
        run.accounts().await?;
        run.stores().await?;
        run.favorites().await?;
        run.products().await?;
        run.orders().await?;
        run.archive().await?;
        run.carts().await?;
        run.planned().await?;
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
}

impl Run<'_> {
    async fn read<T: DeserializeOwned>(&mut self, kind: Kind) -> Result<Option<Vec<T>>> {
        let all = self.old.count(kind).await?;
        let rows = self.old.next(kind).await?;
        let done = self.compared.there.get(&kind).copied().unwrap_or_default();
        self.watcher.progress(kind, done + rows.len() as u64, all);
        // What is unreadable was told when it was not brought.
        let parsed = rows.iter().filter_map(|row| serde_json::from_value(row.row.clone()).ok()).collect();
        Ok(Some(parsed).filter(|_| !rows.is_empty()))
    }

    /// Counts a row that should be here; `same`: whether it is so.
    fn count(&mut self, kind: Kind, id: &str, same: Option<bool>) -> Result<()> {
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

    async fn accounts(&mut self) -> Result<()> {
        while let Some(people) = self.read::<OldPerson>(Kind::Accounts).await? {
            let mapped: Vec<_> = people
                .iter()
                .filter_map(|old| {
                    let mut told = Told::of(Kind::Accounts, &old.email);
                    let account = people::account(old, self.now, &mut told)?;
                    // Nobody knows any more when that was.
                    let undated = told.findings.iter().any(|finding| finding.reason == finding::CREATION_UNKNOWN);
                    Some((account, undated))
                })
                .collect();
            let emails: Vec<_> = mapped.iter().map(|(account, _)| account.email.clone()).collect();
            let here: HashMap<_, _> =
                self.parts.moved.accounts(&emails).await?.into_iter().map(|account| (account.email.clone(), account)).collect();
            for (mut there, undated) in mapped {
                if let Some(here) = here.get(&there.email).filter(|_| undated) {
                    there.created_at = here.created_at;
                }
                if let Some(profile) = &mut there.profile {
                    profile.preferences.sort_by_key(|(kind, word, _)| (kind.as_str(), *word));
                }
                let same = here.get(&there.email).map(|here| *here == there);
                self.count(Kind::Accounts, there.email.as_str(), same)?;
            }
        }
        Ok(())
    }

    async fn stores(&mut self) -> Result<()> {
        while let Some(sellers) = self.read::<OldSeller>(Kind::Stores).await? {
            let now = self.now;
            for there in sellers.iter().flat_map(|old| stores::stores(old, now)).filter_map(|(store, _)| store) {
                let same = match self.parts.stores.of_seller(&there.owner).await? {
                    Some(here) if here.id == there.id => Some(self.is_same_store(&here, &there).await?),
                    _ => None,
                };
                self.count(Kind::Stores, there.id.as_str(), same)?;
            }
        }
        Ok(())
    }

    async fn is_same_store(&self, here: &Store, there: &ImportedStore) -> Result<bool> {
        let planned = self.parts.hours.reserved(&there.id).await?;
        let week: Vec<_> = here.operation_times.iter().map(|day| day.hours).collect();
        let payment = match (self.parts.stores.payment(&there.id).await?, &there.payment) {
            (Some(here), Some(there)) => here.ids == there.ids && here.secret.expose_secret() == there.secret.expose_secret(),
            (here, there) => here.is_none() && there.is_none(),
        };
        Ok(payment
            && planned.map(|(week, _)| week) == there.planned.as_ref().map(|(week, _)| week.clone())
            && here.name == there.name
            && here.introduction == there.introduction
            && here.phone == there.phone
            && here.created_at == there.created_at
            && here.address == there.address
            && here.sns == there.sns
            && here.images == there.images
            && week == there.week.days())
    }

    async fn favorites(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldFavorites>(Kind::Favorites).await? {
            for old in rows {
                let Some(there) = people::favorites(&old, self.now, &mut Told::of(Kind::Favorites, &old.email)) else { continue };
                let known = self.parts.imports.known(Kind::Favorites, &[there.email.to_string()]).await?;
                let same = known.first().and_then(|known| known.now.as_ref().map(|now| Some(now) == known.ours.as_ref()));
                self.count(Kind::Favorites, there.email.as_str(), same)?;
            }
        }
        Ok(())
    }

    async fn products(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldProduct>(Kind::Products).await? {
            let now = self.now;
            let mapped = rows.iter().filter_map(|old| products::product(old, now, &mut Told::of(Kind::Products, &old.product_id)));
            let mut stores: HashMap<StoreId, HashMap<ProductId, Product>> = HashMap::new();
            for there in mapped {
                if !stores.contains_key(&there.store_id) {
                    let all = self.parts.products.of_store(&there.store_id).await?;
                    stores.insert(there.store_id.clone(), all.into_iter().map(|product| (product.id.clone(), product)).collect());
                }
                let here = stores[&there.store_id].get(&there.id);
                self.compared.left_there += i64::from(there.left);
                self.compared.left_here += here.map_or(0, |here| i64::from(here.stock.left()));
                let same = here.map(|here| {
                    (&here.name, &here.description, here.price, here.sale, here.stock.initial, here.stock.left())
                        == (&there.name, &there.description, there.price, there.sale, there.initial_stock, there.left)
                        && here.nutrition_types == there.nutrition_types
                });
                self.count(Kind::Products, there.id.as_str(), same)?;
            }
        }
        Ok(())
    }

    async fn orders(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldPurchase>(Kind::Orders).await? {
            let mapped = rows.iter().filter_map(|old| purchases::current(old, self.now, &mut Told::of(Kind::Orders, &old.payment_id)));
            self.today.extend(mapped.map(|order| (order.order.payment_id.clone(), order.order)));
        }
        Ok(())
    }

    /// Those of today come after those of the past: one that is in both is compared by its later event.
    async fn archive(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<Vec<OldPurchase>>(Kind::Archive).await? {
            let mut mapped: Vec<_> =
                rows.iter().filter_map(|old| purchases::archived(old, self.now, &mut Told::of(Kind::Archive, ""))).collect();
            mapped.retain(|order| match self.today.get_mut(&order.payment_id) {
                None => true,
                Some(today) if purchases::how_far(today) < purchases::how_far(order) => {
                    take_state(today, order);
                    false
                }
                Some(_) => false,
            });
            self.compare(Kind::Archive, mapped).await?;
        }
        let today: Vec<_> = std::mem::take(&mut self.today).into_values().collect();
        for orders in today.chunks(1_000) {
            self.compare(Kind::Orders, orders.to_vec()).await?;
        }
        Ok(())
    }

    async fn compare(&mut self, kind: Kind, orders: Vec<Order>) -> Result<()> {
        let payments: Vec<_> = orders.iter().map(|order| order.payment_id.clone()).collect();
        let mut here = by_payment(self.parts.archive.find_all(&payments).await?);
        here.extend(by_payment(self.parts.moved.orders(&payments).await?));
        for there in orders {
            let here = here.get(&there.payment_id);
            self.compared.won_there += there.total_amount.0;
            self.add(&there, -1);
            if let Some(here) = here {
                self.compared.won_here += here.total_amount.0;
                self.add(here, 1);
            }
            self.count(kind, there.payment_id.as_str(), here.map(|here| is_same(here, &there)))?;
        }
        Ok(())
    }

    fn add(&mut self, order: &Order, sign: i64) {
        let day = (order.store_id.clone(), order.business_day);
        let sums = self.days.entry(day.clone()).or_default();
        sums.0 += sign;
        sums.1 += sign * order.total_amount.0;
        if *sums == (0, 0) {
            self.days.remove(&day);
        }
    }

    async fn carts(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldPurchase>(Kind::Carts).await? {
            for old in rows {
                let Some(there) = purchases::hold(&old, self.now, &mut Told::of(Kind::Carts, &old.payment_id)) else { continue };
                // Whatever has become of it: the payment is asked about, or is an order.
                let here = match self.parts.holds.find(&there.payment_id).await? {
                    Some(here) => Some(here.total_amount == there.total_amount && here.quantity.get() == there.quantity),
                    None => self.parts.archive.find(&there.payment_id).await?.map(|_| true),
                };
                self.count(Kind::Carts, there.payment_id.as_str(), here)?;
            }
        }
        Ok(())
    }

    /// What waits for the next rollover.
    async fn planned(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldReservation>(Kind::StockReservations).await? {
            for old in rows {
                let Some(product) = ProductId::parse(&old.product_id) else { continue };
                let here = self.parts.reservations.find(&product).await?;
                if let Some(here) = here {
                    self.count(Kind::StockReservations, product.as_str(), Some(i64::from(here.new_stock) == old.new_stock))?;
                }
            }
        }
        while let Some(rows) = self.read::<OldWithdrawal>(Kind::Withdrawals).await? {
            for old in rows {
                let asked = old.customer_email.as_deref().or(old.seller_email.as_deref()).unwrap_or_default();
                let Ok(email) = Email::parse(asked) else { continue };
                // Of nobody, or of somebody who is active, it was left out.
                if self.parts.accounts.find(&email).await?.is_some_and(|found| !found.account.is_active) {
                    let here = self.parts.withdrawals.requested_at(&email).await?;
                    self.count(Kind::Withdrawals, email.as_str(), here.map(|_| true))?;
                }
            }
        }
        Ok(())
    }
}

/// As the import does with an order that is here: what it is stays, how far it has come is the later one's.
fn take_state(order: &mut Order, later: &Order) {
    order.status = later.status;
    order.accepted_at = later.accepted_at;
    order.completed_at = later.completed_at;
    order.canceled_at = later.canceled_at;
    order.cancel_reason.clone_from(&later.cancel_reason);
}
