//! Orders as customers and stores see them, and the store's acceptance.

use std::sync::Arc;

use super::{
    error,
    order::{Order, TodayOrder},
    ports::Orders,
};
use crate::{
    shared::{Clock, Email, PaymentId, Result, kst},
    stores::StoreService,
};

/// Use cases of looking at orders and taking them.
pub struct OrderService {
    orders: Arc<dyn Orders>,
    stores: Arc<StoreService>,
    clock: Arc<dyn Clock>,
}

impl OrderService {
    /// Wires the service.
    pub fn new(orders: Arc<dyn Orders>, stores: Arc<StoreService>, clock: Arc<dyn Clock>) -> Self {
        Self { orders, stores, clock }
    }

    /// The customer's orders of the current business day, newest event first.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn today_of_customer(&self, customer: &Email) -> Result<Vec<TodayOrder>> {
        self.orders.of_customer(customer, kst::business_day(self.clock.now())).await
    }

    /// One of the customer's orders.
    ///
    /// # Errors
    /// `order_not_found`, also for another's.
    pub async fn of_customer(&self, customer: &Email, payment: Option<&PaymentId>) -> Result<Order> {
        let payment = payment.ok_or(error::ORDER_NOT_FOUND)?;
        let order = self.orders.find(payment).await?.filter(|o| o.customer == *customer);
        Ok(order.ok_or(error::ORDER_NOT_FOUND)?)
    }

    /// The store's orders of the current business day, newest event first.
    ///
    /// # Errors
    /// `store_not_found`.
    pub async fn today_of_store(&self, seller: &Email) -> Result<Vec<Order>> {
        let store = self.stores.store_id(seller).await?;
        self.orders.of_store(&store, kst::business_day(self.clock.now())).await
    }

    /// One of the store's orders.
    ///
    /// # Errors
    /// `store_not_found`, `order_not_found`, also for another's.
    pub async fn of_store(&self, seller: &Email, payment: Option<&PaymentId>) -> Result<Order> {
        let store = self.stores.store_id(seller).await?;
        let payment = payment.ok_or(error::ORDER_NOT_FOUND)?;
        let order = self.orders.find(payment).await?.filter(|o| o.store_id == store);
        Ok(order.ok_or(error::ORDER_NOT_FOUND)?)
    }

    /// The store takes an order.
    ///
    /// # Errors
    /// `store_not_found`, `order_not_found`, `order_not_reserved`.
    pub async fn accept(&self, seller: &Email, payment: Option<&PaymentId>) -> Result<Order> {
        let order = self.of_store(seller, payment).await?;
        let accepted = self.orders.accept(&order.payment_id, self.clock.now()).await?;
        Ok(accepted.ok_or(error::ORDER_NOT_RESERVED)?)
    }
}
