//! How customers find stores around them, and on a map.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    model::{
        nearby::{Cluster, Cursor, MOST_ON_MAP, MOST_SEEN, NearbyAsk, NearbyPage, NearbySort, NearbyStore, Pin, StoreMap, all_seen, seen},
        offer::{StoreOffer, Tastes},
        place::Area,
        tile::{Placed, Tile},
    },
    ports::StoresNearby,
};
use crate::{
    shared::{Clock, Email, Result, StoreId},
    users::ports::Customers,
};

/// Offers read at once.
const AT_ONCE: usize = 2_000;

/// A store that fits, where it stands, and its distance in millimetres.
struct Fits {
    rank: i64,
    distance: i64,
    offer: StoreOffer,
}

/// Use cases of looking around.
pub struct NearbyService {
    stores: Arc<dyn StoresNearby>,
    customers: Arc<dyn Customers>,
    clock: Arc<dyn Clock>,
}

impl NearbyService {
    /// Builds the use cases on their ports.
    pub fn new(stores: Arc<dyn StoresNearby>, customers: Arc<dyn Customers>, clock: Arc<dyn Clock>) -> Self {
        Self { stores, customers, clock }
    }

    /// A page of the stores around a place.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn page(&self, customer: &Email, ask: &NearbyAsk) -> Result<NearbyPage> {
        let now = self.clock.now();
        let tastes = match ask.sort {
            NearbySort::Recommended => self.tastes(customer).await?,
            _ => Tastes::default(),
        };
        let tiles = self.stores.tiles(&ask.place.around(ask.radius)).await?;
        let around = around(ask, &tiles);
        let mut found = match ask.sort {
            NearbySort::Distance => self.nearest(ask, around, now).await?,
            _ => self.best(ask, around, &tastes, now).await?,
        };
        let more = found.len() > ask.limit;
        found.truncate(ask.limit);
        let next = next(ask, &found).filter(|_| more).map(|cursor| ask.cursor_text(&cursor));
        let distances: HashMap<_, _> = found.iter().map(|fits| (fits.offer.store.clone(), fits.distance)).collect();
        let listed = self.stores.listed(customer, found.into_iter().map(|fits| fits.offer).collect()).await?;
        // Of one that was read anew all is as it is now: it may fit no more.
        let stores = listed.into_iter().filter_map(|listed| {
            let offer = StoreOffer::of(&listed, now);
            let mut reasons = ask.fits(&offer, &tastes, now)?;
            reasons.sort_unstable_by_key(|kind| kind.as_str());
            reasons.dedup();
            let distance = (distances.get(&offer.store)? + 500) / 1_000;
            Some(NearbyStore { distance, glance: offer.glance(now), reasons, listed })
        });
        Ok(NearbyPage { at: now, stores: stores.collect(), next })
    }

    async fn tastes(&self, customer: &Email) -> Result<Tastes> {
        let profile = self.customers.profile(customer).await?;
        Ok(profile.map(|profile| Tastes::of(&profile.preferences)).unwrap_or_default())
    }

    /// The nearest of these that fit, one more than are asked for if there are so many.
    async fn nearest(&self, ask: &NearbyAsk, around: Vec<(i64, &StoreId)>, now: DateTime<Utc>) -> Result<Vec<Fits>> {
        let behind = match &ask.cursor {
            Some(Cursor::UpTo(distance, store)) => around.partition_point(|found| *found <= (*distance, store)),
            _ => 0,
        };
        let (mut found, mut rest) = (Vec::new(), &around[behind..]);
        // Most fit at most times; where few do, more are looked at each time.
        let mut number = ask.limit + ask.limit / 2 + 1;
        while !rest.is_empty() && found.len() <= ask.limit {
            let (some, others) = rest.split_at(number.min(rest.len()));
            found.extend(self.fitting(ask, some, &Tastes::default(), now).await?);
            (rest, number) = (others, (number * 4).min(AT_ONCE));
        }
        Ok(found)
    }

    /// The best of these that fit and have not been shown.
    async fn best(&self, ask: &NearbyAsk, mut around: Vec<(i64, &StoreId)>, tastes: &Tastes, now: DateTime<Utc>) -> Result<Vec<Fits>> {
        let shown = all_seen(ask.cursor.as_ref());
        around.retain(|(_, store)| !shown.contains(&seen(store)));
        let mut found = Vec::new();
        for some in around.chunks(AT_ONCE) {
            found.extend(self.fitting(ask, some, tastes, now).await?);
            // Only the first of them are wanted: the others are let go at once.
            found.sort_by(|a, b| (a.rank, a.distance, &a.offer.store).cmp(&(b.rank, b.distance, &b.offer.store)));
            found.truncate(ask.limit + 1);
        }
        Ok(found)
    }

    /// Which of these fit, in their order.
    async fn fitting(&self, ask: &NearbyAsk, some: &[(i64, &StoreId)], tastes: &Tastes, now: DateTime<Utc>) -> Result<Vec<Fits>> {
        let ids: Vec<_> = some.iter().map(|(_, store)| (*store).clone()).collect();
        let distances: HashMap<_, _> = some.iter().map(|(distance, store)| (*store, *distance)).collect();
        let fits = |offer: StoreOffer| {
            let reasons = ask.fits(&offer, tastes, now)?;
            Some(Fits { rank: ask.rank(&offer, reasons.len(), now), distance: *distances.get(&offer.store)?, offer })
        };
        Ok(self.stores.offers(&ids, now).await?.into_iter().filter_map(fits).collect())
    }

    /// A part of the map: a pin for each store where there are few; else those of a cell are a cluster, unless one is alone there.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn map(&self, area: &Area) -> Result<StoreMap> {
        let now = self.clock.now();
        let tiles = self.stores.tiles(std::slice::from_ref(area)).await?;
        let mut counted = BTreeMap::new();
        let level = area.level(MOST_ON_MAP);
        tiles.iter().for_each(|tile| tile.count(area, level, &mut counted));
        let number: usize = counted.values().map(|cell| cell.count).sum();
        let alone: Vec<&Placed> = if number <= MOST_ON_MAP {
            tiles.iter().flat_map(|tile| tile.stores()).filter(|placed| area.has(placed.place)).collect()
        } else {
            counted.values().filter(|cell| cell.count == 1).map(|cell| cell.one).collect()
        };
        let clusters = counted.values().filter(|cell| number > MOST_ON_MAP && cell.count > 1);
        let clusters = clusters.map(|cell| Cluster { middle: cell.middle(), count: cell.count }).collect();
        let places: HashMap<_, _> = alone.iter().map(|placed| (&placed.store, placed.place)).collect();
        let ids: Vec<_> = alone.iter().map(|placed| placed.store.clone()).collect();
        let pin = |offer: StoreOffer| {
            let (glance, place) = (offer.glance(now), *places.get(&offer.store)?);
            Some(Pin { store: offer.store, name: offer.name, place, glance })
        };
        Ok(StoreMap { pins: self.stores.offers(&ids, now).await?.into_iter().filter_map(pin).collect(), clusters })
    }
}

/// The stores within the radius, the nearest first.
fn around<'a>(ask: &NearbyAsk, tiles: &'a [Arc<Tile>]) -> Vec<(i64, &'a StoreId)> {
    let areas = ask.place.around(ask.radius);
    let placed = tiles.iter().flat_map(|tile| tile.stores()).filter(|placed| areas.iter().any(|area| area.has(placed.place)));
    let mut around: Vec<_> = placed
        .map(|placed| (ask.place.millimetres_to(placed.place), &placed.store))
        .filter(|(distance, _)| *distance <= ask.radius * 1_000)
        .collect();
    around.sort_unstable();
    around
}

/// Where the page after this one begins.
fn next(ask: &NearbyAsk, shown: &[Fits]) -> Option<Cursor> {
    if ask.sort == NearbySort::Distance {
        return shown.last().map(|last| Cursor::UpTo(last.distance, last.offer.store.clone()));
    }
    let before: Vec<_> = match &ask.cursor {
        Some(Cursor::Seen(before)) => before.clone(),
        _ => Vec::new(),
    };
    let all: Vec<_> = before.into_iter().chain(shown.iter().map(|fits| seen(&fits.offer.store))).collect();
    (all.len() <= MOST_SEEN).then_some(Cursor::Seen(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        products::testing::product,
        shared::testing::Noon,
        stores::{
            model::{nearby::NearbyInput, offer::OfferedProduct, place::Place},
            ports::MockStoresNearby,
        },
        users::ports::MockCustomers,
    };

    fn store(number: usize) -> StoreId {
        StoreId::trusted(format!("STR_{number:05}"))
    }

    /// So many stores at one place.
    fn tile(stores: usize) -> Arc<Tile> {
        let placed = |number| Placed { store: store(number), place: Place::new(37.5, 127.0).unwrap() };
        Arc::new(Tile::new((0..stores).map(placed).collect()).unwrap())
    }

    fn offer(store: &StoreId) -> StoreOffer {
        let products = vec![OfferedProduct::from(&product())];
        StoreOffer { store: store.clone(), version: 1, name: "가게".into(), calendar: None, products }
    }

    /// So many stores, all of which fit.
    fn stores(number: usize) -> MockStoresNearby {
        let mut stores = MockStoresNearby::new();
        stores.expect_tiles().returning(move |_| Ok(vec![tile(number)]));
        stores.expect_offers().returning(|ids, _| Ok(ids.iter().map(offer).collect()));
        // Gone meanwhile, all of them.
        stores.expect_listed().returning(|_, _| Ok(Vec::new()));
        stores
    }

    async fn next(stores: MockStoresNearby, sort: &str, cursor: Option<&str>) -> Option<String> {
        let service = NearbyService::new(Arc::new(stores), Arc::new(MockCustomers::new()), Arc::new(Noon));
        let ask = NearbyInput { lat: 37.5, lng: 127.0, radius_m: 500, sort, limit: 50, in_stock: true, cursor, ..NearbyInput::default() };
        let page = service.page(&Email::trusted("c@b.example".into()), &NearbyAsk::parse(&ask).unwrap()).await.unwrap();
        assert!(page.stores.is_empty(), "what is gone is not shown");
        page.next
    }

    #[tokio::test]
    async fn a_page_is_over_when_nothing_comes_after_it() {
        for sort in ["distance", "price"] {
            assert_eq!(next(stores(50), sort, None).await, None);
            let cursor = next(stores(51), sort, None).await;
            assert_eq!(next(stores(51), sort, cursor.as_deref()).await, None);
            assert!(next(stores(101), sort, cursor.as_deref()).await.is_some());
        }
    }

    #[tokio::test]
    async fn a_list_that_goes_by_what_changes_ends_somewhere() {
        let mut cursor = None;
        for _ in 0..MOST_SEEN / 50 {
            cursor = next(stores(3_000), "closing", cursor.as_deref()).await;
            assert!(cursor.is_some());
        }
        assert_eq!(next(stores(3_000), "closing", cursor.as_deref()).await, None);
    }

    #[tokio::test]
    async fn few_offers_are_read_for_a_page_by_distance() {
        let mut stores = MockStoresNearby::new();
        stores.expect_tiles().returning(|_| Ok(vec![tile(3_000)]));
        // Half as many more as the page has.
        stores.expect_offers().times(1).withf(|ids, _| ids.len() == 76).returning(|ids, _| Ok(ids.iter().map(offer).collect()));
        stores.expect_listed().withf(|_, offers| offers.len() == 50).returning(|_, _| Ok(Vec::new()));
        assert!(next(stores, "distance", None).await.is_some());
    }
}
