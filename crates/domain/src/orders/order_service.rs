//! Orders as customers and stores see them, and the store's acceptance.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    error,
    kept::KeptOrders,
    model::{
        audit::Actor,
        order::{AlarmCard, ArchiveVersion, CustomerOrder, Order, OrderStatus, TodayOrder},
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
    kept: KeptOrders,
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
        Self { orders, archive, images, stores, clock, kept: KeptOrders::default() }
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

    /// These orders, wherever they are, in any order, as their customers see them.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn these(&self, payments: &[PaymentId]) -> Result<Vec<CustomerOrder>> {
        let current = self.orders.find_all(payments).await?;
        let here: HashSet<_> = current.iter().map(|o| &o.payment_id).collect();
        let past: Vec<_> = payments.iter().filter(|payment| !here.contains(payment)).cloned().collect();
        let archived = if past.is_empty() { Vec::new() } else { self.archive.find_all(&past).await? };
        self.with_images(once(current, archived)).await
    }

    async fn with_images(&self, orders: Vec<Order>) -> Result<Vec<CustomerOrder>> {
        let stores: HashSet<_> = orders.iter().map(|o| o.store_id.clone()).collect();
        let images: HashMap<_, _> = self.images.main_of(&stores.into_iter().collect::<Vec<_>>()).await?.into_iter().collect();
        Ok(orders.into_iter().map(|order| CustomerOrder { main_image: images.get(&order.store_id).cloned(), order }).collect())
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
        let (current, version) = self.orders.all_of_customer(customer).await?;
        let orders = newest(current, or_none(self.archived_of_customer(customer, version).await)?);
        self.with_images(orders).await
    }

    /// Those of the archive, which is not asked again while it is the same.
    async fn archived_of_customer(&self, customer: &Email, version: ArchiveVersion) -> Result<Vec<Order>> {
        if let Some(orders) = self.kept.find(customer, version) {
            return Ok(orders);
        }
        let orders = self.archive.of_customer(customer, LONGEST_LIST as i64).await?;
        self.kept.keep(customer, version, &orders)?;
        Ok(orders)
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
        let orders = self.orders.of_seller(seller, kst::business_day(self.clock.now())).await?;
        if orders.is_empty() {
            self.stores.store_id(seller).await?;
        }
        Ok(orders)
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
    /// - `order_not_reserved`: the store has accepted it already.
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

/// Both, each order once: one that is being moved is in both.
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

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;
    use crate::{
        orders::{
            ports::{MockOrderArchive, MockOrders},
            testing::{order, order_service},
        },
        shared::{
            Error,
            testing::{Noon, email},
        },
        stores::{error::STORE_NOT_FOUND, ports::MockStoreImages},
    };

    fn id(payment: &str) -> PaymentId {
        PaymentId::parse(payment).unwrap()
    }

    /// An order whose last event was so many minutes before noon.
    fn ago(payment: &str, minutes: i64) -> Order {
        Order { reservation_at: Noon.now() - Duration::minutes(minutes), ..order(payment, OrderStatus::Reservation) }
    }

    fn ids(orders: &[Order]) -> Vec<&str> {
        orders.iter().map(|order| order.payment_id.as_str()).collect()
    }

    fn only_here(orders: MockOrders) -> OrderService {
        order_service(orders, MockOrderArchive::new(), MockStoreImages::new())
    }

    #[tokio::test]
    async fn an_order_is_looked_for_here_and_then_in_the_archive() {
        let (mut orders, mut archive) = (MockOrders::new(), MockOrderArchive::new());
        orders.expect_find().returning(|payment| Ok((payment.as_str() == "PAY1").then(|| order("PAY1", OrderStatus::Accept))));
        archive.expect_find().times(2).returning(|payment| Ok((payment.as_str() == "PAY2").then(|| order("PAY2", OrderStatus::Complete))));
        let lists = order_service(orders, archive, MockStoreImages::new());
        assert_eq!(lists.find(&id("PAY1")).await.unwrap(), Some(order("PAY1", OrderStatus::Accept)));
        assert_eq!(lists.find(&id("PAY2")).await.unwrap(), Some(order("PAY2", OrderStatus::Complete)));
        assert_eq!(lists.find(&id("PAY3")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_order_is_shown_to_its_customer_and_its_store_only() {
        let mut orders = MockOrders::new();
        orders.expect_find().returning(|_| Ok(Some(order("PAY1", OrderStatus::Accept))));
        let lists = only_here(orders);
        assert_eq!(lists.of_customer(&email("a@b"), &id("PAY1")).await.unwrap().payment_id, id("PAY1"));
        assert!(lists.of_customer(&email("b@b"), &id("PAY1")).await.unwrap_err().is(&error::ORDER_NOT_FOUND));
        assert_eq!(lists.of_store(&email("s@b"), &id("PAY1")).await.unwrap().payment_id, id("PAY1"));
        assert!(lists.of_store(&email("a@b"), &id("PAY1")).await.unwrap_err().is(&STORE_NOT_FOUND));
        let mut others = MockOrders::new();
        others
            .expect_find()
            .returning(|_| Ok(Some(Order { store_id: StoreId::parse("STR_2").unwrap(), ..order("PAY1", OrderStatus::Accept) })));
        assert!(only_here(others).of_store(&email("s@b"), &id("PAY1")).await.unwrap_err().is(&error::ORDER_NOT_FOUND));
    }

    #[tokio::test]
    async fn a_list_of_today_is_of_the_current_business_day() {
        let mut orders = MockOrders::new();
        orders
            .expect_of_customer()
            .times(1)
            .withf(|customer, day| customer.as_str() == "a@b" && day.to_string() == "2026-11-24")
            .returning(|_, _| Ok(vec![today(order("PAY1", OrderStatus::Accept))]));
        orders
            .expect_of_seller()
            .times(2)
            .withf(|_, day| day.to_string() == "2026-11-24")
            .returning(|seller, _| Ok(if seller.as_str() == "s@b" { vec![ago("PAY2", 1)] } else { vec![] }));
        let lists = only_here(orders);
        assert_eq!(lists.today_of_customer(&email("a@b")).await.unwrap().len(), 1);
        assert_eq!(ids(&lists.today_of_store(&email("s@b")).await.unwrap()), ["PAY2"]);
        assert!(lists.today_of_store(&email("a@b")).await.unwrap_err().is(&STORE_NOT_FOUND));
    }

    fn today(order: Order) -> TodayOrder {
        let time = |hour| chrono::NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        TodayOrder { order, main_image: None, pickup: (time(18), time(20)) }
    }

    #[tokio::test]
    async fn each_event_of_today_but_the_pickup_is_a_card_newest_first() {
        let minute = |minutes| Some(Noon.now() + Duration::minutes(minutes));
        let picked_up = Order { accepted_at: minute(2), completed_at: minute(9), ..order("PAY1", OrderStatus::Complete) };
        let canceled = Order { canceled_at: minute(2), ..order("PAY2", OrderStatus::Cancel) };
        let mut orders = MockOrders::new();
        orders.expect_of_customer().returning(move |_, _| Ok(vec![today(picked_up.clone()), today(canceled.clone())]));
        let cards = only_here(orders).alarms(&email("a@b")).await.unwrap();
        let cards: Vec<_> = cards.iter().map(|card| (card.order.payment_id.as_str(), card.status, card.at)).collect();
        let (noon, later) = (Noon.now(), Noon.now() + Duration::minutes(2));
        assert_eq!(
            cards,
            [
                // At one instant by id, so that the order is the same at each call.
                ("PAY2", OrderStatus::Cancel, later),
                ("PAY1", OrderStatus::Accept, later),
                ("PAY2", OrderStatus::Reservation, noon),
                ("PAY1", OrderStatus::Reservation, noon),
            ]
        );
    }

    const VERSION: ArchiveVersion = ArchiveVersion(7);

    /// Lists over what is here and what the archive says.
    fn over(current: Vec<Order>, archived: impl Fn() -> Result<Vec<Order>> + Send + Sync + Clone + 'static) -> OrderService {
        let (mut orders, mut archive, mut images) = (MockOrders::new(), MockOrderArchive::new(), MockStoreImages::new());
        let (here, there) = (current.clone(), archived.clone());
        orders.expect_all_of_customer().returning(move |_| Ok((current.clone(), VERSION)));
        orders.expect_all_of_store().returning(move |_| Ok(here.clone()));
        archive.expect_of_customer().withf(|_, limit| *limit == 1_000).returning(move |_, _| archived());
        archive.expect_of_store().withf(|_, limit| *limit == 1_000).returning(move |_, _| there());
        images.expect_main_of().returning(|stores| Ok(stores.iter().map(|store| (store.clone(), "key".to_owned())).collect()));
        order_service(orders, archive, images)
    }

    #[tokio::test]
    async fn a_list_of_all_days_has_each_order_once_newest_first() {
        // One is being moved: it is in both, and what is here is newer.
        let moved = Order { quantity: 2, ..ago("PAY2", 20) };
        let lists = over(vec![moved.clone(), ago("PAY1", 10)], || Ok(vec![ago("PAY3", 15), ago("PAY2", 20)]));
        let seen = lists.all_of_store(&email("s@b")).await.unwrap();
        assert_eq!((ids(&seen), &seen[2]), (vec!["PAY1", "PAY3", "PAY2"], &moved));
        let seen = lists.all_of_customer(&email("a@b")).await.unwrap();
        assert!(seen.iter().all(|seen| seen.main_image.as_deref() == Some("key")), "{seen:?}");
        assert_eq!(ids(&seen.into_iter().map(|seen| seen.order).collect::<Vec<_>>()), ["PAY1", "PAY3", "PAY2"]);
    }

    #[tokio::test]
    async fn the_archive_is_asked_once_for_each_customer_and_version() {
        let (mut orders, mut archive, mut images) = (MockOrders::new(), MockOrderArchive::new(), MockStoreImages::new());
        // Between the second list and the third the archive has another version.
        let mut versions = [1, 1, 2, 2, 2].into_iter();
        orders.expect_all_of_customer().returning(move |_| Ok((vec![], ArchiveVersion(versions.next().unwrap()))));
        let mut read = [Ok(vec!["PAY1"]), Err(Error::unavailable("mongodb", "x")), Ok(vec!["PAY2", "PAY1"]), Ok(vec![])].into_iter();
        archive.expect_of_customer().times(4).returning(move |_, _| {
            let read = read.next().unwrap()?;
            Ok(read.into_iter().enumerate().map(|(minutes, payment)| ago(payment, minutes as i64)).collect())
        });
        images.expect_main_of().returning(|_| Ok(vec![]));
        let lists = order_service(orders, archive, images);
        let mut seen = Vec::new();
        for customer in ["a@b", "a@b", "a@b", "a@b", "c@d"] {
            let orders = lists.all_of_customer(&email(customer)).await.unwrap();
            seen.push(ids(&orders.into_iter().map(|seen| seen.order).collect::<Vec<_>>()).join(" "));
        }
        // The outage is not kept.
        assert_eq!(seen, ["PAY1", "PAY1", "", "PAY2 PAY1", ""]);
    }

    #[tokio::test]
    async fn a_list_holds_the_newest_thousand() {
        let lists =
            over((0..800).map(|n| ago(&format!("PAY{n}"), n)).collect(), || Ok((800..1_600).map(|n| ago(&format!("PAY{n}"), n)).collect()));
        let seen = lists.all_of_store(&email("s@b")).await.unwrap();
        assert_eq!((seen.len(), seen.last().unwrap().payment_id.as_str()), (1_000, "PAY999"));
    }

    #[tokio::test]
    async fn while_the_archive_is_away_lists_show_what_is_here() {
        let away = over(vec![ago("PAY1", 1)], || Err(Error::unavailable("mongodb", "x")));
        assert_eq!(ids(&away.all_of_store(&email("s@b")).await.unwrap()), ["PAY1"]);
        assert_eq!(away.all_of_customer(&email("a@b")).await.unwrap().len(), 1);
        // A defect is no outage.
        let broken = over(vec![ago("PAY1", 1)], || Err(Error::internal("bad row")));
        assert!(broken.all_of_store(&email("s@b")).await.is_err() && broken.all_of_customer(&email("a@b")).await.is_err());
    }

    #[tokio::test]
    async fn what_ended_is_from_the_first_instant_on_and_before_the_last() {
        let ended = |payment: &str, minutes| Order {
            completed_at: Some(Noon.now() + Duration::minutes(minutes)),
            ..order(payment, OrderStatus::Complete)
        };
        let (mut orders, mut archive) = (MockOrders::new(), MockOrderArchive::new());
        orders.expect_all_of_store().returning(move |_| {
            Ok(vec![order("PAY1", OrderStatus::Accept), ended("PAY2", -1), ended("PAY3", 0), ended("PAY4", 59), ended("PAY5", 60)])
        });
        let until = Noon.now() + Duration::hours(1);
        archive
            .expect_ended_of_store()
            .withf(move |_, from, to| (*from, *to) == (Noon.now(), until))
            .returning(move |_, _, _| Ok(vec![ended("PAY3", 0), ended("PAY6", 59)]));
        let lists = order_service(orders, archive, MockStoreImages::new());
        let seen = lists.ended_of_store(&StoreId::parse("STR_1").unwrap(), Noon.now(), until).await.unwrap();
        let seen: Vec<_> = seen.iter().map(|(order, at)| (order.payment_id.as_str(), (*at - Noon.now()).num_minutes())).collect();
        assert_eq!(seen, [("PAY6", 59), ("PAY4", 59), ("PAY3", 0)]);
    }

    #[tokio::test]
    async fn a_sum_that_the_archive_belongs_to_is_none_without_it() {
        let (mut orders, mut archive) = (MockOrders::new(), MockOrderArchive::new());
        orders.expect_all_of_store().returning(|_| Ok(Vec::new()));
        archive.expect_ended_of_store().returning(|_, _, _| Err(Error::unavailable("mongodb", "x")));
        let lists = order_service(orders, archive, MockStoreImages::new());
        assert!(lists.ended_of_store(&StoreId::parse("STR_1").unwrap(), Noon.now(), Noon.now()).await.is_err());
    }

    #[tokio::test]
    async fn an_order_that_waits_no_more_is_not_accepted() {
        for waits in [true, false] {
            let mut orders = MockOrders::new();
            orders.expect_find().returning(|_| Ok(Some(order("PAY1", OrderStatus::Reservation))));
            orders
                .expect_accept()
                .times(1)
                .withf(|payment, now, actor| payment.as_str() == "PAY1" && *now == Noon.now() && *actor == Actor::job("test"))
                .returning(move |_, _, _| Ok(waits.then(|| order("PAY1", OrderStatus::Accept))));
            match only_here(orders).accept(&email("s@b"), &id("PAY1"), &Actor::job("test")).await {
                Ok(order) => assert!(waits && order.status == OrderStatus::Accept),
                Err(error) => assert!(!waits && error.is(&error::ORDER_NOT_RESERVED)),
            }
        }
    }
}
