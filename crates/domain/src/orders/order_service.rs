//! Orders as customers and stores see them, and the store's acceptance.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    error,
    model::{
        audit::Actor,
        order::{AlarmCard, CustomerOrder, Order, OrderStatus, TodayOrder},
    },
    ports::{OrderArchive, Orders},
};
use crate::{
    shared::{Clock, Email, ErrorKind, PaymentId, Result, StoreId, kst},
    stores::{StoreService, ports::StoreImages},
};

/// The most orders in a list that has no page: the newest. (An app that shows more wants pages.)
pub const LONGEST_LIST: usize = 1_000;

/// Use cases of looking at orders and taking them.
pub struct OrderService {
    orders: Arc<dyn Orders>,
    archive: Arc<dyn OrderArchive>,
    images: Arc<dyn StoreImages>,
    stores: Arc<StoreService>,
    clock: Arc<dyn Clock>,
}

impl OrderService {
    /// Builds the use cases on their ports.
    pub fn new(
        orders: Arc<dyn Orders>,
        archive: Arc<dyn OrderArchive>,
        images: Arc<dyn StoreImages>,
        stores: Arc<StoreService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { orders, archive, images, stores, clock }
    }

    /// One order, wherever it is.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn find(&self, payment: &PaymentId) -> Result<Option<Order>> {
        match self.orders.find(payment).await? {
            Some(order) => Ok(Some(order)),
            None => self.archive.find(payment).await,
        }
    }

    /// The order once more, for whoever lost a race over it and has to say what is so.
    ///
    /// # Errors
    /// `order_not_found`.
    pub async fn again(&self, payment: &PaymentId) -> Result<Order> {
        Ok(self.find(payment).await?.ok_or(error::ORDER_NOT_FOUND)?)
    }

    /// The customer's orders of the current business day, newest event first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn today_of_customer(&self, customer: &Email) -> Result<Vec<TodayOrder>> {
        self.orders.of_customer(customer, kst::business_day(self.clock.now())).await
    }

    /// What happened to the customer's orders of the current business day, newest first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn alarms(&self, customer: &Email) -> Result<Vec<AlarmCard>> {
        let today = self.today_of_customer(customer).await?;
        let mut cards: Vec<_> = today
            .into_iter()
            .flat_map(|TodayOrder { order, pickup, .. }| {
                let events = [
                    (OrderStatus::Reservation, Some(order.reservation_at)),
                    (OrderStatus::Accept, order.accepted_at),
                    (OrderStatus::Cancel, order.canceled_at),
                ];
                events.into_iter().filter_map(move |(status, at)| Some(AlarmCard { order: order.clone(), status, at: at?, pickup }))
            })
            .collect();
        cards.sort_by(|a, b| (b.at, &b.order.payment_id).cmp(&(a.at, &a.order.payment_id)));
        Ok(cards)
    }

    /// All of the customer's orders, today's and the archive's, newest event first, at most [`LONGEST_LIST`]. While the archive is
    /// away those that are not there yet: food that waits tonight must be found.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn all_of_customer(&self, customer: &Email) -> Result<Vec<CustomerOrder>> {
        let current = self.orders.all_of_customer(customer).await?;
        let orders = newest(current, or_none(self.archive.of_customer(customer, LONGEST_LIST as i64).await)?);
        let stores: HashSet<_> = orders.iter().map(|o| o.store_id.clone()).collect();
        let images: HashMap<_, _> = self.images.main_of(&stores.into_iter().collect::<Vec<_>>()).await?.into_iter().collect();
        Ok(orders.into_iter().map(|order| CustomerOrder { main_image: images.get(&order.store_id).cloned(), order }).collect())
    }

    /// One of the customer's orders.
    ///
    /// # Errors
    /// `order_not_found`, also for another's.
    pub async fn of_customer(&self, customer: &Email, payment: &PaymentId) -> Result<Order> {
        let order = self.find(payment).await?.filter(|o| o.customer == *customer);
        Ok(order.ok_or(error::ORDER_NOT_FOUND)?)
    }

    /// The store's orders of the current business day, newest event first.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn today_of_store(&self, seller: &Email) -> Result<Vec<Order>> {
        let store = self.stores.store_id(seller).await?;
        self.orders.of_store(&store, kst::business_day(self.clock.now())).await
    }

    /// All of the store's orders, today's and the archive's, newest event first, at most [`LONGEST_LIST`]; while the archive is
    /// away those that are not there yet.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn all_of_store(&self, seller: &Email) -> Result<Vec<Order>> {
        let store = self.stores.store_id(seller).await?;
        let current = self.orders.all_of_store(&store).await?;
        Ok(newest(current, or_none(self.archive.of_store(&store, LONGEST_LIST as i64).await)?))
    }

    /// The store's orders picked up or canceled from `from` on and before `until`, with that instant, newest first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn ended_of_store(&self, store: &StoreId, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<(Order, DateTime<Utc>)>> {
        let current = self.orders.all_of_store(store).await?;
        let archived = self.archive.ended_of_store(store, from, until).await?;
        let ended = once(current, archived).into_iter().filter_map(|o| o.ended_at().map(|at| (o, at)));
        let mut ended: Vec<_> = ended.filter(|(_, at)| (from..until).contains(at)).collect();
        ended.sort_by(|a, b| (b.1, &b.0.payment_id).cmp(&(a.1, &a.0.payment_id)));
        Ok(ended)
    }

    /// One of the store's orders.
    ///
    /// # Errors
    /// `store_not_found`, `order_not_found`, also for another's.
    pub async fn of_store(&self, seller: &Email, payment: &PaymentId) -> Result<Order> {
        let store = self.stores.store_id(seller).await?;
        let order = self.find(payment).await?.filter(|o| o.store_id == store);
        Ok(order.ok_or(error::ORDER_NOT_FOUND)?)
    }

    /// The store accepts an order.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `order_not_found`: there is no such order, or it is somebody else's.
    /// - `order_not_reserved`: the store has taken it already.
    /// - `order_complete`: it is picked up already.
    /// - `order_canceled`: it is canceled.
    pub async fn accept(&self, seller: &Email, payment: &PaymentId, actor: &Actor) -> Result<Order> {
        let order = self.of_store(seller, payment).await?;
        match self.orders.accept(&order.payment_id, self.clock.now(), actor).await? {
            Some(accepted) => Ok(accepted),
            None => Err(match self.again(&order.payment_id).await?.status {
                OrderStatus::Cancel => error::ORDER_CANCELED,
                OrderStatus::Complete => error::ORDER_COMPLETE,
                OrderStatus::Accept | OrderStatus::Reservation => error::ORDER_NOT_RESERVED,
            }
            .into()),
        }
    }
}

/// Both, each order once: one that is being moved is in both.
/// What the archive has, nothing where it is away. (Sums are another matter: [`OrderService::ended_of_store`] fails then.)
fn or_none(archived: Result<Vec<Order>>) -> Result<Vec<Order>> {
    match archived {
        Err(error) if error.kind() == ErrorKind::Unavailable => {
            tracing::warn!(%error, "the archive does not answer; the list shows only orders that are not archived");
            Ok(Vec::new())
        }
        answer => answer,
    }
}

fn once(mut current: Vec<Order>, archived: Vec<Order>) -> Vec<Order> {
    let seen: HashSet<_> = current.iter().map(|o| o.payment_id.clone()).collect();
    current.extend(archived.into_iter().filter(|o| !seen.contains(&o.payment_id)));
    current
}

fn newest(current: Vec<Order>, archived: Vec<Order>) -> Vec<Order> {
    let mut orders = once(current, archived);
    orders.sort_by(Order::newest_first);
    orders.truncate(LONGEST_LIST);
    orders
}
