//! Our books against PortOne's, both ways: what a rule can mend is mended, the rest is reported.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Duration, Utc};

use super::{
    cancel::{CancelService, CanceledBy},
    hold::{Hold, HoldState},
    lists::OrderService,
    order::OrderStatus,
    ports::{Booked, Books, Expected, Holds, Paid, PaymentTruth, Payments, Trail},
    refund::RefundService,
    settle::{JOB, SettleService, matches},
    trail::Cause,
};
use crate::{
    shared::{Clock, PaymentId, Result, StoreId},
    stores::ports::Stores,
};

/// A difference that no rule can mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Difference {
    /// PortOne has money under an id like ours that we do not know.
    UnknownPayment,
    /// An order was handed out, and PortOne has no money for it.
    OrderWithoutMoney,
    /// Part of an order's money went back.
    PartlyRefunded,
    /// An order's money is of another amount, currency or store.
    OtherAmount,
}

impl Difference {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownPayment => "unknown_payment",
            Self::OrderWithoutMoney => "order_without_money",
            Self::PartlyRefunded => "partly_refunded",
            Self::OtherAmount => "other_amount",
        }
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Stores of PortOne's that were read.
    pub stores: usize,
    /// Stores of PortOne's that could not be read.
    pub unread: usize,
    /// Payments that differed and were looked at one by one.
    pub differing: usize,
}

/// Stores read from our books at once.
const STORES: i64 = 500;

/// Use cases of comparing.
pub struct ReconcileService {
    books: Arc<dyn Books>,
    trail: Arc<dyn Trail>,
    holds: Arc<dyn Holds>,
    stores: Arc<dyn Stores>,
    payments: Arc<dyn Payments>,
    settle: Arc<SettleService>,
    refunds: Arc<RefundService>,
    cancel: Arc<CancelService>,
    orders: Arc<OrderService>,
    clock: Arc<dyn Clock>,
}

/// What [`ReconcileService`] stands on.
pub struct Wiring {
    /// Our books.
    pub books: Arc<dyn Books>,
    /// Where differences are reported.
    pub trail: Arc<dyn Trail>,
    /// Holds.
    pub holds: Arc<dyn Holds>,
    /// Stores.
    pub stores: Arc<dyn Stores>,
    /// PortOne.
    pub payments: Arc<dyn Payments>,
    /// What is not settled.
    pub settle: Arc<SettleService>,
    /// What goes back.
    pub refunds: Arc<RefundService>,
    /// Orders whose money is gone.
    pub cancel: Arc<CancelService>,
    /// Orders.
    pub orders: Arc<OrderService>,
    /// Clock.
    pub clock: Arc<dyn Clock>,
}

impl ReconcileService {
    /// Wires the service.
    pub fn new(wiring: Wiring) -> Self {
        let Wiring { books, trail, holds, stores, payments, settle, refunds, cancel, orders, clock } = wiring;
        Self { books, trail, holds, stores, payments, settle, refunds, cancel, orders, clock }
    }

    /// One payment, whatever it came to so far: asks PortOne, and makes ours agree.
    ///
    /// # Errors
    /// Unavailable, where PortOne or our database does not answer.
    pub async fn payment(&self, payment: &PaymentId, cause: &Cause) -> Result<()> {
        let Some(hold) = self.holds.find(payment).await? else {
            tracing::warn!(%payment, "PortOne tells of a payment that is not ours");
            return Ok(());
        };
        match hold.state {
            HoldState::Held | HoldState::Released(_) => self.settle.settle(&hold, cause, JOB).await.map(|_| ()),
            HoldState::Refunded(_) => self.refunded(&hold, cause).await,
            HoldState::Ordered => match self.orders.find(payment).await?.map(|order| order.status) {
                Some(OrderStatus::Cancel) => self.refunded(&hold, cause).await,
                Some(status) => self.ordered(&hold, status, cause).await,
                None => Ok(()),
            },
        }
    }

    /// Money that should be gone: goes on with the refund, or begins it anew where PortOne still has the money.
    async fn refunded(&self, hold: &Hold, cause: &Cause) -> Result<()> {
        let payment = &hold.payment_id;
        if !self.refunds.hasten(payment).await? {
            let there = matches!(self.settle.truth(hold, JOB).await?, PaymentTruth::Paid(Paid { cancel_pending: false, .. }));
            if !there || !self.refunds.reopen(payment, cause).await? {
                return Ok(());
            }
            tracing::error!(%payment, store = %hold.store_id, "PortOne still has money that counted as refunded; it is refunded again");
        }
        self.refunds.attempt(payment, cause).await.map(|_| ())
    }

    /// Money that should be there.
    async fn ordered(&self, hold: &Hold, status: OrderStatus, cause: &Cause) -> Result<()> {
        let difference = match self.settle.truth(hold, JOB).await? {
            PaymentTruth::Paid(paid) if matches(hold, &paid) => return Ok(()),
            PaymentTruth::Paid(paid) if paid.cancelled > 0 => Difference::PartlyRefunded,
            PaymentTruth::Paid(_) => Difference::OtherAmount,
            PaymentTruth::Cancelled(_) if status != OrderStatus::Complete => {
                tracing::warn!(payment = %hold.payment_id, store = %hold.store_id, "PortOne's side canceled an order's payment; the order goes with it");
                let canceled = self.cancel.without_asking(std::slice::from_ref(&hold.payment_id), CanceledBy::Provider, cause).await?;
                self.refunds.attempt_now(&canceled, cause).await;
                return Ok(());
            }
            PaymentTruth::Unknown | PaymentTruth::NotPaid | PaymentTruth::Failed | PaymentTruth::Cancelled(_) => {
                Difference::OrderWithoutMoney
            }
        };
        self.report(&hold.store_id, &hold.payment_id, difference, cause).await
    }

    async fn report(&self, store: &StoreId, payment: &PaymentId, difference: Difference, cause: &Cause) -> Result<()> {
        // Said once, not at each comparison.
        if self.trail.report(store, payment, difference, self.clock.now(), cause).await? {
            tracing::error!(%store, %payment, difference = difference.as_str(), "our books and PortOne's differ; somebody has to look");
        }
        Ok(())
    }

    /// Compares the payments begun in the last `span`, store by store. A store that cannot be read does not keep others from it.
    ///
    /// # Errors
    /// Unavailable, where our database does not answer.
    pub async fn compare(&self, span: Duration, cause: &Cause) -> Result<Compared> {
        let until = self.clock.now();
        let from = until - span;
        let (mut compared, mut after) = (Compared::default(), None);
        loop {
            let stores = self.books.stores(from, until, after.take(), STORES).await?;
            for (store, portone_store) in &stores {
                match self.store(store, portone_store, from, until, cause).await {
                    Ok(differing) => {
                        compared.stores += 1;
                        compared.differing += differing;
                    }
                    Err(error) => {
                        compared.unread += 1;
                        tracing::warn!(%store, %error, "a store's books were not compared; the next run tries again");
                    }
                }
            }
            after = stores.last().cloned();
            if stores.len() < STORES as usize {
                return Ok(compared);
            }
        }
    }

    async fn store(&self, store: &StoreId, portone_store: &str, from: DateTime<Utc>, until: DateTime<Utc>, cause: &Cause) -> Result<usize> {
        let theirs = self.theirs(store, portone_store, from, until).await?;
        let mut ours: BTreeMap<_, _> =
            self.books.of_store(store, from, until).await?.into_iter().map(|b| (b.payment_id.clone(), b)).collect();
        ours.retain(|_, booked| booked.portone_store_id == portone_store);
        let ids: BTreeSet<_> = theirs.keys().chain(ours.keys()).cloned().collect();
        let others: Vec<_> = theirs.keys().filter(|id| !ours.contains_key(id)).cloned().collect();
        ours.extend(self.books.find(&others).await?.into_iter().map(|b| (b.payment_id.clone(), b)));
        let mut differing = 0;
        for id in ids {
            let truth = theirs.get(&id);
            match ours.get(&id) {
                None if truth.is_some_and(has_money) => self.report(store, &id, Difference::UnknownPayment, cause).await?,
                Some(booked) if differs(booked, truth) => {
                    self.payment(&booked.payment_id, cause).await?;
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
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<BTreeMap<PaymentId, PaymentTruth>> {
        let mut theirs = BTreeMap::new();
        let Some(account) = self.stores.payment(store).await? else { return Ok(theirs) };
        let account = account.of_store(portone_store);
        let mut cursor = None;
        loop {
            let page = self.payments.list(&account, from, until, cursor.take()).await?;
            // Their merchant may sell elsewhere too: ids that are none of ours are none of our business.
            theirs.extend(page.payments.into_iter().filter_map(|(id, truth)| Some((PaymentId::parse(&id)?, truth))));
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(theirs),
            }
        }
    }
}

fn has_money(truth: &PaymentTruth) -> bool {
    matches!(truth, PaymentTruth::Paid(_))
}

/// Whether somebody has to look at this payment. `None`: PortOne's list does not have it.
fn differs(booked: &Booked, truth: Option<&PaymentTruth>) -> bool {
    match (booked.expected, truth) {
        (Expected::Money(total), Some(PaymentTruth::Paid(paid))) => {
            paid.total != total || paid.cancelled != 0 || paid.currency != "KRW" || paid.store_id != booked.portone_store_id
        }
        (Expected::Money(_), _) => true,
        (Expected::Nothing, truth) => truth.is_some_and(has_money),
        (Expected::Open, Some(PaymentTruth::Paid(_) | PaymentTruth::Cancelled(_))) => true,
        (Expected::Open, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booked(expected: Expected) -> Booked {
        Booked {
            payment_id: PaymentId::trusted("PAY1".into()),
            store_id: StoreId::trusted("STR_1".into()),
            portone_store_id: "s".into(),
            expected,
        }
    }

    fn paid(total: i64, cancelled: i64) -> Option<PaymentTruth> {
        Some(PaymentTruth::Paid(Paid { store_id: "s".into(), currency: "KRW".into(), total, cancelled, cancel_pending: false }))
    }

    #[test]
    fn what_has_to_be_looked_at() {
        let cancelled = Some(PaymentTruth::Cancelled(7_000));
        for (expected, truth, look) in [
            (Expected::Money(7_000), paid(7_000, 0), false),
            (Expected::Money(7_000), paid(7_000, 1), true),
            (Expected::Money(7_000), paid(7_001, 0), true),
            (Expected::Money(7_000), cancelled.clone(), true),
            (Expected::Money(7_000), None, true),
            (Expected::Nothing, cancelled.clone(), false),
            (Expected::Nothing, None, false),
            (Expected::Nothing, paid(7_000, 0), true),
            (Expected::Open, paid(7_000, 0), true),
            (Expected::Open, cancelled, true),
            (Expected::Open, Some(PaymentTruth::NotPaid), false),
            (Expected::Open, None, false),
        ] {
            assert_eq!(differs(&booked(expected), truth.as_ref()), look, "{expected:?} {truth:?}");
        }
        let other_store = Booked { portone_store_id: "t".into(), ..booked(Expected::Money(7_000)) };
        assert!(differs(&other_store, paid(7_000, 0).as_ref()));
    }
}
