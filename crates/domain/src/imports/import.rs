//! Bringing the old service's rows over: read, mended, told, written, kind by kind and batch by batch.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::{
    model::{
        finding::{self, Finding, Kind, Reason, Summary, Told},
        memory::{Brought, Step},
        old::{OldFavorites, OldPerson, OldProduct, OldPurchase, OldReservation, OldSeller, OldWithdrawal},
        people, products,
        purchases::{self, ImportedOrder},
        stores,
    },
    ports::{Imports, Moved, OldRow, OldService, Watcher},
};
use crate::{
    orders::{
        Order,
        ports::{Holds, OrderArchive, PaymentArchive},
    },
    products::{
        Stock, StockReservation,
        ports::{Products, StockReservations},
    },
    shared::{Clock, Email, PaymentId, ProductId, Result},
    stores::ports::Stores,
    users::ports::{Accounts, Withdrawals},
};

/// The ports of moving in.
#[derive(Clone)]
#[allow(missing_docs, reason = "the names are the ports'")]
pub struct ImportParts {
    pub imports: Arc<dyn Imports>,
    pub moved: Arc<dyn Moved>,
    pub accounts: Arc<dyn Accounts>,
    pub stores: Arc<dyn Stores>,
    pub products: Arc<dyn Products>,
    pub holds: Arc<dyn Holds>,
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

/// Use case of bringing over.
pub struct ImportService {
    parts: ImportParts,
}

impl ImportService {
    /// Builds the use case on its ports.
    pub fn new(parts: ImportParts) -> Self {
        Self { parts }
    }

    /// Brings everything over. Stopped anywhere and begun again it comes to the same; what was brought before is left, or brought up to date.
    ///
    /// # Errors
    /// Unavailable, where one of the databases does not answer: what was written until then stays.
    pub async fn import(&self, old: &mut dyn OldService, watcher: &mut dyn Watcher, mode: Mode) -> Result<Summary> {
        let begun = self.parts.clock.now();
        let mut run = Run { parts: &self.parts, old, watcher, mode, begun, summary: Summary::default(), seen: Seen::default() };
        for kind in Kind::ALL {
            match kind {
                Kind::Accounts => run.accounts().await?,
                Kind::Stores => run.stores().await?,
                Kind::Favorites => run.favorites().await?,
                Kind::Products => run.products().await?,
                Kind::Orders => run.orders().await?,
                Kind::Archive => run.archive().await?,
                Kind::Carts => run.carts().await?,
                Kind::StockReservations => run.stock_reservations().await?,
                Kind::Withdrawals => run.withdrawals().await?,
            }
        }
        run.gone().await?;
        Ok(run.summary)
    }
}

/// What a kind leaves for later ones: of one day, or a few bytes for each.
#[derive(Default)]
struct Seen {
    /// Accounts that are not active.
    inactive: BTreeMap<Email, bool>,
    products: HashSet<ProductId>,
    /// Orders that the nightly move has not reached, and the latest event of each.
    orders: HashMap<PaymentId, DateTime<Utc>>,
}

struct Run<'a> {
    parts: &'a ImportParts,
    old: &'a mut dyn OldService,
    watcher: &'a mut dyn Watcher,
    mode: Mode,
    begun: DateTime<Utc>,
    summary: Summary,
    seen: Seen,
}

/// An old row, read.
struct Row<T> {
    key: String,
    fingerprint: String,
    row: T,
}

impl Run<'_> {
    /// The next rows of a kind. `None`: there are no more.
    async fn read<T: DeserializeOwned>(&mut self, kind: Kind) -> Result<Option<Vec<Row<T>>>> {
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
            match serde_json::from_value(row) {
                Ok(row) => parsed.push(Row { key, fingerprint, row }),
                Err(error) => self.tell_of(kind, &key, finding::UNREADABLE, Some(error.to_string()))?,
            }
        }
        Ok(Some(parsed))
    }

    fn told(&mut self, told: Told) -> Result<()> {
        told.findings.into_iter().try_for_each(|finding| self.tell(&finding))
    }

    fn tell_of(&mut self, kind: Kind, id: &str, reason: Reason, value: Option<String>) -> Result<()> {
        self.tell(&Finding { kind, id: id.to_owned(), reason, value })
    }

    fn tell(&mut self, finding: &Finding) -> Result<()> {
        *self.summary.told.entry((finding.kind, finding.reason)).or_default() += 1;
        self.watcher.tell(finding)
    }

    fn writes(&self) -> bool {
        self.mode == Mode::Write
    }

    fn brought(&mut self, kind: Kind, rows: usize) {
        *self.summary.brought.entry(kind).or_default() += rows as u64;
    }

    /// Those of these rows that are to be written; of the others it is told why not.
    async fn sorted_out<T>(&mut self, kind: Kind, batch: Vec<Brought<T>>, key: impl Fn(&T) -> String) -> Result<Vec<Brought<T>>> {
        let keys: Vec<_> = batch.iter().map(|brought| key(&brought.row)).collect();
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

    async fn accounts(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldPerson>(Kind::Accounts).await? {
            let mut batch = Vec::new();
            for Row { key, fingerprint, row } in rows {
                let mut told = Told::of(Kind::Accounts, &key);
                if let Some(account) = people::account(&row, self.begun, &mut told) {
                    if !account.is_active {
                        self.seen.inactive.insert(account.email.clone(), false);
                    }
                    batch.push(Brought { row: account, old: fingerprint });
                }
                self.told(told)?;
            }
            let bring = self.sorted_out(Kind::Accounts, batch, |account| account.email.to_string()).await?;
            if self.writes() {
                self.parts.imports.bring_accounts(&bring, self.begun).await?;
            }
        }
        Ok(())
    }

    async fn stores(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldSeller>(Kind::Stores).await? {
            let mut batch = Vec::new();
            for Row { fingerprint, row, .. } in rows {
                for (store, told) in stores::stores(&row, self.begun) {
                    batch.extend(store.map(|store| Brought { row: store, old: fingerprint.clone() }));
                    self.told(told)?;
                }
            }
            let bring = self.sorted_out(Kind::Stores, batch, |store| store.id.to_string()).await?;
            if self.writes() {
                self.parts.imports.bring_stores(&bring, self.begun).await?;
            }
        }
        Ok(())
    }

    async fn favorites(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldFavorites>(Kind::Favorites).await? {
            let mut batch = Vec::new();
            for Row { key, fingerprint, row } in rows {
                let mut told = Told::of(Kind::Favorites, &key);
                let favorites = people::favorites(&row, self.begun, &mut told);
                batch.extend(favorites.map(|row| Brought { row, old: fingerprint }));
                self.told(told)?;
            }
            let bring = self.sorted_out(Kind::Favorites, batch, |favorites| favorites.email.to_string()).await?;
            if self.writes() {
                self.parts.imports.bring_favorites(&bring, self.begun).await?;
            }
        }
        Ok(())
    }

    async fn products(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldProduct>(Kind::Products).await? {
            let mut batch = Vec::new();
            for Row { key, fingerprint, row } in rows {
                let mut told = Told::of(Kind::Products, &key);
                if let Some(product) = products::product(&row, self.begun, &mut told) {
                    self.seen.products.insert(product.id.clone());
                    batch.push(Brought { row: product, old: fingerprint });
                }
                self.told(told)?;
            }
            let bring = self.sorted_out(Kind::Products, batch, |product| product.id.to_string()).await?;
            if self.writes() {
                for product in self.parts.imports.bring_products(&bring, self.begun).await? {
                    self.tell_of(Kind::Products, product.as_str(), finding::STORE_GONE, None)?;
                }
            }
        }
        Ok(())
    }

    async fn orders(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldPurchase>(Kind::Orders).await? {
            let mut batch = Vec::new();
            for Row { key, row, .. } in rows {
                let mut told = Told::of(Kind::Orders, &key);
                if let Some(order) = purchases::current(&row, self.begun, &mut told) {
                    self.seen.orders.insert(order.order.payment_id.clone(), order.order.latest_event());
                    batch.push(order);
                }
                self.told(told)?;
            }
            let payments: Vec<_> = batch.iter().map(|order| order.order.payment_id.clone()).collect();
            // A rollover of ours has archived what is there: that is where its day ended.
            let archived = by_payment(self.parts.archive.find_all(&payments).await?);
            batch.retain(|order| !archived.contains_key(&order.order.payment_id));
            self.bring_orders(Kind::Orders, batch).await?;
        }
        Ok(())
    }

    /// Writes those of these orders that are not here, or have gone on there.
    async fn bring_orders(&mut self, kind: Kind, mut orders: Vec<ImportedOrder>) -> Result<()> {
        let payments: Vec<_> = orders.iter().map(|order| order.order.payment_id.clone()).collect();
        let here = by_payment(self.parts.moved.orders(&payments).await?);
        let mut gone_on = Vec::new();
        orders.retain(|ImportedOrder { order, .. }| match here.get(&order.payment_id) {
            None => true,
            Some(here) if is_same(here, order) => false,
            Some(here) if here.latest_event() < order.latest_event() => true,
            Some(_) => {
                gone_on.push(order.payment_id.clone());
                false
            }
        });
        for payment in gone_on {
            self.tell_of(kind, payment.as_str(), finding::GONE_ON_HERE, None)?;
        }
        self.brought(kind, orders.len());
        if self.writes() {
            self.parts.imports.bring_orders(&orders, self.begun).await?;
        }
        Ok(())
    }

    async fn archive(&mut self) -> Result<()> {
        let portone: HashMap<_, _> = self.parts.moved.portone_stores().await?.into_iter().collect();
        while let Some(rows) = self.read::<Vec<OldPurchase>>(Kind::Archive).await? {
            let (mut today, mut past) = (Vec::new(), Vec::new());
            for Row { key, row, .. } in rows {
                let mut told = Told::of(Kind::Archive, &key);
                let order = purchases::archived(&row, self.begun, &mut told);
                if let Some(order) = order {
                    let portone_store_id = portone.get(&order.store_id).cloned().unwrap_or_default();
                    let order = ImportedOrder { order, portone_store_id };
                    match self.seen.orders.get(&order.order.payment_id) {
                        None => past.push(order),
                        Some(latest) => {
                            told.tell(finding::TODAY_AND_ARCHIVE);
                            if *latest < order.order.latest_event() {
                                today.push(order);
                            }
                        }
                    }
                }
                self.told(told)?;
            }
            // What an earlier run has brought as today's goes on where it is: our own rollover archives it.
            let payments: Vec<_> = past.iter().map(|order| order.order.payment_id.clone()).collect();
            let here = by_payment(self.parts.moved.orders(&payments).await?);
            let (brought, past): (Vec<_>, Vec<_>) = past.into_iter().partition(|order| here.contains_key(&order.order.payment_id));
            today.extend(brought);
            self.bring_orders(Kind::Archive, today).await?;
            self.bring_archive(past).await?;
        }
        Ok(())
    }

    /// Writes those that are not there. The records go first: an order that is there has them.
    async fn bring_archive(&mut self, mut orders: Vec<ImportedOrder>) -> Result<()> {
        let payments: Vec<_> = orders.iter().map(|order| order.order.payment_id.clone()).collect();
        let here = by_payment(self.parts.archive.find_all(&payments).await?);
        for ImportedOrder { order, .. } in &orders {
            if here.get(&order.payment_id).is_some_and(|here| !is_same(here, order)) {
                self.tell_of(Kind::Archive, order.payment_id.as_str(), finding::ARCHIVE_DIFFERS, None)?;
            }
        }
        orders.retain(|order| !here.contains_key(&order.order.payment_id));
        self.brought(Kind::Archive, orders.len());
        if self.writes() && !orders.is_empty() {
            let records: Result<Vec<_>> = orders.iter().map(ImportedOrder::records).collect();
            self.parts.past.put(&records?).await?;
            let orders: Vec<_> = orders.into_iter().map(|order| order.order).collect();
            self.parts.archive.put(&orders).await?;
        }
        Ok(())
    }

    async fn carts(&mut self) -> Result<()> {
        while let Some(rows) = self.read::<OldPurchase>(Kind::Carts).await? {
            let mut batch = Vec::new();
            for Row { key, row, .. } in rows {
                let mut told = Told::of(Kind::Carts, &key);
                match purchases::hold(&row, self.begun, &mut told) {
                    Some(hold) => batch.push((hold, told)),
                    None => self.told(told)?,
                }
            }
            let payments: Vec<_> = batch.iter().map(|(hold, _)| hold.payment_id.clone()).collect();
            let archived = by_payment(self.parts.archive.find_all(&payments).await?);
            let mut holds = Vec::new();
            for (hold, told) in batch {
                if self.seen.orders.contains_key(&hold.payment_id) || archived.contains_key(&hold.payment_id) {
                    self.tell_of(Kind::Carts, hold.payment_id.as_str(), finding::CART_IS_ORDER, None)?;
                } else {
                    self.told(told)?;
                    holds.push(hold);
                }
            }
            let written = if self.writes() { self.parts.imports.bring_holds(&holds, self.begun).await? } else { holds.len() as u64 };
            *self.summary.brought.entry(Kind::Carts).or_default() += written;
        }
        Ok(())
    }

    async fn stock_reservations(&mut self) -> Result<()> {
        const KIND: Kind = Kind::StockReservations;
        while let Some(rows) = self.read::<OldReservation>(KIND).await? {
            let mut seen = Vec::new();
            for Row { key, row, .. } in rows {
                let product = ProductId::parse(&row.product_id).filter(|product| self.seen.products.contains(product));
                let Some(product) = product else {
                    self.tell_of(KIND, &key, finding::RESERVED_FOR_NOTHING, Some(row.new_stock.to_string()))?;
                    continue;
                };
                let Ok(new_stock) = Stock::initial(row.new_stock) else {
                    self.tell_of(KIND, &key, finding::STOCK_WRONG, Some(row.new_stock.to_string()))?;
                    continue;
                };
                seen.push(key);
                let reserved_at = row.reserved_at.or(row.created_at).unwrap_or(self.begun);
                self.reserve(&product, StockReservation { new_stock, reserved_at }).await?;
            }
            if self.writes() {
                self.parts.imports.saw(KIND, &seen, self.begun).await?;
            }
        }
        if self.writes() {
            // It took effect there, or was taken back.
            let gone = self.parts.moved.unseen(KIND, self.begun).await?;
            for product in gone.iter().filter_map(|key| ProductId::parse(key)) {
                self.parts.reservations.cancel(&product).await?;
            }
            self.parts.imports.forget(KIND, &gone).await?;
        }
        Ok(())
    }

    async fn reserve(&mut self, product: &ProductId, reservation: StockReservation) -> Result<()> {
        match self.parts.reservations.find(product).await? {
            Some(here) if here == reservation => {}
            Some(here) if here.reserved_at > reservation.reserved_at => {
                self.tell_of(Kind::StockReservations, product.as_str(), finding::CHANGED_HERE, None)?;
            }
            _ => {
                self.brought(Kind::StockReservations, 1);
                if self.writes() {
                    self.parts.reservations.reserve(product, &reservation).await?;
                }
            }
        }
        Ok(())
    }

    async fn withdrawals(&mut self) -> Result<()> {
        const KIND: Kind = Kind::Withdrawals;
        while let Some(rows) = self.read::<OldWithdrawal>(KIND).await? {
            let mut seen = Vec::new();
            for Row { key, row, .. } in rows {
                let asked = row.customer_email.as_deref().or(row.seller_email.as_deref()).unwrap_or_default();
                let email = Email::parse(asked).ok();
                let Some(email) = email.filter(|email| self.seen.inactive.contains_key(email)) else {
                    self.tell_of(KIND, &key, finding::WITHDRAWAL_OF_NOBODY, None)?;
                    continue;
                };
                self.seen.inactive.insert(email.clone(), true);
                seen.push(email.to_string());
                self.withdraw(&email, row.withdrawn_at.or(row.created_at).unwrap_or(self.begun)).await?;
            }
            if self.writes() {
                self.parts.imports.saw(KIND, &seen, self.begun).await?;
            }
        }
        let without: Vec<_> = self.seen.inactive.iter().filter(|(_, asked)| !**asked).map(|(email, _)| email.clone()).collect();
        for email in without {
            self.tell_of(KIND, email.as_str(), finding::INACTIVE_WITHOUT_REQUEST, None)?;
        }
        if self.writes() {
            self.take_withdrawals_back().await?;
        }
        Ok(())
    }

    async fn withdraw(&mut self, email: &Email, at: DateTime<Utc>) -> Result<()> {
        let asked = self.parts.withdrawals.requested_at(email).await?.is_some();
        self.brought(Kind::Withdrawals, usize::from(!asked));
        if !self.writes() || asked {
            return Ok(());
        }
        // Where it is not here it was deleted, which was asked for.
        if let Some(found) = self.parts.accounts.find(email).await?.filter(|found| !found.account.is_active) {
            self.parts.withdrawals.request(email, found.account.role, found.account.created_at, at).await?;
        }
        Ok(())
    }

    /// Who has taken the request back there is active again. One whose account is gone there is still to be deleted here.
    async fn take_withdrawals_back(&mut self) -> Result<()> {
        let gone = self.parts.moved.unseen(Kind::Withdrawals, self.begun).await?;
        for email in gone.iter().map(|email| Email::trusted(email.clone())) {
            if self.parts.accounts.find(&email).await?.is_some_and(|found| found.account.is_active) {
                self.parts.withdrawals.cancel(&email).await?;
            }
        }
        self.parts.imports.forget(Kind::Withdrawals, &gone).await
    }

    /// Tells what was there once and is not any more.
    async fn gone(&mut self) -> Result<()> {
        if self.writes() {
            for kind in [Kind::Accounts, Kind::Stores, Kind::Products] {
                for key in self.parts.moved.unseen(kind, self.begun).await? {
                    self.tell_of(kind, &key, finding::GONE_THERE, None)?;
                }
            }
        }
        Ok(())
    }
}

pub(super) fn by_payment(orders: Vec<Order>) -> HashMap<PaymentId, Order> {
    orders.into_iter().map(|order| (order.payment_id.clone(), order)).collect()
}

/// Whether it is the same order, whoever bought it: an account that was deleted here leaves a pseudonym.
pub(super) fn is_same(here: &Order, there: &Order) -> bool {
    let there = Order {
        customer: here.customer.clone(),
        customer_nickname: here.customer_nickname.clone(),
        customer_phone_number: here.customer_phone_number.clone(),
        ..there.clone()
    };
    *here == there
}
