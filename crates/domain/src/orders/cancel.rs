//! Giving an order up: one path for the customer, the store and a store that closes for today.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    error,
    lists::OrderService,
    mail::OrderEvent,
    order::{Order, OrderStatus},
    ports::Cancellations,
    refund::{RefundReason, RefundService},
    trail::Cause,
};
use crate::{
    shared::{Clock, Email, Error, ErrorKind, PaymentId, Refusal, Result, Rule, kst, text},
    stores::StoreService,
};

/// Who gives the order up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CanceledBy {
    /// The customer, while the store has not taken it.
    Customer,
    /// The store, until it is picked up.
    Store,
    /// The store, by closing for today.
    Closing,
    /// The clock: the store did not take it before its pickup ended.
    PickupOver,
    /// The daily turn: nobody picked it up, and nothing says that it was handed out.
    DayOver,
    /// PortOne's side: canceled in its console, or charged back. The money is gone already.
    Provider,
}

impl CanceledBy {
    /// From which states.
    pub fn from_states(self) -> &'static [OrderStatus] {
        match self {
            Self::Customer | Self::PickupOver => &[OrderStatus::Reservation],
            Self::Store | Self::Closing | Self::DayOver | Self::Provider => &[OrderStatus::Reservation, OrderStatus::Accept],
        }
    }

    /// Why the money goes back.
    pub fn refund_reason(self) -> RefundReason {
        match self {
            Self::Customer => RefundReason::CanceledByCustomer,
            Self::Store => RefundReason::CanceledByStore,
            Self::Closing => RefundReason::StoreClosing,
            Self::PickupOver => RefundReason::PickupOver,
            Self::DayOver => RefundReason::DayOver,
            Self::Provider => RefundReason::CanceledAtProvider,
        }
    }

    /// What the customer is told (contract, e-mail): everything but their own wish is told as the store's, with its reason.
    pub fn event(self) -> OrderEvent {
        match self {
            Self::Customer => OrderEvent::CanceledByCustomer,
            Self::Store | Self::Closing | Self::PickupOver | Self::DayOver | Self::Provider => OrderEvent::CanceledByStore,
        }
    }

    fn refusal(self, status: OrderStatus) -> Refusal {
        match status {
            OrderStatus::Cancel => error::ORDER_CANCELED,
            OrderStatus::Complete => error::ORDER_COMPLETE,
            OrderStatus::Accept | OrderStatus::Reservation => error::ORDER_ACCEPTED,
        }
    }
}

/// A reason that a person typed.
///
/// # Errors
/// `too_short`, `too_long` (255 characters), `bad_character`.
pub fn reason(typed: &str) -> std::result::Result<String, Rule> {
    text::bounded(typed, 1, 255)
}

/// A cancellation as it is stored, with stock, refund and mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// Who.
    pub by: CanceledBy,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The current business day: only its orders give stock back.
    pub today: NaiveDate,
    /// Now.
    pub at: DateTime<Utc>,
    /// For the audit trail.
    pub cause: Cause,
}

/// A canceled order and whether its money is back already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canceled {
    /// The order.
    pub order: Order,
    /// `false`: the refund goes on by itself.
    pub refunded: bool,
}

/// How a person asks for it.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// In their words.
    pub reason: Option<String>,
    /// For the audit trail.
    pub cause: &'a Cause,
    /// Whether this very call was begun before and may have done its work (see [`super::idempotency`]).
    pub resumed: bool,
}

/// Orders given up between two looks for more.
const BATCH: i64 = 200;

/// How far orders are given up, page by page.
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

/// Use cases of giving orders up.
pub struct CancelService {
    cancellations: Arc<dyn Cancellations>,
    lists: Arc<OrderService>,
    stores: Arc<StoreService>,
    refunds: Arc<RefundService>,
    clock: Arc<dyn Clock>,
}

impl CancelService {
    /// Wires the service.
    pub fn new(
        cancellations: Arc<dyn Cancellations>,
        lists: Arc<OrderService>,
        stores: Arc<StoreService>,
        refunds: Arc<RefundService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { cancellations, lists, stores, refunds, clock }
    }

    /// The customer gives it up.
    ///
    /// # Errors
    /// `order_not_found`, `order_canceled`, `order_accepted`, `order_complete`.
    pub async fn by_customer(&self, customer: &Email, payment: Option<&PaymentId>, wish: Wish<'_>) -> Result<Canceled> {
        let order = self.lists.of_customer(customer, payment).await?;
        self.one(order, CanceledBy::Customer, wish).await
    }

    /// The store gives it up.
    ///
    /// # Errors
    /// `store_not_found`, `order_not_found`, `order_canceled`, `order_complete`.
    pub async fn by_store(&self, seller: &Email, payment: Option<&PaymentId>, wish: Wish<'_>) -> Result<Canceled> {
        let order = self.lists.of_store(seller, payment).await?;
        self.one(order, CanceledBy::Store, wish).await
    }

    async fn one(&self, order: Order, by: CanceledBy, Wish { reason, cause, resumed }: Wish<'_>) -> Result<Canceled> {
        if resumed && order.status == OrderStatus::Cancel && self.refunds.reason(&order.payment_id).await? == Some(by.refund_reason()) {
            // The call was begun before and has done this much.
            let refunded = self.refunds.finish_now(&order.payment_id, cause).await?;
            return Ok(Canceled { order, refunded });
        }
        if !by.from_states().contains(&order.status) {
            return Err(by.refusal(order.status).into());
        }
        let Some(order) = self.cancellations.cancel(&order.payment_id, &self.cancellation(by, reason, cause)).await? else {
            // Somebody was faster between the read and the write.
            let now = self.lists.find(&order.payment_id).await?.map_or(OrderStatus::Cancel, |o| o.status);
            return Err(by.refusal(now).into());
        };
        let refunded = self.refunds.attempt_now(std::slice::from_ref(&order.payment_id), cause).await == 1;
        Ok(Canceled { order, refunded })
    }

    /// Gives these up by the clock or by PortOne's word, as far as they are still open; gives those that were.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn without_asking(&self, payments: &[PaymentId], by: CanceledBy, cause: &Cause) -> Result<Vec<PaymentId>> {
        let cancellation = self.cancellation(by, Some(by.refund_reason().text().to_owned()), cause);
        let mut canceled = Vec::new();
        for payment in payments {
            canceled.extend(self.cancellations.cancel(payment, &cancellation).await?.map(|order| order.payment_id));
        }
        Ok(canceled)
    }

    /// Gives up the orders that no store took before its pickup ended; gives their number.
    ///
    /// # Errors
    /// Unavailable; what kept one of them from being given up, after all others were.
    pub async fn pickup_over(&self, cause: &Cause) -> Result<usize> {
        let (now, mut swept) = (self.clock.now(), Swept::default());
        loop {
            let open = self.cancellations.pickup_over(now, swept.last.as_ref(), BATCH).await?;
            if open.is_empty() {
                return swept.end();
            }
            self.sweep(open, CanceledBy::PickupOver, cause, &mut swept).await?;
        }
    }

    /// Gives up the open orders of business days that ended at or before `due_at`; gives their number.
    ///
    /// # Errors
    /// As [`Self::pickup_over`].
    pub async fn day_over(&self, due_at: DateTime<Utc>, cause: &Cause) -> Result<usize> {
        let (today, mut swept) = (kst::business_day(due_at), Swept::default());
        loop {
            let open = self.cancellations.left_over(today, swept.last.as_ref(), BATCH).await?;
            if open.is_empty() {
                return swept.end();
            }
            self.sweep(open, CanceledBy::DayOver, cause, &mut swept).await?;
        }
    }

    /// An order that cannot be given up must not keep the others' money.
    async fn sweep(&self, open: Vec<PaymentId>, by: CanceledBy, cause: &Cause, swept: &mut Swept) -> Result<()> {
        for payment in open {
            match self.without_asking(std::slice::from_ref(&payment), by, cause).await {
                Ok(canceled) => swept.number += canceled.len(),
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                Err(error) => {
                    tracing::error!(%payment, %error, "an order cannot be given up; the others are");
                    swept.failure = Some(error);
                }
            }
            swept.last = Some(payment);
        }
        Ok(())
    }

    /// Closes the store for the business day and gives its open orders of that day up; gives their number.
    ///
    /// # Errors
    /// `store_not_found`.
    pub async fn close_store(&self, seller: &Email, cause: &Cause) -> Result<usize> {
        let store = self.stores.store_id(seller).await?;
        let by = CanceledBy::Closing;
        let cancellation = self.cancellation(by, Some(by.refund_reason().text().to_owned()), cause);
        let orders = self.cancellations.close_store(&store, &cancellation).await?;
        let payments: Vec<_> = orders.into_iter().map(|o| o.payment_id).collect();
        self.refunds.attempt_now(&payments, cause).await;
        Ok(payments.len())
    }

    fn cancellation(&self, by: CanceledBy, reason: Option<String>, cause: &Cause) -> Cancellation {
        let at = self.clock.now();
        Cancellation { by, reason, today: kst::business_day(at), at, cause: cause.clone() }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::{
        orders::{
            Refund, RefundState,
            ports::{CancelAnswer, MockCancellations, MockOrderArchive, MockOrders, MockPayments, MockRefunds},
        },
        shared::testing::{Counter, Noon, email, order},
        stores::{
            PortOneAccount, PortOneIds,
            ports::{MockStoreImages, MockStores},
        },
    };

    /// The use case over an order as it is read first and, after a lost race, again. PortOne's answer to a refund, if one is asked.
    fn service(reads: Vec<Order>, cancellations: MockCancellations, answer: Option<CancelAnswer>) -> CancelService {
        let mut orders = MockOrders::new();
        let mut reads = reads.into_iter();
        orders.expect_find().returning(move |_| Ok(reads.next()));
        let (mut stores, mut refunds, mut payments) = (MockStores::new(), MockRefunds::new(), MockPayments::new());
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
            payments.expect_patience().returning(|_| futures::future::pending().boxed());
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
        let refunds = RefundService::new(Arc::new(refunds), stores, Arc::new(payments), clock.clone());
        CancelService::new(Arc::new(cancellations), Arc::new(lists), store_service, Arc::new(refunds), clock)
    }

    async fn by_customer(service: &CancelService) -> Result<Canceled> {
        let wish = Wish { reason: Some("x".into()), cause: &Cause::job("test"), resumed: false };
        service.by_customer(&email("a@b"), PaymentId::parse("PAY1").as_ref(), wish).await
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
        let failed = service(Vec::new(), cancellations, None).pickup_over(&Cause::job("test")).await.unwrap_err();
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
        service(Vec::new(), cancellations, None).day_over(Noon.now(), &Cause::job("test")).await.unwrap_err();
    }
}
