//! Stores around a place, and on a map (additions, Nearby), against a reference that looks at every store.
#![allow(clippy::print_stdout, reason = "how much was done, and with which seed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use cheapbob_test_support::{Person, TestApp, noon, normalized};
use chrono::Timelike;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::budget::{Budget, number};

const NEARBY: &str = "/api/v1/customer/search/stores/nearby";
const MAP: &str = "/api/v1/customer/search/stores/map";

/// Stores of the random world.
const STORES: usize = 500;

/// A product of the reference.
#[derive(Debug, Clone)]
struct Product {
    name: &'static str,
    price: i64,
    sale: i64,
    /// Minutes before the end of pickup, sale.
    steps: Vec<(i64, i64)>,
    left: i64,
    nutrition: Vec<&'static str>,
}

/// A store of the reference. Times are minutes of the day.
#[derive(Debug, Clone)]
struct Store {
    id: String,
    /// `None`: its address has no numbers.
    place: Option<(f64, f64)>,
    /// Opening, closing, pickup.
    hours: [i64; 4],
    enabled: bool,
    closed: bool,
    suspended: bool,
    paid: bool,
    products: Vec<Product>,
}

/// What a list says of a store.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    id: String,
    distance: i64,
    open: bool,
    price: Option<i64>,
    left: i64,
    reasons: BTreeSet<&'static str>,
}

#[derive(Debug, Clone)]
struct Query {
    centre: (f64, f64),
    radius: i64,
    sort: &'static str,
    open_now: bool,
    in_stock: bool,
    max_price: Option<i64>,
    nutrition: Vec<&'static str>,
    after: Option<i64>,
    before: Option<i64>,
}

/// Along the sphere, by the angle between two vectors.
fn metres((lat, lng): (f64, f64), (other_lat, other_lng): (f64, f64)) -> f64 {
    let vector = |lat: f64, lng: f64| {
        let (lat, lng) = (lat.to_radians(), lng.to_radians());
        [lat.cos() * lng.cos(), lat.cos() * lng.sin(), lat.sin()]
    };
    let (a, b) = (vector(lat, lng), vector(other_lat, other_lng));
    let chord = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    2.0 * (chord / 2.0).min(1.0).asin() * 6_371_008.8
}

impl Product {
    fn unit_price(&self, end: Option<i64>, now: i64) -> i64 {
        let reached = |(before, _): &&(i64, i64)| end.is_some_and(|end| end - before <= now);
        let sale = self.steps.iter().rfind(reached).map_or(self.sale, |(_, sale)| *sale);
        (self.price * (100 - sale) + 5_000) / 10_000 * 100
    }
}

impl Store {
    fn open(&self, now: i64) -> bool {
        self.enabled && !self.closed && !self.suspended && self.paid && (self.hours[0]..self.hours[1]).contains(&now)
    }

    fn pickup(&self) -> Option<(i64, i64)> {
        (self.enabled && !self.closed && !self.suspended).then_some((self.hours[2], self.hours[3]))
    }

    fn end(&self) -> Option<i64> {
        self.enabled.then_some(self.hours[3])
    }

    fn lowest(&self, now: i64) -> Option<i64> {
        self.products.iter().filter(|product| product.left > 0).map(|product| product.unit_price(self.end(), now)).min()
    }

    fn left(&self) -> i64 {
        self.products.iter().map(|product| product.left).sum()
    }

    fn fitting(&self, query: &Query, now: i64) -> Vec<&Product> {
        if query.open_now && !self.open(now) {
            return Vec::new();
        }
        if query.after.is_some() || query.before.is_some() {
            let Some((start, end)) = self.pickup() else { return Vec::new() };
            if start.max(query.after.unwrap_or(start)) >= end.min(query.before.unwrap_or(end)) {
                return Vec::new();
            }
        }
        let fits = |product: &&Product| {
            (!query.in_stock || product.left > 0)
                && query.max_price.is_none_or(|most| product.unit_price(self.end(), now) <= most)
                && (query.nutrition.is_empty() || product.nutrition.iter().any(|word| query.nutrition.contains(word)))
        };
        self.products.iter().filter(fits).collect()
    }
}

/// Which of a customer's tastes (샐러드, 아보카도, diet, protein) these products meet. Nobody looks at the allergy.
fn met(products: &[&Product]) -> Vec<&'static str> {
    let named = |name: &str| products.iter().any(|product| product.name.contains(name));
    let has = |word: &str| products.iter().any(|product| product.nutrition.contains(&word));
    [
        ("preferred_menu", named("샐러드")),
        ("topping_type", named("아보카도")),
        ("nutrition_type", has("diet")),
        ("nutrition_type", has("protein")),
    ]
    .into_iter()
    .filter_map(|(reason, is_met)| is_met.then_some(reason))
    .collect()
}

/// What a list must show, in order.
fn expected(stores: &[Store], query: &Query, now: i64) -> Vec<Seen> {
    let mut found = Vec::new();
    for store in stores {
        let Some(place) = store.place else { continue };
        let (distance, products) = (metres(query.centre, place), store.fitting(query, now));
        if distance > query.radius as f64 || products.is_empty() {
            continue;
        }
        let met = if query.sort == "recommended" { met(&products) } else { Vec::new() };
        let rank = match query.sort {
            "distance" => 0,
            "price" => store.lowest(now).unwrap_or(i64::MAX),
            "closing" => store.pickup().map(|(_, end)| end).filter(|end| *end > now).unwrap_or(i64::MAX),
            _ => -(met.len() as i64),
        };
        let millimetres = (distance * 1_000.0).round() as i64;
        let seen = Seen {
            id: store.id.clone(),
            distance: (millimetres + 500) / 1_000,
            open: store.open(now),
            price: store.lowest(now),
            left: store.left(),
            reasons: met.into_iter().collect(),
        };
        found.push((rank, millimetres, seen));
    }
    found.sort_by(|a, b| (a.0, a.1, &a.2.id).cmp(&(b.0, b.1, &b.2.id)));
    found.into_iter().map(|(.., seen)| seen).collect()
}

fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

impl Query {
    fn random(rng: &mut StdRng, stores: &[Store], sort: &'static str) -> Self {
        // At a store, or somewhere near one.
        let (lat, lng) = stores.choose(rng).unwrap().place.unwrap_or((37.5, 127.0));
        let away = |rng: &mut StdRng| if rng.random_bool(0.3) { 0.0 } else { rng.random_range(-0.02..0.02) };
        let centre = ((lat + away(rng)).clamp(-90.0, 90.0), (lng + away(rng)).clamp(-180.0, 180.0));
        Self {
            centre,
            radius: *[50, 400, 2_000, 2_000, 5_000, 20_000].choose(rng).unwrap(),
            sort,
            open_now: rng.random_bool(0.3),
            in_stock: rng.random_bool(0.7),
            max_price: rng.random_bool(0.3).then(|| rng.random_range(1_000..12_000)),
            nutrition: ["diet", "protein", "LCHF"].into_iter().filter(|_| rng.random_bool(0.15)).collect(),
            after: rng.random_bool(0.2).then(|| rng.random_range(0..1_440)),
            before: rng.random_bool(0.2).then(|| rng.random_range(0..1_440)),
        }
    }

    fn path(&self, limit: usize, cursor: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("lat", self.centre.0.to_string()), ("lng", self.centre.1.to_string()), ("radius_m", self.radius.to_string())]
        {
            query.append_pair(name, &value);
        }
        query.append_pair("sort", self.sort).append_pair("limit", &limit.to_string());
        query.append_pair("open_now", &self.open_now.to_string()).append_pair("in_stock", &self.in_stock.to_string());
        query.extend_pairs(self.nutrition.iter().map(|word| ("nutrition_type", word)));
        let others = [
            ("max_price", self.max_price.map(|most| most.to_string())),
            ("pickup_after", self.after.map(clock)),
            ("pickup_before", self.before.map(clock)),
            ("cursor", cursor.map(str::to_owned)),
        ];
        query.extend_pairs(others.into_iter().filter_map(|(name, value)| Some((name, value?))));
        format!("{NEARBY}?{}", query.finish())
    }
}

fn seen(store: &Value) -> Seen {
    let products = store["products"].as_array().unwrap();
    let left: i64 = products.iter().map(|product| product["current_stock"].as_i64().unwrap()).sum();
    assert_eq!(store["left"], left, "the products say so: {store}");
    let is_open = store["operation_times"].as_array().unwrap().iter().any(|row| row["is_currently_open"] == true);
    assert_eq!(store["is_open_now"], is_open, "the hours say so: {store}");
    let unit = |product: &Value| (product["price"].as_i64().unwrap() * (100 - product["sale"].as_i64().unwrap()) + 5_000) / 10_000 * 100;
    let lowest = products.iter().filter(|product| product["current_stock"].as_i64().unwrap() > 0).map(unit).min();
    assert_eq!(store["lowest_price"].as_i64(), lowest, "the products say so: {store}");
    let reason = |reason: &Value| ["preferred_menu", "topping_type", "nutrition_type"].into_iter().find(|known| reason == known).unwrap();
    Seen {
        id: store["store_id"].as_str().unwrap().to_owned(),
        distance: store["distance_m"].as_i64().unwrap(),
        open: is_open,
        price: lowest,
        left,
        reasons: store["reasons"].as_array().unwrap().iter().map(reason).collect(),
    }
}

/// All pages, one after the other.
async fn pages(customer: &Person, query: &Query, limit: usize) -> Vec<Vec<Seen>> {
    let (mut pages, mut cursor): (Vec<Vec<Seen>>, Option<String>) = (Vec::new(), None);
    loop {
        let page = customer.get(&query.path(limit, cursor.as_deref())).await.expect(200);
        pages.push(page["stores"].as_array().unwrap().iter().map(seen).collect());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return pages,
        }
    }
}

/// A world of stores, most of them in Seoul, some where maps end.
fn random_stores(rng: &mut StdRng) -> Vec<Store> {
    let mut stores = Vec::new();
    for n in 1..=STORES {
        let place = match n % 25 {
            0 => None,
            1 => Some((
                rng.random_range(-0.05..0.05),
                if rng.random_bool(0.5) { rng.random_range(179.9..=180.0) } else { rng.random_range(-180.0..=-179.9) },
            )),
            2 => Some((
                if rng.random_bool(0.5) { rng.random_range(89.9..=90.0) } else { rng.random_range(-90.0..=-89.9) },
                rng.random_range(-180.0..=180.0),
            )),
            3 => Some((37.5, 127.0)),
            _ => Some((rng.random_range(37.48..37.53), rng.random_range(126.97..127.05))),
        };
        // As many digits as a JSON reader takes exactly.
        let place = place.map(|(lat, lng): (f64, f64)| ((lat * 1e6).round() / 1e6, (lng * 1e6).round() / 1e6));
        let mut hours: [i64; 4] = std::array::from_fn(|_| rng.random_range(0..1_430));
        hours.sort_unstable();
        let [open, start, end, close] = hours;
        let products = (0..2).map(|_| {
            let sale = rng.random_range(0..50);
            let steps = [(600, sale + 10), (90, sale + 30), (15, sale + 50)].into_iter().filter(|_| rng.random_bool(0.4)).collect();
            Product {
                name: ["샐러드", "새우 포케", "계란 도시락", "아보카도 샌드위치", "국밥"].choose(rng).unwrap(),
                price: rng.random_range(10..150) * 100,
                sale,
                steps,
                left: if rng.random_bool(0.4) { 0 } else { rng.random_range(1..20) },
                nutrition: ["diet", "protein", "LCHF", "balance"].into_iter().filter(|_| rng.random_bool(0.3)).collect(),
            }
        });
        stores.push(Store {
            id: format!("STR_{n:026}"),
            place,
            hours: [open, close + 5, start + 1, end + 3],
            products: products.collect(),
            enabled: rng.random_bool(0.9),
            closed: rng.random_bool(0.1),
            suspended: rng.random_bool(0.05),
            paid: rng.random_bool(0.9),
        });
    }
    stores
}

/// SQL that makes a store of the database what it is in the reference.
fn update(store: &Store) -> String {
    let Store { id, hours: [open, close, start, end], enabled, suspended, .. } = store;
    let (lat, lng) = store.place.map_or_else(|| ("위도".to_owned(), "127".to_owned()), |(lat, lng)| (lat.to_string(), lng.to_string()));
    let closed_on = if store.closed { "'2026-11-24'" } else { "NULL" };
    let mut sql = format!(
        "UPDATE stores SET lat = '{lat}', lng = '{lng}', closed_on = {closed_on}, suspended = {suspended} WHERE id = '{id}';
         UPDATE operation_times SET open_time = '{}', close_time = '{}', pickup_start_time = '{}', pickup_end_time = '{}', is_open_enabled = {enabled} WHERE store_id = '{id}';",
        clock(*open),
        clock(*close),
        clock(*start),
        clock(*end),
    );
    if !store.paid {
        sql += &format!("DELETE FROM store_payments WHERE store_id = '{id}';");
    }
    for (n, product) in store.products.iter().enumerate() {
        let steps =
            product.steps.iter().map(|(minutes, sale)| json!({ "minutes_before_pickup_end": minutes, "sale": sale })).collect::<Value>();
        sql += &format!(
            "UPDATE products SET name = '{}', price = {}, sale = {}, price_steps = '{steps}', initial_stock = {}, nutrition_types = '{{{}}}'
             WHERE id = (SELECT id FROM products WHERE store_id = '{id}' ORDER BY id OFFSET {n} LIMIT 1);",
            product.name,
            product.price,
            product.sale,
            product.left,
            product.nutrition.join(",")
        );
    }
    sql
}

struct World {
    app: TestApp,
    customer: Person,
    stores: Vec<Store>,
    rng: StdRng,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::with(|settings| settings.rate_limits = false).await;
        let seed = number("CHEAPBOB_SEED").unwrap_or_else(rand::random);
        println!("CHEAPBOB_SEED={seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let stores = random_stores(&mut rng);
        app.database.stores(1, STORES).await;
        app.database.sql(&stores.iter().map(update).collect::<String>()).await;
        app.database.sql("ANALYZE").await;
        let customer = app.api.customer().await;
        for (path, body) in [
            ("nutrition-types", json!({ "nutrition_types": ["diet", "protein"] })),
            ("preferred-menus", json!({ "menu_types": ["salad"] })),
            ("topping-types", json!({ "topping_types": ["avocado"] })),
            ("allergies", json!({ "allergy_types": ["egg", "shellfish"] })),
        ] {
            customer.post(&format!("/api/v1/customer/profile/{path}"), &body).await.expect(201);
        }
        Self { app, customer, stores, rng }
    }

    /// Moves the clock to a minute of the day of which the reference is.
    async fn at(&self, minute: i64) {
        let midnight = noon() - chrono::Duration::seconds(i64::from(noon().with_timezone(&chrono_seoul()).num_seconds_from_midnight()));
        self.app.api.set_clock(midnight + chrono::Duration::minutes(minute)).await;
    }
}

fn chrono_seoul() -> chrono::FixedOffset {
    chrono::FixedOffset::east_opt(9 * 3_600).unwrap()
}

const SORTS: [&str; 4] = ["distance", "price", "closing", "recommended"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lists_and_maps_are_those_of_a_reference_that_looks_at_every_store() {
    let mut world = World::new().await;
    let (mut lists, mut shown) = (0, 0);
    let budget = Budget::new("CHEAPBOB_NEARBY_ROUNDS", 2, 8, Duration::from_secs(8));
    for round in (0..).take_while(|round| budget.allows(*round)) {
        // A session of noon is good all day.
        let minute = [720, 1_110, 1_235, 1_412][round as usize % 4];
        for sort in SORTS {
            for _ in 0..4 {
                world.at(minute).await;
                let query = Query::random(&mut world.rng, &world.stores, sort);
                let limit = world.rng.random_range(1..=50);
                let pages = pages(&world.customer, &query, limit).await;
                let (last, full) = pages.split_last().unwrap();
                assert!(full.iter().all(|page| page.len() == limit) && last.len() <= limit);
                let found: Vec<_> = pages.concat();
                let expected = expected(&world.stores, &query, minute);
                assert_eq!(found, expected, "{query:?}");
                (lists, shown) = (lists + 1, shown + found.len());
            }
        }
        world.at(minute).await;
        maps(&mut world, minute).await;
        // Some change, by whatever way.
        let (changed, mut sql) = (random_stores(&mut world.rng), String::new());
        for (store, changed) in world.stores.iter_mut().zip(changed).filter(|_| round % 2 == 0) {
            *store = Store { paid: store.paid, ..changed };
            sql += &update(store);
        }
        world.app.database.sql(&sql).await;
    }
    println!("{lists} lists, {shown} stores");
    assert!(shown > lists, "enough was found");
}

async fn maps(world: &mut World, minute: i64) {
    for n in 0..6 {
        let (lat, lng) = world.stores.choose(&mut world.rng).unwrap().place.unwrap_or((37.5, 127.0));
        let size: f64 = if n == 0 { 180.0 } else { *[0.001, 0.01, 0.05, 3.0].choose(&mut world.rng).unwrap() };
        let mut near = |degrees: f64, most: f64| (degrees + world.rng.random_range(0.0..=size)).clamp(-most, most);
        let (east, north) = (near(lng, 180.0), near(lat, 90.0));
        let (west, south) = ((east - size).max(-180.0), (north - size).max(-90.0));
        let map = world.customer.get(&format!("{MAP}?bbox={west},{south},{east},{north}")).await.expect(200);
        let (pins, clusters) = (map["pins"].as_array().unwrap(), map["clusters"].as_array().unwrap());
        let is_in = |(lat, lng): (f64, f64)| (south..=north).contains(&lat) && (west..=east).contains(&lng);
        let mut inside: BTreeMap<_, _> = world.stores.iter().filter(|s| s.place.is_some_and(is_in)).map(|s| (s.id.as_str(), s)).collect();
        assert!(pins.len() + clusters.len() <= 300);
        assert!(inside.len() > 300 || clusters.is_empty(), "few stores are pins");
        for pin in pins {
            let store = inside.remove(pin["store_id"].as_str().unwrap()).expect("it is there, once");
            let (lat, lng) = store.place.unwrap();
            let name = format!("마포 가게 {}", store.id.trim_start_matches("STR_").trim_start_matches('0'));
            assert_eq!(
                *pin,
                json!({ "store_id": store.id, "store_name": name, "lat": lat, "lng": lng, "is_open_now": store.open(minute),
                        "lowest_price": store.lowest(minute), "left": store.left() })
            );
        }
        let counted = clusters.iter().map(|cluster| cluster["count"].as_u64().unwrap()).collect::<Vec<_>>();
        assert!(counted.iter().all(|count| *count > 1));
        assert_eq!(counted.iter().sum::<u64>(), inside.len() as u64, "each store is counted once");
        for (field, of) in [("lat", (|(lat, _)| lat) as fn((f64, f64)) -> f64), ("lng", |(_, lng)| lng)] {
            let sum: f64 = clusters.iter().map(|c| c[field].as_f64().unwrap() * c["count"].as_f64().unwrap()).sum();
            let expected: f64 = inside.values().map(|store| of(store.place.unwrap())).sum();
            assert!((sum - expected).abs() < 1e-3, "they stand in the middle of theirs: {sum} {expected}");
        }
        for cluster in clusters {
            let (lat, lng) = (cluster["lat"].as_f64().unwrap(), cluster["lng"].as_f64().unwrap());
            let room = 1e-6;
            assert!((south - room..=north + room).contains(&lat) && (west - room..=east + room).contains(&lng));
        }
    }
}

/// Half of the stores sell out, open, close and change their prices all the time; of the others each is there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_turns_pages_sees_no_store_twice_and_each_that_was_there_throughout() {
    let mut world = World::new().await;
    world.at(1_110).await;
    let restless: Vec<_> = world.stores.iter().filter(|_| world.rng.random_bool(0.5)).map(|store| store.id.clone()).collect();
    let still: Vec<_> = world.stores.iter().filter(|store| !restless.contains(&store.id)).cloned().collect();
    let (over, mut rng) = (AtomicBool::new(false), StdRng::seed_from_u64(world.rng.random()));
    let changing = async {
        let mut changes = 0u64;
        while !over.load(Ordering::SeqCst) {
            let id = restless.choose(&mut rng).unwrap();
            let (stock, price, enabled) = (rng.random_range(0..3), rng.random_range(10..150) * 100, rng.random_bool(0.7));
            let sql = match changes % 3 {
                0 => format!("UPDATE products SET initial_stock = {stock} WHERE store_id = '{id}'"),
                1 => format!("UPDATE products SET price = {price} WHERE store_id = '{id}'"),
                _ => format!("UPDATE operation_times SET is_open_enabled = {enabled} WHERE store_id = '{id}'"),
            };
            world.app.database.sql(&sql).await;
            changes += 1;
        }
        changes
    };
    let queries: Vec<_> = SORTS
        .into_iter()
        .flat_map(|sort| [false, true].map(|open_now| (sort, open_now)))
        .map(|(sort, open_now)| Query {
            centre: (37.505, 127.0),
            radius: 6_000,
            sort,
            open_now,
            in_stock: true,
            max_price: None,
            nutrition: Vec::new(),
            after: None,
            before: None,
        })
        .collect();
    let reading = async {
        for query in &queries {
            world.at(1_110).await;
            let found = pages(&world.customer, query, 9).await.concat();
            let ids: BTreeSet<_> = found.iter().map(|seen| seen.id.clone()).collect();
            assert_eq!(ids.len(), found.len(), "none twice: {query:?}");
            let expected = expected(&still, query, 1_110);
            let of_still: Vec<_> = found.iter().filter(|seen| !restless.contains(&seen.id)).cloned().collect();
            assert_eq!(of_still, expected, "{query:?}");
            assert!(found.iter().all(|seen| seen.left > 0 && (seen.open || !query.open_now)), "what is shown fits");
        }
        over.store(true, Ordering::SeqCst);
    };
    let (changes, ()) = tokio::join!(changing, reading);
    println!("{changes} changes");
    assert!(changes > 20, "enough changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_with_its_field() {
    let app = TestApp::start().await;
    let (customer, shop) = (app.api.customer().await, app.api.shop(3).await);
    app.database.sql(&format!("UPDATE stores SET lat = '37.5006', lng = '127.0364' WHERE id = '{}'", shop.store_id)).await;
    let here = format!("{NEARBY}?lat=37.5&lng=127.03");
    for (path, field) in [
        (format!("{NEARBY}?lng=127"), "lat"),
        (format!("{NEARBY}?lat=37.5"), "lng"),
        (format!("{NEARBY}?lat=x&lng=127"), "lat"),
        (format!("{NEARBY}?lat=NaN&lng=127"), "lat"),
        (format!("{NEARBY}?lat=37.5&lng=180.5"), "lng"),
        (format!("{here}&radius_m=49"), "radius_m"),
        (format!("{here}&radius_m=20001"), "radius_m"),
        (format!("{here}&limit=0"), "limit"),
        (format!("{here}&limit=51"), "limit"),
        (format!("{here}&sort=rating"), "sort"),
        (format!("{here}&open_now=maybe"), "open_now"),
        (format!("{here}&max_price=-1"), "max_price"),
        (format!("{here}&nutrition_type=diet&nutrition_type=sweet"), "nutrition_type"),
        (format!("{here}&pickup_after=24:00"), "pickup_after"),
        (format!("{here}&pickup_before=6"), "pickup_before"),
        (format!("{here}&cursor=STR_1"), "cursor"),
        (MAP.to_owned(), "bbox"),
        (format!("{MAP}?bbox=1,2,3"), "bbox"),
        (format!("{MAP}?bbox=1,2,3,x"), "bbox"),
        (format!("{MAP}?bbox=127.1,37.4,126.9,37.6"), "bbox"),
        (format!("{MAP}?bbox=126.9,37.6,127.1,37.4"), "bbox"),
        (format!("{MAP}?bbox=126.9,37.4,180.1,37.6"), "bbox"),
        (format!("{MAP}?bbox=126.9,nan,127.1,37.6"), "bbox"),
    ] {
        let answer = customer.get(&path).await;
        assert_eq!(answer.body["errors"][0]["field"], field, "{path}: {}", answer.body);
        assert_eq!(answer.refused(422), "validation_failed");
    }
    insta::assert_json_snapshot!("nearby", normalized(&customer.get(&here).await.expect(200)));
    insta::assert_json_snapshot!("map", normalized(&customer.get(&format!("{MAP}?bbox=127,37.4,127.1,37.6")).await.expect(200)));

    // A cursor is its query's.
    app.database.stores(1, 3).await;
    app.database.sql("UPDATE stores SET lat = '37.5006', lng = '127.0364'").await;
    let page = customer.get(&format!("{here}&limit=2")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(customer.get(&format!("{here}&limit=3&cursor={cursor}")).await.expect(200)["stores"].as_array().unwrap().len(), 2);
    for other in ["&sort=price", "&radius_m=1999", "&open_now=true", "&in_stock=false"] {
        let answer = customer.get(&format!("{here}{other}&cursor={cursor}")).await;
        assert_eq!(answer.body["errors"][0]["code"], "bad_cursor", "{other}");
        assert_eq!(answer.refused(422), "validation_failed");
    }
}
