//! Searches on a replica: a standby that streams, stands still, hangs, is promoted and dies, each time under traffic.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cheapbob_test_support::{Person, PrivatePostgres, Proxy, RealServer, Way, eventually, noon, sql};
use serde_json::{Value, json};

use crate::postgres_reached::{keys, purchase};

/// The product on a primary and its standby, to which a way leads that can be cut.
struct Replicated {
    primary: PrivatePostgres,
    standby: PrivatePostgres,
    way: Proxy,
    product: RealServer,
    metrics_port: u16,
    log: tempfile::NamedTempFile,
}

impl Replicated {
    async fn start() -> Self {
        let primary = PrivatePostgres::start(&[]).await;
        let standby = primary.standby().await;
        let (way, log) = (Proxy::to(standby.port).await, tempfile::NamedTempFile::new().unwrap());
        let metrics_port = RealServer::free_port();
        let settings = [
            ("DATABASE_URL", primary.url("")),
            ("DATABASE_REPLICA_URL", replica_url(&way)),
            ("METRICS_PORT", metrics_port.to_string()),
            ("RATE_LIMITS", "off".to_owned()),
            keys(),
        ];
        let product = RealServer::http_logging_to(log.reopen().unwrap(), RealServer::free_port(), &settings).await;
        product.api.set_clock(noon()).await;
        Self { primary, standby, way, product, metrics_port, log }
    }

    /// Until the metric says whether the replica is left alone, while somebody searches.
    async fn left_alone(&self, customer: &Person, left_alone: bool) {
        eventually("the metric tells of it", 30, || async {
            search(customer).await;
            let text = reqwest::get(format!("http://127.0.0.1:{}/metrics", self.metrics_port)).await.ok()?.text().await.ok()?;
            text.contains(&format!("cheapbob_part_open{{part=\"replica\"}} {}\n", u8::from(left_alone))).then_some(())
        })
        .await;
    }

    /// How often the log says that the replica is left alone.
    fn said(&self) -> usize {
        let log = std::fs::read_to_string(self.log.path()).unwrap();
        log.lines().filter(|line| line.contains("a part does not answer") && line.contains("replica")).count()
    }
}

fn replica_url(way: &Proxy) -> String {
    format!("postgres://cheapbob@127.0.0.1:{}/cheapbob?target_session_attrs=standby", way.port)
}

/// The first page of all stores.
async fn search(customer: &Person) -> Vec<Value> {
    let page = customer.get("/api/v1/customer/search/stores?page=0").await.expect(200);
    page["stores"].as_array().unwrap().clone()
}

/// Until a search was run on this server, and found something.
async fn searched_on(server: &PrivatePostgres, customer: &Person) {
    let searched = "DO $$ BEGIN ASSERT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT a.turn, page.id%'); END $$";
    eventually("it is searched there", 20, || async {
        let found = search(customer).await;
        sql(&server.url(""), searched).await.ok().filter(|()| !found.is_empty())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_written_is_seen_at_once() {
    let world = Replicated::start().await;
    let api = &world.product.api;
    let (customer, shop) = (api.customer().await, api.shop(9).await);
    searched_on(&world.standby, &customer).await;
    // From now on it hears of nothing.
    world.standby.sql("cheapbob", "SELECT pg_wal_replay_pause()").await;
    let favorite = format!("/api/v1/customer/search/stores/{}/favorites", shop.store_id);
    customer.post(&favorite, &json!({})).await.expect(200);
    assert_eq!(search(&customer).await[0]["is_favorite"], true);
    assert_eq!(customer.get("/api/v1/customer/search/stores/favorites").await.expect(200).as_array().unwrap().len(), 1);
    customer.delete(&favorite).await.expect(200);
    assert_eq!(search(&customer).await[0]["is_favorite"], false);
    shop.seller.put("/api/v1/seller/store/profile/name", &json!({ "store_name": "새 이름" })).await.expect(200);
    assert_eq!(shop.seller.get("/api/v1/seller/store").await.expect(200)["store_name"], "새 이름");
    let other = api.shop(3).await;
    customer.get(&format!("/api/v1/customer/search/stores/{}/products", other.store_id)).await.expect(200);
    let ordered = customer.order(&shop.product_id, 2).await;
    let today = customer.get("/api/v1/customer/orders/today").await.expect(200);
    assert_eq!(today["orders"][0]["payment_id"], *ordered.payment_id);
}

/// A standby that stands still, and believes that it has everything.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_what_is_older_than_five_seconds() {
    let world = Replicated::start().await;
    let api = &world.product.api;
    let (customer, shop) = (api.customer().await, api.shop(9).await);
    searched_on(&world.standby, &customer).await;
    world.standby.sql("cheapbob", "SELECT pg_wal_replay_pause()").await;
    shop.seller.put("/api/v1/seller/store/profile/name", &json!({ "store_name": "새 이름" })).await.expect(200);
    // Twice that time.
    let renamed = || async { (search(&customer).await[0]["store_name"] == "새 이름").then_some(()) };
    eventually("the new name", 10, renamed).await;
    world.left_alone(&customer, true).await;
    world.standby.sql("cheapbob", "SELECT pg_wal_replay_resume()").await;
    world.left_alone(&customer, false).await;
    searched_on(&world.standby, &customer).await;
    assert_eq!(world.said(), 1, "an outage is one line");
    purchase(api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_hangs_is_promoted_or_dies_costs_nobody_an_answer() {
    let world = Replicated::start().await;
    let api = &world.product.api;
    let (customer, shop) = (api.customer().await, api.shop(9).await);
    searched_on(&world.standby, &customer).await;
    let over = Arc::new(AtomicBool::new(false));
    let traffic: Vec<_> = (0..4)
        .map(|_| {
            let (customer, over) = (customer.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    assert_eq!(search(&customer).await.len(), 1);
                }
            })
        })
        .collect();

    world.way.set(Way::Frozen);
    world.left_alone(&customer, true).await;
    world.way.set(Way::Open);
    world.left_alone(&customer, false).await;

    world.standby.sql("cheapbob", "SELECT pg_promote()").await;
    world.left_alone(&customer, true).await;
    shop.seller.put("/api/v1/seller/store/profile/name", &json!({ "store_name": "새 이름" })).await.expect(200);
    assert_eq!(search(&customer).await[0]["store_name"], "새 이름");

    let second = world.primary.standby().await;
    world.way.move_to(second.port);
    world.left_alone(&customer, false).await;
    searched_on(&second, &customer).await;
    drop(second);
    world.left_alone(&customer, true).await;

    over.store(true, Ordering::Relaxed);
    for searching in traffic {
        searching.await.expect("every search was answered");
    }
    assert_eq!(world.said(), 3, "each outage is one line");
    purchase(api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_a_replica_from_a_primary() {
    let primary = PrivatePostgres::start(&[]).await;
    let standby = primary.standby().await;
    let check = |replica: String| {
        let settings = [("DATABASE_URL", primary.url("")), ("DATABASE_REPLICA_URL", replica), keys()];
        let output = RealServer::command("cheapbob-http", &settings).arg("check").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let said = check(standby.url(""));
    assert!(said.contains(&format!("replica  ok     127.0.0.1:{}", standby.port)), "{said}");
    let said = check(primary.url(""));
    assert!(said.contains("replica  WRONG") && said.contains("it is no standby") && said.contains("see DATABASE_REPLICA_URL"), "{said}");
    standby.sql("postgres", "SELECT pg_wal_replay_pause()").await;
    primary.sql("cheapbob", "CREATE TABLE t ()").await;
    let said = check(standby.url(""));
    assert!(said.contains("replica  WRONG") && said.contains("too far behind"), "{said}");
}
