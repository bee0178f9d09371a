//! Pickup: the store shows a QR code, the customer scans it, the store's screen hears of it.

use std::sync::Arc;

use futures::stream::BoxStream;

use super::{
    error,
    model::{
        audit::Actor,
        order::{Order, OrderStatus},
        pickup_code::{PickupCode, PickupCodes},
    },
    order_service::OrderService,
    ports::{Orders, PickupSignals},
};
use crate::shared::{Clock, Email, Error, PaymentId, Result};

/// Use cases of handing out.
pub struct PickupService {
    lists: Arc<OrderService>,
    orders: Arc<dyn Orders>,
    signals: Arc<dyn PickupSignals>,
    codes: PickupCodes,
    clock: Arc<dyn Clock>,
}

impl PickupService {
    /// Builds the use cases on their ports.
    pub fn new(
        lists: Arc<OrderService>,
        orders: Arc<dyn Orders>,
        signals: Arc<dyn PickupSignals>,
        codes: PickupCodes,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { lists, orders, signals, codes, clock }
    }

    /// A code for the store's screen.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `order_not_found`: there is no such order, or it is somebody else's.
    /// - `order_not_accepted`: the store has not accepted it yet.
    /// - `order_complete`: it is picked up already.
    /// - `order_canceled`: it is canceled.
    pub async fn code(&self, seller: &Email, payment: &PaymentId) -> Result<PickupCode> {
        let order = self.lists.of_store(seller, payment).await?;
        check_accepted(&order)?;
        self.codes.issue(&order.payment_id, self.clock.now())
    }

    /// The customer scanned the code.
    ///
    /// # Errors
    /// - `order_not_found`: there is no such order, or it is somebody else's.
    /// - `order_not_accepted`: the store has not accepted it yet.
    /// - `order_complete`: it is picked up already.
    /// - `order_canceled`: it is canceled.
    /// - `qr_invalid`: the code is not ours, not for this order, or older than 30 s.
    pub async fn complete(&self, customer: &Email, payment: &PaymentId, qr_data: &str, actor: &Actor) -> Result<Order> {
        let order = self.lists.of_customer(customer, payment).await?;
        check_accepted(&order)?;
        let now = self.clock.now();
        if !self.codes.is_good(qr_data, &order.payment_id, now) {
            return Err(error::QR_INVALID.into());
        }
        let Some(complete) = self.orders.complete(&order.payment_id, now, actor).await? else {
            // Another scan was faster, or the store, which canceled.
            check_accepted(&self.lists.again(&order.payment_id).await?)?;
            return Err(Error::internal("an accepted order could not be completed"));
        };
        if let Err(e) = self.signals.publish(&order.payment_id).await {
            tracing::warn!(payment = %order.payment_id, error = %e, "the pickup could not be signalled; the store's screen polls it");
        }
        Ok(complete)
    }

    /// What stores had accepted counts as picked up when they close; gives the number of orders.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn complete_closed(&self, actor: &Actor) -> Result<usize> {
        const BATCH: i64 = 1_000;
        let mut number = 0;
        loop {
            let completed = self.orders.complete_closed(self.clock.now(), BATCH, actor).await?;
            number += completed;
            if completed < BATCH as usize {
                return Ok(number);
            }
        }
    }

    /// For a store's screen: hears of the pickup. Subscribe first, then read the order, else a pickup in between is missed.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn subscribe(&self, payment: &PaymentId) -> Result<BoxStream<'static, ()>> {
        self.signals.subscribe(payment).await
    }

    /// Whether the order is picked up.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn is_complete(&self, payment: &PaymentId) -> Result<bool> {
        Ok(self.orders.find(payment).await?.is_some_and(|o| o.status == OrderStatus::Complete))
    }
}

fn check_accepted(order: &Order) -> Result<()> {
    match order.status {
        OrderStatus::Accept => Ok(()),
        OrderStatus::Reservation => Err(error::ORDER_NOT_ACCEPTED.into()),
        OrderStatus::Complete => Err(error::ORDER_COMPLETE.into()),
        OrderStatus::Cancel => Err(error::ORDER_CANCELED.into()),
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt};
    use secrecy::SecretString;

    use super::*;
    use crate::{
        orders::{
            ports::{MockOrderArchive, MockOrders, MockPickupSignals},
            testing::{only, order, order_service},
        },
        shared::{
            Error,
            testing::{Noon, email},
        },
        stores::ports::MockStoreImages,
    };

    fn codes() -> PickupCodes {
        PickupCodes::new(&SecretString::from("s"), None)
    }

    fn payment() -> PaymentId {
        PaymentId::parse("PAY1").unwrap()
    }

    /// Handing out where the order is in this state.
    fn service(status: OrderStatus, orders: MockOrders, signals: MockPickupSignals) -> PickupService {
        let lists = only(Some(order("PAY1", status)));
        PickupService::new(Arc::new(lists), Arc::new(orders), Arc::new(signals), codes(), Arc::new(Noon))
    }

    const NOT_ACCEPTED: [(OrderStatus, crate::shared::Refusal); 3] = [
        (OrderStatus::Reservation, error::ORDER_NOT_ACCEPTED),
        (OrderStatus::Complete, error::ORDER_COMPLETE),
        (OrderStatus::Cancel, error::ORDER_CANCELED),
    ];

    #[tokio::test]
    async fn only_an_accepted_order_has_a_code() {
        for (status, refusal) in NOT_ACCEPTED {
            let refused = service(status, MockOrders::new(), MockPickupSignals::new()).code(&email("s@b"), &payment()).await;
            assert!(refused.unwrap_err().is(&refusal), "{status:?}");
        }
        let code = service(OrderStatus::Accept, MockOrders::new(), MockPickupSignals::new()).code(&email("s@b"), &payment()).await.unwrap();
        assert_eq!(code.created_at, Noon.now());
        assert!(codes().is_good(&code.qr_data, &payment(), Noon.now()));
    }

    /// A scan of `code`; `done`: what the database makes of it (`None`: it must not be asked).
    async fn scan(status: OrderStatus, code: &str, done: Option<Option<Order>>, signalled: Result<()>) -> Result<Order> {
        let (mut orders, mut signals) = (MockOrders::new(), MockPickupSignals::new());
        let published = done.as_ref().is_some_and(Option::is_some);
        orders
            .expect_complete()
            .times(usize::from(done.is_some()))
            .withf(|payment, now, _| payment.as_str() == "PAY1" && *now == Noon.now())
            .return_once(move |_, _, _| Ok(done.unwrap()));
        signals.expect_publish().times(usize::from(published)).return_once(|_| signalled);
        service(status, orders, signals).complete(&email("a@b"), &payment(), code, &Actor::job("test")).await
    }

    #[tokio::test]
    async fn a_scanned_code_completes_the_order_and_tells_the_screen() {
        let code = codes().issue(&payment(), Noon.now()).unwrap().qr_data;
        let done = || Some(Some(order("PAY1", OrderStatus::Complete)));
        assert_eq!(scan(OrderStatus::Accept, &code, done(), Ok(())).await.unwrap().status, OrderStatus::Complete);
        // The screen that hears nothing polls.
        let outage = Err(Error::unavailable("redis", "x"));
        assert_eq!(scan(OrderStatus::Accept, &code, done(), outage).await.unwrap().status, OrderStatus::Complete);
    }

    #[tokio::test]
    async fn a_bad_code_or_an_order_that_is_not_accepted_completes_nothing() {
        let code = codes().issue(&payment(), Noon.now()).unwrap().qr_data;
        for (status, refusal) in NOT_ACCEPTED {
            assert!(scan(status, &code, None, Ok(())).await.unwrap_err().is(&refusal), "{status:?}");
        }
        assert!(scan(OrderStatus::Accept, "no code", None, Ok(())).await.unwrap_err().is(&error::QR_INVALID));
    }

    #[tokio::test]
    async fn a_scan_that_loses_a_race_hears_what_the_order_is_now() {
        let code = codes().issue(&payment(), Noon.now()).unwrap().qr_data;
        for (now, refusal) in [(OrderStatus::Complete, error::ORDER_COMPLETE), (OrderStatus::Cancel, error::ORDER_CANCELED)] {
            let (mut read, mut orders) = (MockOrders::new(), MockOrders::new());
            let mut states = [OrderStatus::Accept, now].into_iter();
            read.expect_find().times(2).returning(move |_| Ok(states.next().map(|status| order("PAY1", status))));
            orders.expect_complete().times(1).returning(|_, _, _| Ok(None));
            let lists = order_service(read, MockOrderArchive::new(), MockStoreImages::new());
            let service =
                PickupService::new(Arc::new(lists), Arc::new(orders), Arc::new(MockPickupSignals::new()), codes(), Arc::new(Noon));
            let refused = service.complete(&email("a@b"), &payment(), &code, &Actor::job("test")).await;
            assert!(refused.unwrap_err().is(&refusal));
        }
    }

    #[tokio::test]
    async fn closings_are_completed_until_a_batch_is_not_full() {
        let mut orders = MockOrders::new();
        let mut batches = [1_000, 1_000, 7].into_iter();
        orders
            .expect_complete_closed()
            .times(3)
            .withf(|now, limit, _| *now == Noon.now() && *limit == 1_000)
            .returning(move |_, _, _| Ok(batches.next().unwrap()));
        let service = service(OrderStatus::Accept, orders, MockPickupSignals::new());
        assert_eq!(service.complete_closed(&Actor::job("test")).await.unwrap(), 2_007);
    }

    #[tokio::test]
    async fn a_screen_hears_of_the_pickup_and_can_ask_for_it() {
        for (status, complete) in [(OrderStatus::Accept, false), (OrderStatus::Complete, true), (OrderStatus::Cancel, false)] {
            let mut orders = MockOrders::new();
            orders.expect_find().returning(move |_| Ok(Some(order("PAY1", status))));
            assert_eq!(service(status, orders, MockPickupSignals::new()).is_complete(&payment()).await.unwrap(), complete);
        }
        let mut signals = MockPickupSignals::new();
        signals.expect_subscribe().returning(|_| Ok(futures::stream::iter([()]).boxed()));
        let mut heard = service(OrderStatus::Accept, MockOrders::new(), signals).subscribe(&payment()).await.unwrap();
        assert_eq!(heard.next().now_or_never(), Some(Some(())));
    }
}
