//! Our books against PortOne's, both ways: what a rule can mend is mended, the rest is reported.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Duration, Utc};

use super::{
    cancel::CancelService,
    model::{
        audit::Actor,
        cancellation::CanceledBy,
        discrepancy::{Compared, Discrepancy, differs, has_money},
        hold::{Hold, HoldState},
        order::OrderStatus,
        payment::{JOB_PATIENCE, Paid, PaymentTruth, matches},
    },
    order_service::OrderService,
    ports::{AuditLog, Books, Holds, Payments},
    refund::RefundService,
    resolve::ResolveService,
};
use crate::{
    shared::{Clock, PaymentId, Result, StoreId},
    stores::ports::Stores,
};

/// Stores read from our books at once.
const STORES: i64 = 500;

/// How old a payment may be whose status still changes: beyond every account's end, and what PortOne's lists go back by default.
const OLDEST: Duration = Duration::days(90);

/// What of PortOne's books is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Payments that were begun in the period.
    Beginning,
    /// Payments, begun whenever, whose money came or went in the period.
    StatusChange,
}

/// Use cases of comparing.
pub struct ReconcileService {
    books: Arc<dyn Books>,
    audit: Arc<dyn AuditLog>,
    holds: Arc<dyn Holds>,
    stores: Arc<dyn Stores>,
    payments: Arc<dyn Payments>,
    resolve: Arc<ResolveService>,
    refunds: Arc<RefundService>,
    cancel: Arc<CancelService>,
    orders: Arc<OrderService>,
    clock: Arc<dyn Clock>,
}

/// What [`ReconcileService`] stands on.
pub struct ReconcileParts {
    /// Our side of the comparison.
    pub books: Arc<dyn Books>,
    /// Where discrepancies are reported.
    pub audit: Arc<dyn AuditLog>,
    /// Read, to know what a payment was for.
    pub holds: Arc<dyn Holds>,
    /// Read for their PortOne accounts.
    pub stores: Arc<dyn Stores>,
    /// Asked for the truth and for lists of payments.
    pub payments: Arc<dyn Payments>,
    /// Resolves what is still open.
    pub resolve: Arc<ResolveService>,
    /// Refunds to go on with or to reopen.
    pub refunds: Arc<RefundService>,
    /// Orders whose money is gone.
    pub cancel: Arc<CancelService>,
    /// Read, to know where an order stands.
    pub orders: Arc<OrderService>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
}

impl ReconcileService {
    /// Builds the use cases on their ports.
    pub fn new(parts: ReconcileParts) -> Self {
        let ReconcileParts { books, audit, holds, stores, payments, resolve, refunds, cancel, orders, clock } = parts;
        Self { books, audit, holds, stores, payments, resolve, refunds, cancel, orders, clock }
    }

    /// One payment, whatever it came to so far: asks PortOne, and makes ours agree.
    ///
    /// # Errors
    /// Unavailable, where PortOne or our database does not answer.
    pub async fn payment(&self, payment: &PaymentId, actor: &Actor) -> Result<()> {
        let Some(hold) = self.holds.find(payment).await? else {
            tracing::warn!(%payment, "PortOne tells of an unknown payment; ignored");
            return Ok(());
        };
        match hold.state {
            HoldState::Held | HoldState::Released(_) => self.resolve.resolve(&hold, actor, JOB_PATIENCE).await.map(|_| ()),
            HoldState::Refunded(_) => self.refunded(&hold, actor).await,
            HoldState::Ordered => match self.orders.find(payment).await?.map(|order| order.status) {
                Some(OrderStatus::Cancel) => self.refunded(&hold, actor).await,
                Some(status) => self.ordered(&hold, status, actor).await,
                None => Ok(()),
            },
        }
    }

    /// Money that should be gone: goes on with the refund, or begins it anew where PortOne still has the money.
    async fn refunded(&self, hold: &Hold, actor: &Actor) -> Result<()> {
        let payment = &hold.payment_id;
        if !self.refunds.expedite(payment).await? {
            let there = matches!(self.resolve.truth(hold, JOB_PATIENCE).await?, PaymentTruth::Paid(Paid { cancel_pending: false, .. }));
            if !there || !self.refunds.reopen(payment, actor).await? {
                return Ok(());
            }
            tracing::error!(%payment, store = %hold.store_id, "PortOne still has money that counted as refunded; it is refunded again");
        }
        self.refunds.attempt(payment, actor).await.map(|_| ())
    }

    /// Money that should be there.
    async fn ordered(&self, hold: &Hold, status: OrderStatus, actor: &Actor) -> Result<()> {
        let discrepancy = match self.resolve.truth(hold, JOB_PATIENCE).await? {
            PaymentTruth::Paid(paid) if matches(hold, &paid) => return Ok(()),
            PaymentTruth::Paid(paid) if paid.cancelled > 0 => Discrepancy::PartlyRefunded,
            PaymentTruth::Paid(_) => Discrepancy::OtherAmount,
            PaymentTruth::Cancelled(_) if status != OrderStatus::Complete => {
                tracing::warn!(payment = %hold.payment_id, store = %hold.store_id, "the payment was canceled at PortOne; its order is canceled too");
                let canceled = self.cancel.without_asking(std::slice::from_ref(&hold.payment_id), CanceledBy::Provider, actor).await?;
                self.refunds.attempt_now(&canceled, actor).await;
                return Ok(());
            }
            PaymentTruth::Unknown
            | PaymentTruth::NotPaid
            | PaymentTruth::Pending { .. }
            | PaymentTruth::Failed
            | PaymentTruth::Cancelled(_) => Discrepancy::OrderWithoutMoney,
        };
        self.report(&hold.store_id, &hold.payment_id, discrepancy, actor).await
    }

    async fn report(&self, store: &StoreId, payment: &PaymentId, discrepancy: Discrepancy, actor: &Actor) -> Result<()> {
        // Said once, not at each comparison.
        if self.audit.report(store, payment, discrepancy, self.clock.now(), actor).await? {
            tracing::error!(%store, %payment, discrepancy = discrepancy.as_str(), "a discrepancy between our books and PortOne's needs a person");
        }
        Ok(())
    }

    /// Compares the payments begun in the last `span`, store by store. A store that cannot be read does not keep others from it.
    ///
    /// # Errors
    /// Unavailable, where our database does not answer.
    pub async fn compare(&self, span: Duration, actor: &Actor) -> Result<Compared> {
        self.compare_by(By::Beginning, span, actor).await
    }

    /// Compares the payments whose money came or went in the last `span`, however long ago they were begun: a deposit of which nobody
    /// told us, when nobody watched the payment any more.
    ///
    /// # Errors
    /// As [`Self::compare`].
    pub async fn compare_changed(&self, span: Duration, actor: &Actor) -> Result<Compared> {
        self.compare_by(By::StatusChange, span, actor).await
    }

    async fn compare_by(&self, by: By, span: Duration, actor: &Actor) -> Result<Compared> {
        let until = self.clock.now();
        let from = until - span;
        let begun_from = if by == By::Beginning { from } else { until - OLDEST };
        let (mut compared, mut after) = (Compared::default(), None);
        loop {
            let stores = self.books.stores(begun_from, until, after.take(), STORES).await?;
            for (store, portone_store) in &stores {
                match self.store(store, portone_store, by, (from, until), actor).await {
                    Ok(differing) => {
                        compared.stores += 1;
                        compared.differing += differing;
                    }
                    Err(error) => {
                        compared.unread += 1;
                        tracing::warn!(%store, %error, "a store was not reconciled; the next run tries again");
                    }
                }
            }
            after = stores.last().cloned();
            if stores.len() < STORES as usize {
                return Ok(compared);
            }
        }
    }

    async fn store(
        &self,
        store: &StoreId,
        portone_store: &str,
        by: By,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        actor: &Actor,
    ) -> Result<usize> {
        let theirs = self.theirs(store, portone_store, by, (from, until)).await?;
        // What PortOne does not list it has not changed.
        let ours = if by == By::Beginning { self.books.of_store(store, from, until).await? } else { Vec::new() };
        let mut ours: BTreeMap<_, _> = ours.into_iter().map(|b| (b.payment_id.clone(), b)).collect();
        ours.retain(|_, booked| booked.portone_store_id == portone_store);
        let ids: BTreeSet<_> = theirs.keys().chain(ours.keys()).cloned().collect();
        let others: Vec<_> = theirs.keys().filter(|id| !ours.contains_key(id)).cloned().collect();
        ours.extend(self.books.find(&others).await?.into_iter().map(|b| (b.payment_id.clone(), b)));
        let mut differing = 0;
        for id in ids {
            let truth = theirs.get(&id);
            match ours.get(&id) {
                None if truth.is_some_and(has_money) => self.report(store, &id, Discrepancy::UnknownPayment, actor).await?,
                Some(booked) if differs(booked, truth) => {
                    self.payment(&booked.payment_id, actor).await?;
                    differing += 1;
                }
                _ => {}
            }
        }
        Ok(differing)
    }

    async fn theirs(
        &self,
        store: &StoreId,
        portone_store: &str,
        by: By,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<BTreeMap<PaymentId, PaymentTruth>> {
        let mut theirs = BTreeMap::new();
        let Some(account) = self.stores.payment(store).await? else { return Ok(theirs) };
        let account = account.of_store(portone_store);
        let mut cursor = None;
        loop {
            let page = match by {
                By::Beginning => self.payments.list(&account, from, until, cursor.take()).await?,
                By::StatusChange => self.payments.list_changed(&account, from, until, cursor.take()).await?,
            };
            // Their merchant may sell elsewhere too: ids that are none of ours are none of our business.
            theirs.extend(page.payments.into_iter().filter_map(|(id, truth)| Some((PaymentId::parse(&id)?, truth))));
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(theirs),
            }
        }
    }
}
