//! Cancelling an order: one path for the customer, the store and a store that closes for today.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    model::{
        audit::Actor,
        cancellation::{CancelCommand, Canceled, CanceledBy, Cancellation},
        order::{Order, OrderStatus},
    },
    order_service::OrderService,
    past::PastPayments,
    ports::Cancellations,
    refund::RefundService,
};
use crate::{
    shared::{Clock, Email, Error, ErrorKind, PaymentId, Result, kst},
    stores::StoreService,
};

/// Orders canceled between two looks for more.
const BATCH: i64 = 200;

/// How far a sweep of cancellations has come, page by page.
#[derive(Default)]
struct Swept {
    number: usize,
    last: Option<PaymentId>,
    failure: Option<Error>,
}

impl Swept {
    fn end(self) -> Result<usize> {
        self.failure.map_or(Ok(self.number), Err)
    }
}

/// Use cases of cancelling orders.
pub struct CancelService {
    cancellations: Arc<dyn Cancellations>,
    lists: Arc<OrderService>,
    stores: Arc<StoreService>,
    refunds: Arc<RefundService>,
    past: Arc<PastPayments>,
    clock: Arc<dyn Clock>,
}

impl CancelService {
    /// Builds the use cases on their ports.
    pub fn new(
        cancellations: Arc<dyn Cancellations>,
        lists: Arc<OrderService>,
        stores: Arc<StoreService>,
        refunds: Arc<RefundService>,
        past: Arc<PastPayments>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { cancellations, lists, stores, refunds, past, clock }
    }

    /// The customer cancels it. Once more the same: what they have canceled is canceled, and the answer may have been lost.
    ///
    /// # Errors
    /// - `order_not_found`: there is no such order, or it is somebody else's.
    /// - `order_canceled`: somebody else has canceled it.
    /// - `order_accepted`: the store has accepted it already.
    /// - `order_complete`: it is picked up already.
    pub async fn by_customer(&self, customer: &Email, payment: &PaymentId, command: CancelCommand<'_>) -> Result<Canceled> {
        let order = self.lists.of_customer(customer, payment).await?;
        self.one(order, CanceledBy::Customer, command).await
    }

    /// The store cancels it. Once more the same: what it has canceled is canceled, and the answer may have been lost.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `order_not_found`: there is no such order, or it is somebody else's.
    /// - `order_canceled`: somebody else has canceled it, or the store's closing.
    /// - `order_complete`: it is picked up already.
    pub async fn by_store(&self, seller: &Email, payment: &PaymentId, command: CancelCommand<'_>) -> Result<Canceled> {
        let order = self.lists.of_store(seller, payment).await?;
        self.one(order, CanceledBy::Store, command).await
    }

    /// Somebody who runs the service cancels it. Once more the same: it is canceled, and the answer may have been lost.
    ///
    /// # Errors
    /// - `order_not_found`: there is no such order.
    /// - `order_canceled`: somebody else has canceled it.
    /// - `order_complete`: it is picked up already.
    pub async fn by_operator(&self, payment: &PaymentId, command: CancelCommand<'_>) -> Result<Canceled> {
        let order = self.lists.again(payment).await?;
        self.one(order, CanceledBy::Operator, command).await
    }

    async fn one(&self, order: Order, by: CanceledBy, CancelCommand { reason, actor }: CancelCommand<'_>) -> Result<Canceled> {
        if self.is_canceled(&order, by).await? {
            let refunded = self.refunds.finish_now(&order.payment_id, actor).await?;
            return Ok(Canceled { order, refunded });
        }
        if !by.from_states().contains(&order.status) {
            return Err(by.refusal(order.status).into());
        }
        let Some(order) = self.cancellations.cancel(&order.payment_id, &self.cancellation(by, reason, actor)).await? else {
            // Somebody was faster between the read and the write, perhaps the same call, sent twice.
            let order = self.lists.again(&order.payment_id).await?;
            if self.is_canceled(&order, by).await? {
                let refunded = self.refunds.finish_now(&order.payment_id, actor).await?;
                return Ok(Canceled { order, refunded });
            }
            return Err(by.refusal(order.status).into());
        };
        let refunded = self.refunds.attempt_now(std::slice::from_ref(&order.payment_id), actor).await == 1;
        Ok(Canceled { order, refunded })
    }

    /// Whether it was canceled, and by the same side.
    async fn is_canceled(&self, order: &Order, by: CanceledBy) -> Result<bool> {
        if order.status != OrderStatus::Cancel {
            return Ok(false);
        }
        let payment = &order.payment_id;
        Ok(self.past.find(payment, || self.refunds.reason(payment)).await? == Some(by.refund_reason()))
    }

    /// Cancels these by the clock or by PortOne's word, as far as they are still open; gives those that were.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn without_asking(&self, payments: &[PaymentId], by: CanceledBy, actor: &Actor) -> Result<Vec<PaymentId>> {
        let cancellation = self.cancellation(by, Some(by.refund_reason().text().to_owned()), actor);
        let mut canceled = Vec::new();
        for payment in payments {
            canceled.extend(self.cancellations.cancel(payment, &cancellation).await?.map(|order| order.payment_id));
        }
        Ok(canceled)
    }

    /// Cancels the orders that no store accepted before its pickup ended; gives their number.
    ///
    /// # Errors
    /// Unavailable; what kept one of them from being canceled, after all others were.
    pub async fn pickup_over(&self, actor: &Actor) -> Result<usize> {
        let (now, mut swept) = (self.clock.now(), Swept::default());
        loop {
            let open = self.cancellations.pickup_over(now, swept.last.as_ref(), BATCH).await?;
            if open.is_empty() {
                return swept.end();
            }
            self.sweep(open, CanceledBy::PickupOver, actor, &mut swept).await?;
        }
    }

    /// Cancels the open orders of business days that ended at or before `due_at`; gives their number.
    ///
    /// # Errors
    /// As [`Self::pickup_over`].
    pub async fn day_over(&self, due_at: DateTime<Utc>, actor: &Actor) -> Result<usize> {
        let (today, mut swept) = (kst::business_day(due_at), Swept::default());
        loop {
            let open = self.cancellations.left_over(today, swept.last.as_ref(), BATCH).await?;
            if open.is_empty() {
                return swept.end();
            }
            self.sweep(open, CanceledBy::DayOver, actor, &mut swept).await?;
        }
    }

    /// An order that cannot be canceled must not keep the others' money.
    async fn sweep(&self, open: Vec<PaymentId>, by: CanceledBy, actor: &Actor, swept: &mut Swept) -> Result<()> {
        for payment in open {
            match self.without_asking(std::slice::from_ref(&payment), by, actor).await {
                Ok(canceled) => swept.number += canceled.len(),
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                Err(error) => {
                    tracing::error!(%payment, %error, "an order cannot be canceled; the others are");
                    swept.failure = Some(error);
                }
            }
            swept.last = Some(payment);
        }
        Ok(())
    }

    /// Closes the store for the business day and cancels its open orders of that day; gives their number.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn close_store(&self, seller: &Email, actor: &Actor) -> Result<usize> {
        let store = self.stores.store_id(seller).await?;
        let by = CanceledBy::Closing;
        let cancellation = self.cancellation(by, Some(by.refund_reason().text().to_owned()), actor);
        let orders = self.cancellations.close_store(&store, &cancellation).await?;
        let payments: Vec<_> = orders.into_iter().map(|o| o.payment_id).collect();
        self.refunds.attempt_now(&payments, actor).await;
        Ok(payments.len())
    }

    fn cancellation(&self, by: CanceledBy, reason: Option<String>, actor: &Actor) -> Cancellation {
        let at = self.clock.now();
        Cancellation { by, reason, today: kst::business_day(at), at, actor: actor.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::{
            error,
            model::{
                payment::CancelAnswer,
                refund::{Refund, RefundReason, RefundState},
            },
            ports::{MockCancellations, MockOrderArchive, MockOrders, MockPayments, MockRefunds},
            testing::{nothing_past, order, order_service, store_service},
        },
        shared::testing::{Counter, Never, Noon, email},
        stores::{
            PortOneAccount, PortOneIds,
            ports::{MockStoreImages, MockStores},
        },
    };

    /// The use case over an order as it is read first and, after a lost race, again. PortOne's answer to a refund, if one is asked. What is
    /// canceled was canceled by the store, PAY9 by the customer, with its money back.
    fn service(reads: Vec<Order>, cancellations: MockCancellations, answer: Option<CancelAnswer>) -> CancelService {
        let mut orders = MockOrders::new();
        let mut reads = reads.into_iter();
        orders.expect_find().returning(move |_| Ok(reads.next()));
        let (mut stores, mut refunds, mut payments) = (MockStores::new(), MockRefunds::new(), MockPayments::new());
        refunds.expect_reason().returning(|payment| {
            let own = payment.as_str() == "PAY9";
            Ok(Some(if own { RefundReason::CanceledByCustomer } else { RefundReason::CanceledByStore }))
        });
        refunds.expect_expedite().returning(|_, _| Ok(false));
        if let Some(answer) = answer {
            refunds.expect_claim().times(1).returning(|payment, _, _| {
                Ok(Some(Refund {
                    payment_id: payment.clone(),
                    store_id: order("PAY1", OrderStatus::Cancel).store_id,
                    portone_store_id: "then".into(),
                    reason: RefundReason::CanceledByCustomer,
                    attempts: 1,
                    key_generation: 1,
                    look_first: false,
                }))
            });
            let succeeded = matches!(answer, CancelAnswer::Succeeded(_));
            let state = if succeeded { RefundState::Succeeded } else { RefundState::Failed };
            refunds.expect_record().times(1).withf(move |_, attempt, _, _| attempt.state == state).returning(|_, _, _, _| Ok(()));
            stores.expect_payment().returning(|_| {
                let ids = PortOneIds { store_id: "s".into(), channel_id: "c".into() };
                Ok(Some(PortOneAccount { ids, secret: secrecy::SecretString::from("x") }))
            });
            // Of the store at the time of the payment, whatever the seller has named since.
            payments.expect_cancel().times(1).withf(|account, _, _, _| account.ids.store_id == "then").return_once(|_, _, _, _| answer);
        }
        let (stores, clock): (Arc<MockStores>, Arc<dyn Clock>) = (Arc::new(stores), Arc::new(Noon));
        let store_service = Arc::new(StoreService::new(stores.clone(), clock.clone(), Arc::new(Counter::default())));
        let lists = OrderService::new(
            Arc::new(orders),
            Arc::new(MockOrderArchive::new()),
            Arc::new(MockStoreImages::new()),
            store_service.clone(),
            clock.clone(),
        );
        let refunds = RefundService::new(Arc::new(refunds), stores, Arc::new(payments), clock.clone(), Arc::new(Never));
        CancelService::new(Arc::new(cancellations), Arc::new(lists), store_service, Arc::new(refunds), nothing_past(), clock)
    }

    async fn by_customer(service: &CancelService) -> Result<Canceled> {
        let command = CancelCommand { reason: Some("x".into()), actor: &Actor::job("test") };
        service.by_customer(&email("a@b"), &PaymentId::parse("PAY1").unwrap(), command).await
    }

    #[tokio::test]
    async fn what_may_not_be_given_up_is_not_touched() {
        for (status, refusal) in [
            (OrderStatus::Accept, error::ORDER_ACCEPTED),
            (OrderStatus::Complete, error::ORDER_COMPLETE),
            (OrderStatus::Cancel, error::ORDER_CANCELED),
        ] {
            // A mock without an expectation panics when it is called.
            let refused = by_customer(&service(vec![order("PAY1", status)], MockCancellations::new(), None)).await;
            assert!(refused.unwrap_err().is(&refusal), "{status:?}");
        }
    }

    #[tokio::test]
    async fn who_loses_the_race_hears_what_the_order_is_now() {
        let mut cancellations = MockCancellations::new();
        cancellations.expect_cancel().times(1).returning(|_, _| Ok(None));
        let reads = vec![order("PAY1", OrderStatus::Reservation), order("PAY1", OrderStatus::Accept)];
        assert!(by_customer(&service(reads, cancellations, None)).await.unwrap_err().is(&error::ORDER_ACCEPTED));
    }

    #[tokio::test]
    async fn who_has_canceled_it_hears_the_same_again_also_when_both_calls_run_at_once() {
        let canceled = order("PAY9", OrderStatus::Cancel);
        let again = by_customer(&service(vec![canceled.clone()], MockCancellations::new(), None)).await.unwrap();
        assert_eq!(again, Canceled { order: canceled.clone(), refunded: true });
        let mut cancellations = MockCancellations::new();
        cancellations.expect_cancel().times(1).returning(|_, _| Ok(None));
        let reads = vec![order("PAY9", OrderStatus::Reservation), canceled];
        assert_eq!(by_customer(&service(reads, cancellations, None)).await.unwrap(), again);
    }

    #[tokio::test]
    async fn the_answer_says_whether_the_money_is_back() {
        for (answer, refunded) in [(CancelAnswer::Succeeded(7_000), true), (CancelAnswer::Failed("no".into()), false)] {
            let mut cancellations = MockCancellations::new();
            cancellations
                .expect_cancel()
                .times(1)
                .withf(|_, c| c.by == CanceledBy::Customer && c.reason.as_deref() == Some("x") && c.today.to_string() == "2026-11-24")
                .returning(|_, _| Ok(Some(order("PAY1", OrderStatus::Cancel))));
            let service = service(vec![order("PAY1", OrderStatus::Reservation)], cancellations, Some(answer));
            assert_eq!(by_customer(&service).await.unwrap().refunded, refunded);
        }
    }

    async fn resumed(status: OrderStatus, reason: Option<RefundReason>, is_open: bool, cancels: usize) -> Result<Canceled> {
        let (mut orders, mut refunds, mut cancellations) = (MockOrders::new(), MockRefunds::new(), MockCancellations::new());
        orders.expect_find().returning(move |_| Ok(Some(order("PAY1", status))));
        refunds.expect_reason().returning(move |_| Ok(reason));
        refunds.expect_expedite().returning(move |_, _| Ok(is_open));
        refunds.expect_claim().returning(|_, _, _| Ok(None));
        cancellations.expect_cancel().times(cancels).returning(|_, _| Ok(Some(order("PAY1", OrderStatus::Cancel))));
        let lists = order_service(orders, MockOrderArchive::new(), MockStoreImages::new());
        let stores = Arc::new(MockStores::new());
        let refunds = RefundService::new(Arc::new(refunds), stores, Arc::new(MockPayments::new()), Arc::new(Noon), Arc::new(Never));
        let service = CancelService::new(
            Arc::new(cancellations),
            Arc::new(lists),
            store_service(),
            Arc::new(refunds),
            nothing_past(),
            Arc::new(Noon),
        );
        let command = CancelCommand { reason: None, actor: &Actor::job("test") };
        service.by_customer(&email("a@b"), &PaymentId::parse("PAY1").unwrap(), command).await
    }

    #[tokio::test]
    async fn a_call_begun_before_finds_what_it_has_done() {
        let own = Some(RefundReason::CanceledByCustomer);
        assert!(resumed(OrderStatus::Cancel, own, false, 0).await.unwrap().refunded);
        assert!(!resumed(OrderStatus::Cancel, own, true, 0).await.unwrap().refunded);
        // Its process died before the work.
        assert_eq!(resumed(OrderStatus::Reservation, None, true, 1).await.unwrap().order.status, OrderStatus::Cancel);
        // Somebody else canceled it.
        for other in [Some(RefundReason::CanceledByStore), None] {
            assert!(resumed(OrderStatus::Cancel, other, true, 0).await.unwrap_err().is(&error::ORDER_CANCELED));
        }
    }

    /// A service whose refunds, tried at once, are all found to be another's work.
    fn seller(orders: MockOrders, cancellations: MockCancellations, attempts: usize) -> CancelService {
        let mut refunds = MockRefunds::new();
        refunds.expect_claim().times(attempts).returning(|_, _, _| Ok(None));
        let lists = order_service(orders, MockOrderArchive::new(), MockStoreImages::new());
        let stores = Arc::new(MockStores::new());
        let refunds = RefundService::new(Arc::new(refunds), stores, Arc::new(MockPayments::new()), Arc::new(Noon), Arc::new(Never));
        CancelService::new(Arc::new(cancellations), Arc::new(lists), store_service(), Arc::new(refunds), nothing_past(), Arc::new(Noon))
    }

    #[tokio::test]
    async fn a_store_cancels_what_it_has_accepted() {
        let (mut orders, mut cancellations) = (MockOrders::new(), MockCancellations::new());
        orders.expect_find().returning(|_| Ok(Some(order("PAY1", OrderStatus::Accept))));
        cancellations
            .expect_cancel()
            .times(1)
            .withf(|_, cancellation| cancellation.by == CanceledBy::Store)
            .returning(|_, _| Ok(Some(order("PAY1", OrderStatus::Cancel))));
        let command = CancelCommand { reason: Some("x".into()), actor: &Actor::job("test") };
        let service = seller(orders, cancellations, 1);
        let canceled = service.by_store(&email("s@b"), &PaymentId::parse("PAY1").unwrap(), command).await.unwrap();
        assert_eq!((canceled.order.status, canceled.refunded), (OrderStatus::Cancel, false));
    }

    #[tokio::test]
    async fn a_store_that_closes_cancels_its_open_orders_and_gives_the_money_back() {
        let mut cancellations = MockCancellations::new();
        cancellations
            .expect_close_store()
            .times(1)
            .withf(|store, c| {
                (store.as_str(), c.by, c.reason.as_deref()) == ("STR_1", CanceledBy::Closing, Some("매장 영업 종료"))
                    && (c.at, c.today.to_string().as_str()) == (Noon.now(), "2026-11-24")
            })
            .returning(|_, _| Ok(vec![order("PAY1", OrderStatus::Cancel), order("PAY2", OrderStatus::Cancel)]));
        let service = seller(MockOrders::new(), cancellations, 2);
        assert_eq!(service.close_store(&email("s@b"), &Actor::job("test")).await.unwrap(), 2);
    }

    /// Two pages; one of the orders was canceled by somebody else in between.
    #[tokio::test]
    async fn what_is_over_is_canceled_page_by_page_and_counted() {
        let ids = |names: &[&str]| names.iter().map(|id| PaymentId::parse(id).unwrap()).collect::<Vec<_>>();
        let page = move |after: Option<&PaymentId>, limit: i64| {
            assert_eq!(limit, BATCH);
            match after.map(PaymentId::as_str) {
                None => ids(&["PAY1", "PAY2"]),
                Some("PAY2") => ids(&["PAY3"]),
                Some("PAY3") => Vec::new(),
                other => panic!("{other:?}"),
            }
        };
        for (by, reason) in [(CanceledBy::PickupOver, "픽업 시간 종료"), (CanceledBy::DayOver, "영업일 종료")] {
            let mut cancellations = MockCancellations::new();
            cancellations
                .expect_pickup_over()
                .withf(|now, _, _| *now == Noon.now())
                .returning(move |_, after, limit| Ok(page(after, limit)));
            cancellations
                .expect_left_over()
                .withf(|today, _, _| today.to_string() == "2026-11-24")
                .returning(move |_, after, limit| Ok(page(after, limit)));
            cancellations
                .expect_cancel()
                .times(3)
                .withf(move |_, c| (c.by, c.reason.as_deref()) == (by, Some(reason)))
                .returning(|payment, _| Ok((payment.as_str() != "PAY2").then(|| order(payment.as_str(), OrderStatus::Cancel))));
            let (service, actor) = (service(Vec::new(), cancellations, None), Actor::job("test"));
            let number =
                if by == CanceledBy::DayOver { service.day_over(Noon.now(), &actor).await } else { service.pickup_over(&actor).await };
            assert_eq!(number.unwrap(), 2);
        }
    }

    /// One row that the database should not have, in the middle of a page.
    #[tokio::test]
    async fn one_broken_order_keeps_no_others_money() {
        let ids = ["PAY1", "PAY2", "PAY3"].map(|id| PaymentId::parse(id).unwrap());
        let mut cancellations = MockCancellations::new();
        cancellations.expect_pickup_over().times(2).returning(move |_, after, _| Ok(after.map_or(ids.to_vec(), |_| Vec::new())));
        cancellations.expect_cancel().times(3).returning(|payment, _| match payment.as_str() {
            "PAY2" => Err(Error::internal("bad row")),
            id => Ok(Some(order(id, OrderStatus::Cancel))),
        });
        let failed = service(Vec::new(), cancellations, None).pickup_over(&Actor::job("test")).await.unwrap_err();
        assert!(failed.to_string().contains("bad row"), "{failed}");
    }

    #[tokio::test]
    async fn an_outage_is_not_tried_on_every_order() {
        let mut cancellations = MockCancellations::new();
        cancellations
            .expect_left_over()
            .times(1)
            .returning(|_, _, _| Ok(vec![PaymentId::parse("PAY1").unwrap(), PaymentId::parse("PAY2").unwrap()]));
        cancellations.expect_cancel().times(1).returning(|_, _| Err(Error::unavailable("postgres", "down")));
        service(Vec::new(), cancellations, None).day_over(Noon.now(), &Actor::job("test")).await.unwrap_err();
    }
}
