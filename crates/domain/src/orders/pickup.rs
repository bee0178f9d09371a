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
