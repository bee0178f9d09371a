//! Our books against PortOne's, both ways: what a rule can mend is mended, the rest is reported.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Duration, Utc};
use futures::{StreamExt, stream};

use super::{
    cancel::CancelService,
    model::{
        audit::Actor,
        cancellation::CanceledBy,
        discrepancy::{Compared, Discrepancy, differs, has_money},
        hold::{Hold, HoldState},
        order::OrderStatus,
        payment::{Asker, Paid, PaymentTruth, matches},
    },
    order_service::OrderService,
    past::PastPayments,
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

/// Stores compared at once: one whose PortOne account is slow keeps the others waiting no longer than its share.
const AT_ONCE: usize = 8;

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
    past: Arc<PastPayments>,
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
    /// Brought back, where PortOne tells of them.
    pub past: Arc<PastPayments>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
}

impl ReconcileService {
    /// Builds the use cases on their ports.
    pub fn new(parts: ReconcileParts) -> Self {
        let ReconcileParts { books, audit, holds, stores, payments, resolve, refunds, cancel, orders, past, clock } = parts;
        Self { books, audit, holds, stores, payments, resolve, refunds, cancel, orders, past, clock }
    }

    /// One payment, whatever it came to so far: asks PortOne, and makes ours agree.
    ///
    /// # Errors
    /// Unavailable, where PortOne or our database does not answer.
    pub async fn payment(&self, payment: &PaymentId, actor: &Actor) -> Result<()> {
        let Some(hold) = self.past.find(payment, || self.holds.find(payment)).await? else {
            tracing::warn!(%payment, "PortOne tells of an unknown payment; ignored");
            return Ok(());
        };
        match hold.state {
            HoldState::Held | HoldState::Released(_) => self.resolve.resolve(&hold, actor, Asker::Job).await.map(|_| ()),
            HoldState::Refunded(_) => self.refunded(&hold, actor).await,
            HoldState::Ordered => match self.orders.find(payment).await?.map(|order| order.status) {
                Some(OrderStatus::Cancel) => self.refunded(&hold, actor).await,
                // Picked up, and given back after a dispute.
                Some(OrderStatus::Complete) if self.refunds.reason(payment).await?.is_some() => self.refunded(&hold, actor).await,
                Some(status) => self.ordered(&hold, status, actor).await,
                None => Ok(()),
            },
        }
    }

    /// Money that should be gone: goes on with the refund, or begins it anew where PortOne still has the money.
    async fn refunded(&self, hold: &Hold, actor: &Actor) -> Result<()> {
        let payment = &hold.payment_id;
        if !self.refunds.expedite(payment).await? {
            let there = matches!(self.resolve.truth(hold, Asker::Job).await?, PaymentTruth::Paid(Paid { cancel_pending: false, .. }));
            if !there || !self.refunds.reopen(payment, actor).await? {
                return Ok(());
            }
            tracing::error!(%payment, store = %hold.store_id, "PortOne still has money that counted as refunded; it is refunded again");
        }
        self.refunds.attempt(payment, actor).await.map(|_| ())
    }

    /// Money that should be there.
    async fn ordered(&self, hold: &Hold, status: OrderStatus, actor: &Actor) -> Result<()> {
        let discrepancy = match self.resolve.truth(hold, Asker::Job).await? {
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
            let comparisons = stores.iter().map(|(store, portone_store)| async move {
                let compared = self.store(store, portone_store, by, (from, until), actor).await;
                compared.inspect_err(|error| tracing::warn!(%store, %error, "a store was not reconciled; the next run tries again"))
            });
            let results: Vec<_> = stream::iter(comparisons.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
            for result in results {
                match result {
                    Ok(differing) => {
                        compared.stores += 1;
                        compared.differing += differing;
                    }
                    Err(_) => compared.unread += 1,
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
        let missing: Vec<_> = others.into_iter().filter(|id| !ours.contains_key(id)).collect();
        if self.past.bring_back(&missing).await? > 0 {
            ours.extend(self.books.find(&missing).await?.into_iter().map(|b| (b.payment_id.clone(), b)));
        }
        let mut differing = 0;
        for id in ids {
            let truth = theirs.get(&id);
            match ours.get(&id) {
                None if truth.is_some_and(has_money) => self.report(store, &id, Discrepancy::UnknownPayment, actor).await?,
                Some(booked) if differs(booked, truth) => {
                    tracing::info!(%store, payment = %id, "our books and PortOne's differ on a payment; it is looked at");
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
            self.resolve.turn(&account).await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::{
            model::{
                discrepancy::{Booked, Expected},
                order::Order,
                payment::{JOB_PATIENCE, Page},
                refund::RefundReason,
            },
            testing::{ReconcilePorts as Ports, hold, order, paid, portone},
        },
        shared::{Error, testing::Noon},
        stores::PortOneAccount,
    };

    impl Ports {
        /// The hold in this state, and PortOne's word (`None`: it must not be asked).
        fn of(state: HoldState, truth: Option<PaymentTruth>) -> Self {
            let mut ports = Self::default();
            ports.holds.expect_find().returning(move |_| Ok(Some(hold(state))));
            ports.has_account();
            ports
                .payments
                .expect_get()
                .times(usize::from(truth.is_some()))
                .withf(|account, _, within| account.ids.store_id == "then" && *within == JOB_PATIENCE)
                .return_once(|_, _, _| Ok(truth.unwrap()));
            ports
        }

        fn has_account(&mut self) {
            self.stores.expect_payment().returning(|_| Ok(Some(PortOneAccount { ids: portone(), secret: "x".to_owned().into() })));
        }

        /// The payment's order.
        fn ordered(mut self, order: Option<Order>) -> Self {
            self.orders.expect_find().returning(move |_| Ok(order.clone()));
            self
        }

        /// A refund is tried so often, and found to be another's work.
        fn attempts(mut self, times: usize) -> Self {
            self.refunds.expect_claim().times(times).returning(|_, _, _| Ok(None));
            self
        }

        /// Exactly this is reported of `PAY1`; nothing, where it is `None`.
        fn reports(mut self, discrepancy: Option<Discrepancy>) -> Self {
            self.audit
                .expect_report()
                .times(usize::from(discrepancy.is_some()))
                .withf(move |store, payment, what, now, _| {
                    (store.as_str(), payment.as_str(), Some(*what), *now) == ("STR_1", "PAY1", discrepancy, Noon.now())
                })
                .returning(|_, _, _, _, _| Ok(true));
            self
        }

        /// Looks at `PAY1`.
        async fn look(self) {
            self.service().payment(&PaymentId::parse("PAY1").unwrap(), &Actor::job("test")).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_payment_that_is_none_of_ours_is_left_alone() {
        let mut ports = Ports::default();
        ports.holds.expect_find().returning(|_| Ok(None));
        ports.look().await;
    }

    #[tokio::test]
    async fn an_open_payment_is_resolved() {
        let mut ports = Ports::of(HoldState::Held, Some(PaymentTruth::Failed));
        ports.holds.expect_release().times(1).returning(|_, _, _, _| Ok(true));
        ports.look().await;
    }

    /// A refund that is not done goes on, whatever it is of: a payment that became no order, or a canceled order.
    #[tokio::test]
    async fn a_refund_that_is_not_done_goes_on() {
        let canceled = || Some(order("PAY1", OrderStatus::Cancel));
        for (state, order) in [(HoldState::Refunded(RefundReason::Late), None), (HoldState::Ordered, canceled())] {
            let mut ports = Ports::of(state, None).ordered(order).attempts(1);
            ports.refunds.expect_expedite().times(1).returning(|_, _| Ok(true));
            ports.look().await;
        }
    }

    #[tokio::test]
    async fn a_refund_that_counts_as_done_begins_anew_only_while_portone_has_the_money() {
        let pending = Paid { cancel_pending: true, ..paid() };
        for (truth, reopens) in
            [(PaymentTruth::Paid(paid()), true), (PaymentTruth::Paid(pending), false), (PaymentTruth::Cancelled(7_000), false)]
        {
            for reopened in [true, false] {
                let mut ports = Ports::of(HoldState::Refunded(RefundReason::Late), Some(truth.clone()));
                ports.refunds.expect_expedite().times(1).returning(|_, _| Ok(false));
                ports.refunds.expect_reopen().times(usize::from(reopens)).returning(move |_, _, _| Ok(reopened));
                // Where another run has reopened it in between, that one goes on.
                ports.attempts(usize::from(reopens && reopened)).look().await;
            }
        }
    }

    #[tokio::test]
    async fn what_differs_from_an_order_s_money_is_reported() {
        use Discrepancy as D;
        for (truth, discrepancy) in [
            (PaymentTruth::Paid(paid()), None),
            (PaymentTruth::Paid(Paid { cancelled: 1, ..paid() }), Some(D::PartlyRefunded)),
            (PaymentTruth::Paid(Paid { total: 7_001, ..paid() }), Some(D::OtherAmount)),
            (PaymentTruth::Unknown, Some(D::OrderWithoutMoney)),
            (PaymentTruth::NotPaid, Some(D::OrderWithoutMoney)),
            (PaymentTruth::Failed, Some(D::OrderWithoutMoney)),
            // Handed out: nothing is left to be canceled.
            (PaymentTruth::Cancelled(7_000), Some(D::OrderWithoutMoney)),
        ] {
            let mut ports = Ports::of(HoldState::Ordered, Some(truth)).ordered(Some(order("PAY1", OrderStatus::Complete)));
            ports.refunds.expect_reason().returning(|_| Ok(None));
            ports.reports(discrepancy).look().await;
        }
    }

    #[tokio::test]
    async fn money_that_went_back_after_a_dispute_is_no_discrepancy() {
        let gone = Some(PaymentTruth::Cancelled(7_000));
        let mut ports = Ports::of(HoldState::Ordered, gone).ordered(Some(order("PAY1", OrderStatus::Complete)));
        ports.refunds.expect_reason().returning(|_| Ok(Some(RefundReason::Dispute)));
        ports.refunds.expect_expedite().returning(|_, _| Ok(false));
        ports.look().await;
    }

    #[tokio::test]
    async fn an_open_order_whose_money_portone_gave_back_is_canceled() {
        for status in [OrderStatus::Reservation, OrderStatus::Accept] {
            let mut ports = Ports::of(HoldState::Ordered, Some(PaymentTruth::Cancelled(7_000))).ordered(Some(order("PAY1", status)));
            ports
                .cancellations
                .expect_cancel()
                .times(1)
                .withf(|_, cancellation| cancellation.by == CanceledBy::Provider)
                .returning(|_, _| Ok(Some(order("PAY1", OrderStatus::Cancel))));
            // The books are brought up to date.
            ports.attempts(1).reports(None).look().await;
        }
    }

    #[tokio::test]
    async fn an_order_that_cannot_be_found_waits_for_the_next_look() {
        Ports::of(HoldState::Ordered, None).ordered(None).look().await;
    }

    fn booked(payment: &str, portone_store: &str, expected: Expected) -> Booked {
        let hold = hold(HoldState::Ordered);
        let payment_id = PaymentId::parse(payment).unwrap();
        Booked { payment_id, store_id: hold.store_id, portone_store_id: portone_store.to_owned(), expected }
    }

    fn store(id: &str) -> (StoreId, String) {
        (StoreId::parse(id).unwrap(), "then".to_owned())
    }

    /// A comparison of the last hour.
    async fn compare(ports: Ports) -> Compared {
        ports.service().compare(Duration::hours(1), &Actor::job("test")).await.unwrap()
    }

    /// Our books have one store, with these payments of the span; asked one by one, they know `others` too.
    fn one_store(ports: &mut Ports, ours: Vec<Booked>, others: Vec<Booked>) {
        ports
            .books
            .expect_stores()
            .times(1)
            .withf(|from, until, after, limit| {
                (*from, *until, after.is_none(), *limit) == (Noon.now() - Duration::hours(1), Noon.now(), true, 500)
            })
            .returning(|_, _, _, _| Ok(vec![store("STR_1")]));
        ports.books.expect_of_store().times(1).returning(move |_, _, _| Ok(ours.clone()));
        ports
            .books
            .expect_find()
            .times(1)
            .returning(move |asked| Ok(others.iter().filter(|booked| asked.contains(&booked.payment_id)).cloned().collect()));
        ports.has_account();
    }

    /// PortOne's books in two pages.
    fn theirs(ports: &mut Ports, first: Vec<(&str, PaymentTruth)>, second: Vec<(&str, PaymentTruth)>) {
        let page = |payments: Vec<(&str, PaymentTruth)>, next: Option<&str>| Page {
            payments: payments.into_iter().map(|(id, truth)| (id.to_owned(), truth)).collect(),
            next: next.map(str::to_owned),
        };
        let (first, second) = (page(first, Some("2")), page(second, None));
        ports
            .payments
            .expect_list()
            .times(2)
            .withf(|account, from, until, _| {
                account.ids.store_id == "then" && (*from, *until) == (Noon.now() - Duration::hours(1), Noon.now())
            })
            .returning(move |_, _, _, cursor| Ok(if cursor.as_deref() == Some("2") { second.clone() } else { first.clone() }));
    }

    #[tokio::test]
    async fn what_agrees_is_not_looked_at() {
        let mut ports = Ports::default();
        one_store(&mut ports, vec![booked("PAY1", "then", Expected::Money(7_000)), booked("PAY2", "then", Expected::Nothing)], Vec::new());
        theirs(&mut ports, vec![("PAY1", PaymentTruth::Paid(paid()))], vec![("PAY2", PaymentTruth::Cancelled(7_000))]);
        assert_eq!(compare(ports.reports(None)).await, Compared { stores: 1, unread: 0, differing: 0 });
    }

    #[tokio::test]
    async fn what_differs_is_looked_at_one_by_one() {
        // The second was begun before the span: asked for by its id. Of another store of PortOne's the books are another comparison's.
        let (ours, older) = (booked("PAY1", "then", Expected::Open), booked("PAY2", "then", Expected::Nothing));
        let elsewhere = booked("PAY3", "now", Expected::Money(7_000));
        let mut ports = Ports::default();
        one_store(&mut ports, vec![ours, elsewhere], vec![older]);
        theirs(&mut ports, vec![("PAY1", PaymentTruth::Paid(paid()))], vec![("PAY2", PaymentTruth::Paid(paid()))]);
        ports
            .holds
            .expect_find()
            .times(2)
            .withf(|payment| payment.as_str() != "PAY3")
            .returning(|_| Ok(Some(hold(HoldState::Refunded(RefundReason::Late)))));
        ports.refunds.expect_expedite().times(2).returning(|_, _| Ok(true));
        assert_eq!(compare(ports.attempts(2)).await, Compared { stores: 1, unread: 0, differing: 2 });
    }

    #[tokio::test]
    async fn money_under_an_id_like_ours_is_reported_and_ids_of_others_are_not() {
        let mut ports = Ports::default();
        one_store(&mut ports, Vec::new(), Vec::new());
        let money = || PaymentTruth::Paid(paid());
        theirs(&mut ports, vec![("PAY1", money()), ("theirs-1", money())], vec![("PAY2", PaymentTruth::NotPaid)]);
        let compared = compare(ports.reports(Some(Discrepancy::UnknownPayment))).await;
        assert_eq!(compared, Compared { stores: 1, unread: 0, differing: 0 });
    }

    #[tokio::test]
    async fn an_order_without_an_account_of_its_store_is_looked_at() {
        let mut ports = Ports::default();
        ports.books.expect_stores().returning(|_, _, _, _| Ok(vec![store("STR_1")]));
        ports.books.expect_of_store().returning(|_, _, _| Ok(vec![booked("PAY1", "then", Expected::Money(7_000))]));
        ports.books.expect_find().returning(|_| Ok(Vec::new()));
        ports.stores.expect_payment().returning(|_| Ok(None));
        ports.holds.expect_find().times(1).returning(|_| Ok(None));
        assert_eq!(compare(ports).await, Compared { stores: 1, unread: 0, differing: 1 });
    }

    #[tokio::test]
    async fn a_store_that_cannot_be_read_keeps_no_other_from_it() {
        let mut ports = Ports::default();
        // A full page is followed by another, from its last store on.
        ports.books.expect_stores().times(2).returning(|_, _, after, _| {
            Ok(match after {
                None => (0..500).map(|n| store(&format!("STR_{n}"))).collect(),
                Some(last) => {
                    assert_eq!(last, store("STR_499"));
                    vec![store("STR_500")]
                }
            })
        });
        ports.books.expect_of_store().times(500).returning(|_, _, _| Ok(Vec::new()));
        ports.books.expect_find().returning(|_| Ok(Vec::new()));
        ports.stores.expect_payment().times(501).returning(|store| match store.as_str() {
            "STR_7" => Err(Error::unavailable("postgres", "x")),
            _ => Ok(None),
        });
        assert_eq!(compare(ports).await, Compared { stores: 500, unread: 1, differing: 0 });
    }
}
