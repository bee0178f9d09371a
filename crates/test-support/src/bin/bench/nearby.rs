//! Stores around a place, and on a map, among those of a large city.

use std::time::{Duration, Instant};

use cheapbob_adapters_postgres::statements;

use super::{
    Bench, MANY_STORES,
    judge::{Goal, Judge},
};

/// All of Seoul.
const BOX: &str = "126.76,37.43,127.18,37.70";

/// A call of each kind is made as often a second.
const RATE: u32 = 100;

/// The nearest twenty in stock as one statement that reads all of them, by an index that cheapbob has no need of.
fn nearby_statement(lat: &str, lng: &str) -> String {
    let index = "point(radians(f.lng::float8), asinh(tan(radians(f.lat::float8))))";
    let here = format!("point(radians({lng}), asinh(tan(radians({lat}))))");
    let distance = |of: &str| {
        format!(
            "asin(sqrt(sin(radians({of}.lat::float8 - {lat}) / 2) ^ 2 + cos(radians({lat})) * cos(radians({of}.lat::float8)) * sin(radians({of}.lng::float8 - {lng}) / 2) ^ 2))"
        )
    };
    let in_stock = "EXISTS (SELECT 1 FROM products p WHERE p.store_id = f.id AND p.initial_stock + p.adjustment - p.sold - p.held > 0)";
    let page = format!("SELECT f.id FROM stores f WHERE f.has_product AND {in_stock} ORDER BY {index} <-> {here} LIMIT 20");
    format!("{}WHERE s.id = ANY (ARRAY({page}))\nORDER BY {}, s.id", statements::STORES, distance("s"))
}

impl Bench {
    /// A city of [`MANY_STORES`], or as many as the environment's `CHEAPBOB_BENCH_STORES` says.
    pub(super) async fn city(&self, stores_before: usize, judge: &mut Judge) {
        let stores = std::env::var("CHEAPBOB_BENCH_STORES").ok().and_then(|number| number.parse().ok()).unwrap_or(2 * MANY_STORES);
        self.database.stores(stores_before + 1, stores).await;
        let spread =
            "UPDATE stores SET lat = (37.43 + 0.27 * random())::numeric(9, 6)::text, lng = (126.76 + 0.42 * random())::numeric(9, 6)::text";
        self.database.sql(spread).await;
        // In a transaction of its own: the stores' triggers are deferred.
        let index = "CREATE INDEX bench_mercator ON stores USING gist (point(radians(lng::float8), asinh(tan(radians(lat::float8))))) WHERE has_product";
        self.database.sql(index).await;
        self.database.sql("VACUUM ANALYZE stores, store_versions, store_tiles").await;
        let (lat, lng) = ("37.5665", "126.9780");
        let path = "/api/v1/customer/search/stores";
        let (search, nearby, map) =
            (format!("{path}?page=0"), format!("{path}/nearby?lat={lat}&lng={lng}"), format!("{path}/map?bbox={BOX}"));
        let [west, south, east, north] = BOX.split(',').collect::<Vec<_>>()[..] else { unreachable!() };
        let cells = format!(
            "SELECT floor(lng::float8 / 0.02197265625), floor(lat::float8 / 0.02197265625), count(*), avg(lng::float8), avg(lat::float8)
             FROM stores WHERE has_product AND lng::float8 BETWEEN {west} AND {east} AND lat::float8 BETWEEN {south} AND {north} GROUP BY 1, 2"
        );
        println!();
        println!(
            "{:<34}{:>12}{:>12}{:>9}  {:<12}µs of CPU a call: http, PostgreSQL, Redis",
            format!("{stores} stores"),
            "cheapbob/s",
            "pgbench/s",
            "share",
            "goal"
        );
        let me = format!("'{}'", self.email);
        self.compare("nearby", &self.call(&nearby), &nearby_statement(lat, lng).replace("$1", &me), judge).await;
        for sort in ["price", "closing", "recommended"] {
            let (rate, _) = self.wrk(&self.call(&format!("{nearby}&sort={sort}")));
            println!("{:<34}{rate:>12.0}", format!("nearby, by {sort}"));
        }
        self.compare("nearby, map of Seoul", &self.call(&map), &cells, judge).await;
        self.latencies([("search, page 0", search), ("nearby", nearby), ("map", map)], judge).await;
    }

    /// Calls that come in turns at a fixed rate, whatever becomes of those before.
    async fn latencies(&self, calls: [(&str, String); 3], judge: &mut Judge) {
        let client = reqwest::Client::new();
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / (3 * RATE));
        let mut under_way = Vec::new();
        for _ in 0..u64::from(RATE) * self.seconds.max(4) {
            for (kind, (_, path)) in calls.iter().enumerate() {
                let due = ticks.tick().await.into_std();
                let request = client.get(format!("{}{path}", self.api.base)).bearer_auth(&self.token);
                under_way.push(tokio::spawn(async move {
                    let answer = request.send().await.unwrap().error_for_status().unwrap();
                    answer.bytes().await.unwrap();
                    (kind, Instant::now() - due)
                }));
            }
        }
        let mut times = [(); 3].map(|()| Vec::new());
        for call in under_way {
            let (kind, time) = call.await.unwrap();
            times[kind].push(time.as_secs_f64() * 1_000.0);
        }
        println!("{:<34}{:>12}{:>12}{:>9}", format!("{RATE} of each a second, in ms"), "p50", "p99", "of p99");
        let mut first = None;
        for ((name, _), times) in calls.iter().zip(&mut times) {
            times.sort_by(f64::total_cmp);
            let of = |share: f64| times[(times.len() as f64 * share) as usize];
            let ratio = of(0.99) / *first.get_or_insert(of(0.99));
            let goal = match *name {
                "nearby" => judge.judge("nearby, p99", ratio, Goal::Most(1.5), "×"),
                "map" => judge.judge("nearby, map of Seoul, p99", ratio, Goal::Most(3.0), "×"),
                _ => String::new(),
            };
            println!("{name:<34}{:>12.2}{:>12.2}{ratio:>8.1}×  {goal}", of(0.5), of(0.99));
        }
    }
}
