//! Stores around a place: where they are is kept tile by tile ([`crate::tiles`]), what they offer is read each time.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use cheapbob_domain::{
    products::{PriceSteps, Stock},
    shared::{Email, Error, Result, Sale, StoreId, Won, kst},
    stores::{Area, DayHours, ListedStore, OfferedProduct, Place, Placed, StoreCalendar, StoreOffer, Tile, ports::StoresNearby},
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};

use super::pages::Said;
use crate::{
    database::{Postgres, bad_row},
    documents::Numbers,
    products::Steps,
    sql::prepared,
    together::PART,
};

/// The versions of the tiles whose numbers lie within these pairs.
const VERSIONS: &str = "
SELECT t.tile, t.version FROM unnest($1, $2) AS a (first, last)
CROSS JOIN LATERAL (SELECT tile, version FROM store_tiles WHERE tile BETWEEN a.first AND a.last OFFSET 0) t";

/// The stores of tiles, with the tile's version; without a store where there is none.
const PLACES: &str = "
SELECT t.version, s.id, s.lat, s.lng FROM unnest($1) AS a (tile) JOIN store_tiles t ON t.tile = a.tile
LEFT JOIN LATERAL (SELECT id, lat, lng FROM stores WHERE has_product AND NOT withheld AND store_tile(lat, lng) = a.tile OFFSET 0) s ON true
ORDER BY t.tile";

/// How often tiles are read that have changed since their versions were asked for.
const ROUNDS: usize = 8;

/// What stores offer.
const OFFERS: &str = include_str!("sql/offers.sql");

#[derive(QueryableByName)]
struct VersionRow {
    #[diesel(sql_type = t::Integer)]
    tile: i32,
    #[diesel(sql_type = t::BigInt)]
    version: i64,
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = t::BigInt)]
    version: i64,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    id: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    lat: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    lng: Option<String>,
}

impl PlaceRow {
    fn placed(self) -> Option<Placed> {
        Some(Placed { store: StoreId::trusted(self.id?), place: Place::parse(&self.lat?, &self.lng?)? })
    }
}

#[derive(QueryableByName)]
struct OfferRow {
    #[diesel(sql_type = t::BigInt)]
    turn: i64,
    #[diesel(sql_type = t::Text)]
    id: String,
    #[diesel(sql_type = t::Text)]
    name: String,
    #[diesel(sql_type = t::BigInt)]
    version: i64,
    #[diesel(sql_type = t::Nullable<t::Date>)]
    closed_on: Option<NaiveDate>,
    #[diesel(sql_type = t::Bool)]
    suspended: bool,
    #[diesel(sql_type = t::Bool)]
    withheld: bool,
    #[diesel(sql_type = t::Bool)]
    payment_ready: bool,
    #[diesel(sql_type = t::Nullable<t::Time>)]
    open_time: Option<NaiveTime>,
    #[diesel(sql_type = t::Nullable<t::Time>)]
    close_time: Option<NaiveTime>,
    #[diesel(sql_type = t::Nullable<t::Time>)]
    pickup_start_time: Option<NaiveTime>,
    #[diesel(sql_type = t::Nullable<t::Time>)]
    pickup_end_time: Option<NaiveTime>,
    #[diesel(sql_type = t::Nullable<t::Bool>)]
    is_open_enabled: Option<bool>,
    #[diesel(sql_type = t::Integer)]
    initial_stock: i32,
    #[diesel(sql_type = t::Integer)]
    sold: i32,
    #[diesel(sql_type = t::Integer)]
    held: i32,
    #[diesel(sql_type = t::Integer)]
    adjustment: i32,
    #[diesel(sql_type = t::BigInt)]
    price: i64,
    #[diesel(sql_type = t::Integer)]
    sale: i32,
    #[diesel(sql_type = t::Integer)]
    product_version: i32,
    #[diesel(sql_type = t::Text)]
    product_name: String,
    #[diesel(sql_type = t::Array<t::Text>)]
    nutrition_types: Vec<String>,
    #[diesel(sql_type = t::Nullable<t::Jsonb>)]
    price_steps: Option<Steps>,
}

impl OfferRow {
    /// The store without its products.
    fn store(&self, day_of_week: i16) -> StoreOffer {
        let today = || {
            Some(DayHours {
                day_of_week,
                open_time: self.open_time?,
                close_time: self.close_time?,
                pickup_start_time: self.pickup_start_time?,
                pickup_end_time: self.pickup_end_time?,
                is_open_enabled: self.is_open_enabled?,
            })
        };
        let Self { closed_on, payment_ready, suspended, withheld, .. } = *self;
        StoreOffer {
            store: StoreId::trusted(self.id.clone()),
            version: self.version,
            name: self.name.clone(),
            calendar: today().map(|today| StoreCalendar { today, closed_on, payment_ready, suspended, withheld }),
            products: Vec::new(),
        }
    }

    fn product(self) -> Result<OfferedProduct> {
        Ok(OfferedProduct {
            name: self.product_name,
            stock: Stock { initial: self.initial_stock, sold: self.sold, held: self.held, adjustment: self.adjustment },
            price: Won(self.price),
            sale: Sale::parse(self.sale.into()).map_err(|_| bad_row("products.sale"))?,
            steps: self.price_steps.map_or_else(|| Ok(PriceSteps::default()), PriceSteps::try_from)?,
            version: self.product_version,
            nutrition_types: self.nutrition_types,
        })
    }
}

/// Tiles by their versions; `None`: a tile without stores.
type ByVersion = HashMap<i64, Option<Arc<Tile>>>;

impl Postgres {
    /// The versions that these tiles have now.
    async fn tile_versions(&self, first: &[i32], last: &[i32]) -> Result<Vec<VersionRow>> {
        let query = || {
            let query = sql_query(VERSIONS).bind::<t::Array<t::Integer>, _>(first.to_vec());
            prepared(query.bind::<t::Array<t::Integer>, _>(last.to_vec()))
        };
        Ok(self.load_of_others(query).await?.rows)
    }

    /// Tiles as they are now; from then on they are kept.
    async fn read_tiles(&self, numbers: Vec<i32>) -> Result<ByVersion> {
        let query = || prepared(sql_query(PLACES).bind::<t::Array<t::Integer>, _>(numbers.clone()));
        let mut stores: HashMap<i64, Vec<Placed>> = HashMap::new();
        for row in self.load_of_others::<_, PlaceRow>(query).await?.rows {
            stores.entry(row.version).or_default().extend(row.placed());
        }
        let tiles: ByVersion = stores.into_iter().map(|(version, stores)| (version, Tile::new(stores).map(Arc::new))).collect();
        tiles.iter().for_each(|(version, tile)| self.tiles.keep(*version, tile.clone()));
        Ok(tiles)
    }
}

#[async_trait]
impl StoresNearby for Postgres {
    async fn tiles(&self, areas: &[Area]) -> Result<Vec<Arc<Tile>>> {
        let (first, last): (Vec<_>, Vec<_>) = areas.iter().flat_map(Area::tiles).unzip();
        let mut read = ByVersion::new();
        let mut rounds = 0..ROUNDS;
        loop {
            let (mut tiles, mut missing) = (HashMap::new(), Vec::new());
            for VersionRow { tile, version } in self.tile_versions(&first, &last).await? {
                match read.get(&version).cloned().or_else(|| self.tiles.get(version)) {
                    Some(known) => drop(tiles.insert(tile, known)),
                    None => missing.push(tile),
                }
            }
            if missing.is_empty() {
                return Ok(tiles.into_values().flatten().collect());
            }
            if rounds.next().is_none() {
                return Err(Error::unavailable(PART, "stores move all the time"));
            }
            // Two areas may have a part in one tile.
            missing.sort_unstable();
            missing.dedup();
            // What was read is asked about once more, with all the others: so all of them are of one instant.
            read.extend(self.read_tiles(missing).await?);
        }
    }

    async fn offers(&self, stores: &[StoreId], at: DateTime<Utc>) -> Result<Vec<StoreOffer>> {
        if stores.is_empty() {
            return Ok(Vec::new());
        }
        let (ids, weekday): (Vec<_>, _) = (stores.iter().map(ToString::to_string).collect(), kst::weekday(at));
        let query = || prepared(sql_query(OFFERS).bind::<t::Array<t::Text>, _>(ids.clone()).bind::<t::SmallInt, _>(weekday));
        let (mut offers, mut turn): (Vec<StoreOffer>, _) = (Vec::new(), 0);
        for row in self.load_of_others::<_, OfferRow>(query).await?.rows {
            if row.turn != turn {
                turn = row.turn;
                offers.push(row.store(weekday));
            }
            let product = row.product()?;
            if let Some(offer) = offers.last_mut() {
                offer.products.push(product);
            }
        }
        Ok(offers)
    }

    async fn listed(&self, customer: &Email, offers: Vec<StoreOffer>) -> Result<Vec<ListedStore>> {
        let numbers = |product: OfferedProduct| {
            let OfferedProduct { stock, price: Won(price), sale, version, .. } = product;
            Numbers { stock, price, sale: sale.get(), version }
        };
        let said = offers.into_iter().map(|offer| {
            let numbers = offer.products.into_iter().map(numbers).collect();
            Said { id: offer.store.to_string(), version: offer.version, numbers }
        });
        let shown = self.with_documents(vec![said.collect()]).await?;
        let listed = self.with_favorites(shown.into_iter().map(|stores| (customer, stores)).collect()).await?;
        Ok(listed.into_iter().flatten().collect())
    }
}
