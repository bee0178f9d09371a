//! Orders as they happen: what is new for everybody, and what one has missed.

use std::{collections::HashMap, sync::Arc};

use super::{
    model::live::{Listener, OrderChange, Snapshot, Told, ToldChange},
    order_service::OrderService,
    ports::OrderChanges,
};
use crate::{
    shared::{Email, Result},
    stores::StoreService,
};

/// Changes that one statement reads for everybody. More have come up only where nobody could read for a long time.
const MOST_AT_ONCE: i64 = 5_000;

/// Changes that are read at once for one who missed them.
pub const MISSED_AT_ONCE: usize = 200;

/// What is new.
#[derive(Debug)]
pub struct News {
    /// What happened, as the orders then were, in order.
    pub told: Vec<ToldChange>,
    /// Who has to come again, since an order of theirs cannot be read now.
    pub left_out: Vec<Listener>,
    /// All that this has seen is in it, or was before.
    pub until: Snapshot,
}

/// Use cases of streams of orders.
pub struct LiveService {
    changes: Arc<dyn OrderChanges>,
    orders: Arc<OrderService>,
    stores: Arc<StoreService>,
}

impl LiveService {
    /// Builds the use cases on their ports.
    pub fn new(changes: Arc<dyn OrderChanges>, orders: Arc<OrderService>, stores: Arc<StoreService>) -> Self {
        Self { changes, orders, stores }
    }

    /// The seller's store.
    ///
    /// # Errors
    /// `store_not_found`: the seller has none.
    pub async fn of_seller(&self, seller: &Email) -> Result<Listener> {
        Ok(Listener::Store(self.stores.store_id(seller).await?))
    }

    /// What has ended by now.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn now(&self) -> Result<Snapshot> {
        self.changes.now().await
    }

    /// What is new since then, for everybody. `None`: it cannot be told from there (too much, or another server), so that everybody has to
    /// come again.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn news(&self, since: &Snapshot) -> Result<Option<News>> {
        let (changes, until) = self.changes.since(since, MOST_AT_ONCE).await?;
        if changes.len() as i64 == MOST_AT_ONCE || !since.is_before(&until) {
            return Ok(None);
        }
        match self.with_orders(changes.clone()).await {
            Ok(told) => Ok(Some(News { told, left_out: Vec::new(), until })),
            // Of many one may be in the archive already, which is away: the others are told.
            Err(error) => {
                tracing::warn!(%error, "orders of a stream cannot be read; who waits for them comes again");
                let left_out = changes.iter().flat_map(OrderChange::listeners).collect();
                Ok(Some(News { told: Vec::new(), left_out, until }))
            }
        }
    }

    /// How far somebody has been told who names an event's id. One that is not ours, or that another server gave, says nothing: all of the last hour
    /// is told.
    pub fn told_with(last_id: &str, now: &Snapshot) -> Told {
        let told = Told::parse(last_id).filter(|told| told.is_before(now));
        told.unwrap_or_else(|| Told::all_of(Snapshot::of_nothing()))
    }

    /// The next of what this one missed between `told` and `until`, at most [`MISSED_AT_ONCE`].
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn missed(&self, listener: &Listener, told: &Told, until: &Snapshot) -> Result<Missed> {
        // First the rest of the part that was cut, then what came after it.
        let (part_until, after) = told.part.clone().unwrap_or_else(|| (until.clone(), 0));
        let changes = self.changes.missed(listener, &told.since, &part_until, after, MISSED_AT_ONCE).await?;
        let is_whole = changes.len() < MISSED_AT_ONCE;
        let last = changes.last().map_or(after, |change| change.id);
        let missed = with_ids(&told.since, &part_until, self.with_orders(changes).await?, is_whole, |told| told.change.id);
        let next = match is_whole {
            true => Told::all_of(part_until.clone()),
            false => Told { since: told.since.clone(), part: Some((part_until.clone(), last)) },
        };
        Ok(Missed { told: missed, is_all: is_whole && part_until == *until, next })
    }

    /// Deletes what nobody is told any more; gives the number.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn prune(&self) -> Result<u64> {
        self.changes.prune().await
    }

    /// With each order as it was from that change on. One that is nowhere any more is left out.
    async fn with_orders(&self, changes: Vec<OrderChange>) -> Result<Vec<ToldChange>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut payments: Vec<_> = changes.iter().map(|change| change.payment_id.clone()).collect();
        payments.sort();
        payments.dedup();
        let orders: HashMap<_, _> = self.orders.these(&payments).await?.into_iter().map(|o| (o.order.payment_id.clone(), o)).collect();
        let told = changes.into_iter().filter_map(|change| {
            let mut order = orders.get(&change.payment_id)?.clone();
            order.order = order.order.as_of(change.status);
            Some(ToldChange { change, order })
        });
        Ok(told.collect())
    }
}

/// What somebody missed.
#[derive(Debug)]
pub struct Missed {
    /// Each with its id: how far they have been told with it.
    pub told: Vec<(Told, ToldChange)>,
    /// Nothing more was missed.
    pub is_all: bool,
    /// Where to go on.
    pub next: Told,
}

/// How far somebody has been told who knows all of `since`, with each of these that came between it and `until`. `is_whole`: there were no
/// others.
pub fn with_ids<T>(since: &Snapshot, until: &Snapshot, changes: Vec<T>, is_whole: bool, id: impl Fn(&T) -> i64) -> Vec<(Told, T)> {
    let last = changes.len();
    let with_id = |(n, change): (usize, T)| {
        let told = match is_whole && n + 1 == last {
            true => Told::all_of(until.clone()),
            false => Told { since: since.clone(), part: Some((until.clone(), id(&change))) },
        };
        (told, change)
    };
    changes.into_iter().enumerate().map(with_id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::{
            model::order::OrderStatus,
            ports::{MockOrderArchive, MockOrderChanges, MockOrders},
            testing::{order, order_service, store_service},
        },
        shared::{PaymentId, StoreId, testing::email},
        stores::ports::MockStoreImages,
    };

    fn snapshot(text: &str) -> Snapshot {
        Snapshot::parse(text).unwrap()
    }

    fn change(id: i64) -> OrderChange {
        OrderChange {
            id,
            transaction: 7,
            payment_id: PaymentId::parse(&format!("PAY{id}")).unwrap(),
            store_id: StoreId::parse("STR_1").unwrap(),
            customer: email("a@b"),
            status: OrderStatus::Reservation,
        }
    }

    /// Every order is here and accepted by now, but for `PAY9`, of which the archive says this.
    fn live(changes: MockOrderChanges, archived: fn() -> Result<Vec<crate::orders::Order>>) -> LiveService {
        let (mut orders, mut archive, mut images) = (MockOrders::new(), MockOrderArchive::new(), MockStoreImages::new());
        orders.expect_find_all().returning(|payments| {
            Ok(payments.iter().filter(|id| id.as_str() != "PAY9").map(|id| order(id.as_str(), OrderStatus::Accept)).collect())
        });
        archive.expect_find_all().withf(|payments| payments == [PaymentId::parse("PAY9").unwrap()]).returning(move |_| archived());
        images.expect_main_of().returning(|_| Ok(Vec::new()));
        LiveService::new(Arc::new(changes), Arc::new(order_service(orders, archive, images)), store_service())
    }

    fn since(changes: Vec<OrderChange>, until: &'static str) -> MockOrderChanges {
        let mut port = MockOrderChanges::new();
        port.expect_since().returning(move |_, _| Ok((changes.clone(), snapshot(until))));
        port
    }

    #[tokio::test]
    async fn news_are_the_orders_as_they_were() {
        let archived = || Ok(vec![order("PAY9", OrderStatus::Complete)]);
        let news = live(since(vec![change(3), change(9)], "9:9:"), archived).news(&snapshot("5:5:")).await.unwrap().unwrap();
        assert_eq!((news.told.len(), news.left_out.len(), news.until), (2, 0, snapshot("9:9:")));
        assert!(news.told.iter().all(|told| told.order.order.status == OrderStatus::Reservation));
        // One that is nowhere is nobody's news.
        let news = live(since(vec![change(3), change(9)], "9:9:"), || Ok(Vec::new())).news(&snapshot("5:5:")).await.unwrap().unwrap();
        assert_eq!(news.told.len(), 1);
    }

    #[tokio::test]
    async fn who_cannot_be_told_comes_again() {
        let away = || Err(crate::shared::Error::unavailable("mongodb", "x"));
        let news = live(since(vec![change(9)], "9:9:"), away).news(&snapshot("5:5:")).await.unwrap().unwrap();
        assert_eq!((news.told.len(), news.left_out), (0, change(9).listeners().to_vec()));
        for (changes, until) in [((0..MOST_AT_ONCE).map(change).collect(), "9:9:"), (Vec::new(), "4:4:")] {
            assert!(live(since(changes, until), away).news(&snapshot("5:5:")).await.unwrap().is_none());
        }
    }

    #[test]
    fn an_id_of_elsewhere_says_nothing() {
        let now = snapshot("10:12:");
        for (id, since) in [("10-1", "10:11:"), ("10-3", "1:1:"), ("mad", "1:1:"), ("", "1:1:"), ("9-1~10-9~4", "1:1:")] {
            assert_eq!(LiveService::told_with(id, &now), Told::all_of(snapshot(since)), "{id}");
        }
    }

    #[tokio::test]
    async fn what_was_missed_comes_in_pages_after_the_part_that_was_cut() {
        let (begin, cut, now) = (snapshot("5:5:"), snapshot("7:7:"), snapshot("9:9:"));
        // Since, until, after: what there is.
        let mut port = MockOrderChanges::new();
        let most = MISSED_AT_ONCE as i64;
        port.expect_missed().returning(move |listener, since, until, after, limit| {
            assert_eq!((listener, limit), (&Listener::Customer(email("a@b")), MISSED_AT_ONCE));
            let ids = match (since.to_string().as_str(), until.to_string().as_str()) {
                ("5:5:", "7:7:") => 0..5,
                ("7:7:", "9:9:") => 10..10 + most + 2,
                other => panic!("{other:?}"),
            };
            Ok(ids.filter(|id| *id > after).take(limit).map(change).collect())
        });
        let live = live(port, || Ok(vec![order("PAY9", OrderStatus::Complete)]));
        let mut told = Told { since: begin.clone(), part: Some((cut.clone(), 2)) };
        let mut pages = Vec::new();
        let mut ids = Vec::new();
        loop {
            let missed = live.missed(&Listener::Customer(email("a@b")), &told, &now).await.unwrap();
            pages.push(missed.told.len());
            ids.extend(missed.told.into_iter().map(|(told, change)| (change.change.id, told)));
            told = missed.next;
            if missed.is_all {
                break;
            }
        }
        assert_eq!((pages, told), (vec![2, MISSED_AT_ONCE, 2], Told::all_of(now.clone())));
        assert_eq!(ids.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [3, 4].into_iter().chain(10..10 + most + 2).collect::<Vec<_>>());
        // Each id leads to what comes after it.
        assert_eq!(ids[0].1, Told { since: begin, part: Some((cut.clone(), 3)) });
        assert_eq!(ids[1].1, Told::all_of(cut.clone()));
        assert_eq!(ids[2 + MISSED_AT_ONCE - 1].1, Told { since: cut, part: Some((now.clone(), 9 + most)) });
        assert_eq!(ids.last().unwrap().1, Told::all_of(now));
    }
}
