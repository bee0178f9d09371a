//! The same with real processes: two `cheapbob-http` and two `cheapbob-jobs` on one PostgreSQL, killed with `kill -9` at random and
//! started again, while schedules run through their HTTP.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cheapbob_test_support::{Answer, Api, Held, Person, RealServer, Shop, TestDatabase, eventually, noon};
use futures::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reqwest::Method;
use serde_json::{Value, json};

use super::check::{Booked, Evidence, ORDERS, wrong};
use crate::budget::{Budget, number};

/// Processes of each kind.
const EACH: usize = 2;

/// Schedules at once.
const LANES: usize = 5;

/// Acts of a schedule.
const ACTS: usize = 36;

/// Pieces that each store puts out.
const STOCK: i64 = 4;

struct Cluster {
    settings: Vec<(&'static str, String)>,
    ports: [u16; EACH],
    http: Vec<Option<RealServer>>,
    jobs: Vec<Option<RealServer>>,
    database: TestDatabase,
}

impl Cluster {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let settings = vec![
            ("DB_HOST", "127.0.0.1".to_owned()),
            ("DB_PORT", database.port()),
            ("DB_USER", "cheapbob".to_owned()),
            ("DB_NAME", database.name().to_owned()),
            // More calls than people make.
            ("RATE_LIMITS", "off".to_owned()),
            ("DB_POOL_SIZE", "8".to_owned()),
            ("RUST_LOG", "off".to_owned()),
        ];
        let ports = [RealServer::free_port(), RealServer::free_port()];
        let mut cluster = Self { settings, ports, http: vec![None, None], jobs: vec![None, None], database };
        for n in 0..EACH {
            cluster.start_http(n).await;
            cluster.start_jobs(n);
        }
        cluster
    }

    async fn start_http(&mut self, n: usize) {
        self.http[n] = Some(RealServer::http(self.ports[n], &self.settings).await);
    }

    /// Each finds the sandbox's PortOne at one of the servers, and not while that is dead.
    fn start_jobs(&mut self, n: usize) {
        self.jobs[n] = Some(RealServer::spawn("cheapbob-jobs", self.ports[n], &self.settings));
    }

    fn apis(&self) -> [Api; EACH] {
        self.ports.map(|port| Api::new(&format!("http://localhost:{port}")))
    }

    /// Kills one process after the other until the schedules are done; each is started again.
    async fn reap(&mut self, rng: &mut StdRng, running: &AtomicUsize) -> usize {
        let mut killed = 0;
        while running.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(rng.random_range(50..400))).await;
            let n = rng.random_range(0..EACH);
            if rng.random_bool(0.5) {
                self.http[n].take().unwrap().kill();
                self.start_http(n).await;
            } else {
                self.jobs[n].take().unwrap().kill();
                self.start_jobs(n);
            }
            killed += 1;
        }
        killed
    }
}

/// A schedule: a store and two customers who do things, at whichever server.
struct Lane {
    apis: [Api; EACH],
    shop: Shop,
    customers: [Person; 2],
    payments: Vec<(Held, usize)>,
    confirmed: BTreeSet<String>,
    rng: StdRng,
}

impl Lane {
    /// A call that may be cut off by a death, in which case nobody knows what it did.
    async fn call(&mut self, token: Option<String>, method: Method, path: &str, body: Option<Value>) -> Option<Answer> {
        let api = self.apis[self.rng.random_range(0..EACH)].clone();
        let answer = api.try_call(method.clone(), path, token.as_deref(), body.as_ref()).await.ok()?;
        // A server that is being cut off from its database says so.
        assert!(answer.status < 500 || answer.status == 503, "{method} {path}: {} {}", answer.status, answer.body);
        Some(answer)
    }

    async fn run(&mut self) {
        for _ in 0..ACTS {
            self.act().await;
        }
    }

    async fn act(&mut self) {
        let seller = self.shop.seller.token.clone();
        let dice = self.rng.random_range(0..100);
        let Some((held, n)) = self.payments.choose(&mut self.rng).cloned().filter(|_| dice >= 18) else {
            let n = self.rng.random_range(0..2);
            let body = json!({ "product_id": self.shop.product_id, "quantity": self.rng.random_range(1..3) });
            let answer = self.call(Some(self.customers[n].token.clone()), Method::POST, "/api/v1/customer/payment/init", Some(body)).await;
            if let Some(answer) = answer.filter(|a| a.status == 200) {
                let payment_id = answer.body["payment_id"].as_str().unwrap().to_owned();
                self.payments.push((Held { payment_id, body: answer.body }, n));
            }
            return;
        };
        let (customer, id) = (self.customers[n].token.clone(), held.payment_id.clone());
        let confirm = json!({ "payment_id": id });
        match dice {
            18..40 => {
                let mut checkout = json!({
                    "paymentId": id, "storeId": held.body["store_id"], "channelKey": held.body["channel_id"],
                    "totalAmount": held.body["total_amount"],
                });
                match self.rng.random_range(0..8) {
                    0 => checkout["totalAmount"] = 100.into(),
                    1 => checkout["status"] = "FAILED".into(),
                    _ => {}
                }
                self.call(None, Method::POST, "/sandbox/portone/checkout", Some(checkout)).await;
                if self.rng.random_bool(0.6) {
                    self.confirm(customer, &id, confirm).await;
                }
            }
            40..52 => self.confirm(customer, &id, confirm).await,
            52..56 => drop(self.call(Some(customer), Method::DELETE, &format!("/api/v1/customer/payment/init/{id}"), None).await),
            56..66 => drop(self.call(Some(seller), Method::PATCH, &format!("/api/v1/seller/store/orders/{id}/accept"), None).await),
            66..72 => {
                let code = self.call(Some(seller), Method::GET, &format!("/api/v1/seller/store/orders/{id}/qr"), None).await;
                let Some(code) = code.filter(|code| code.status == 200) else { return };
                let scan = json!({ "qr_data": code.body["qr_data"] });
                drop(self.call(Some(customer), Method::PATCH, &format!("/api/v1/customer/orders/{id}/complete"), Some(scan)).await);
            }
            72..80 => drop(self.call(Some(customer), Method::DELETE, &format!("/api/v1/customer/orders/{id}/cancel"), None).await),
            80..85 => drop(self.call(Some(seller), Method::DELETE, &format!("/api/v1/seller/store/orders/{id}/cancel"), None).await),
            85 => drop(self.call(Some(seller), Method::PATCH, "/api/v1/seller/store/close", None).await),
            86..94 => {
                let on = ["get", "cancel", "webhook"].choose(&mut self.rng).unwrap();
                let action = ["error500", "drop_response", "fail_200", "requested_200", "delay_ms"].choose(&mut self.rng).unwrap();
                let faults = json!({ "next": [{ "on": on, "do": action, "times": self.rng.random_range(1..4), "ms": 300 }] });
                self.call(None, Method::PUT, "/sandbox/portone/faults", Some(faults)).await;
            }
            _ => {
                let Some(now) = self.call(None, Method::GET, "/sandbox/clock", None).await else { return };
                let now = chrono::DateTime::parse_from_rfc3339(now.body["now"].as_str().unwrap()).unwrap();
                // Seconds, mostly; sometimes beyond a hold's end.
                let seconds = if self.rng.random_bool(0.8) { self.rng.random_range(1..20) } else { self.rng.random_range(100..400) };
                let later = (now + chrono::Duration::seconds(seconds)).to_rfc3339();
                self.call(None, Method::PUT, "/sandbox/clock", Some(json!({ "now": later }))).await;
            }
        }
    }

    async fn confirm(&mut self, customer: String, id: &str, body: Value) {
        let answer = self.call(Some(customer), Method::POST, "/api/v1/customer/payment/confirm", Some(body)).await;
        if answer.is_some_and(|a| a.status == 200) {
            self.confirmed.insert(id.to_owned());
        }
    }
}

/// Lets two days pass, hour by hour, with every process alive and PortOne well.
async fn rest(cluster: &Cluster, api: &Api) {
    const OPEN: &str =
        "SELECT (SELECT count(*) FROM holds WHERE next_look_at IS NOT NULL) + (SELECT count(*) FROM refunds WHERE state <> 'succeeded')
        + (SELECT count(*) FROM orders WHERE status IN ('reservation', 'accept'))
        + (SELECT count(*) FROM tasks WHERE job IS NULL AND status IN ('pending', 'running')) AS n";
    api.faults(json!([])).await;
    for payment in api.books().await {
        let waits = |c: &Value| c["status"] == "REQUESTED";
        if payment["cancellations"].as_array().is_some_and(|all| all.iter().any(waits)) {
            let path = format!("/sandbox/portone/payments/{}/decide", payment["id"].as_str().unwrap());
            api.call(Method::POST, &path, None, Some(&json!({ "status": "SUCCEEDED" }))).await.expect(200);
        }
    }
    eventually("everything has come to rest", 240, || async {
        api.advance(chrono::Duration::minutes(60)).await;
        // The other jobs see the hour by the clock.
        api.run_job("resolve_holds").await;
        (cluster.database.number(OPEN).await == 0).then_some(())
    })
    .await;
}

/// A store as PortOne's books have it; the mails are the caller's to add.
pub(super) async fn evidence_of(api: &Api, shop: &Shop, initial: i64) -> Evidence {
    let settings = shop.seller.get("/api/v1/seller/store/settings/payment").await.expect(200);
    let books: BTreeMap<_, _> = api
        .books()
        .await
        .into_iter()
        .filter(|p| p["storeId"] == settings["portone_store_id"])
        .map(|p| {
            let number = |name: &str| p["amount"][name].as_i64().unwrap();
            let done = p["cancellations"].as_array().into_iter().flatten().filter(|c| c["status"] == "SUCCEEDED").count();
            let paid = matches!(p["status"].as_str().unwrap(), "PAID" | "CANCELLED" | "PARTIAL_CANCELLED");
            let booked = Booked { paid, total: number("total"), cancelled: number("cancelled"), times: done };
            (p["id"].as_str().unwrap().to_owned(), booked)
        })
        .collect();
    Evidence { store: shop.store_id.clone(), initial, books, mails: BTreeSet::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn schedules_with_real_processes() {
    let budget = Budget::new("CHEAPBOB_REAL_SCHEDULES", 10, 40, Duration::from_secs(60));
    let schedules = usize::try_from(budget.most()).unwrap();
    let seed = number("CHEAPBOB_SEED").unwrap_or_else(rand::random);
    let replay = format!("seed {seed} (CHEAPBOB_SEED)");
    let mut cluster = Cluster::start().await;
    let apis = cluster.apis();
    apis[0].set_clock(noon()).await;
    let mut lanes = Vec::new();
    for n in 0..schedules {
        let shop = apis[0].shop(STOCK).await;
        shop.connect_webhooks().await;
        let customers = [apis[0].customer().await, apis[0].customer().await];
        let rng = StdRng::seed_from_u64(seed.wrapping_add(n as u64));
        lanes.push(Lane { apis: apis.clone(), shop, customers, payments: Vec::new(), confirmed: BTreeSet::new(), rng });
    }
    let (running, begun) = (Arc::new(AtomicUsize::new(LANES)), AtomicU64::new(0));
    let mut rng = StdRng::seed_from_u64(seed);
    let per_lane = schedules.div_ceil(LANES);
    let play = join_all(lanes.chunks_mut(per_lane).map(|mine| {
        let (running, begun, budget) = (Arc::clone(&running), &begun, &budget);
        async move {
            for lane in mine.iter_mut().take_while(|_| budget.allows(begun.fetch_add(1, Ordering::Relaxed))) {
                lane.run().await;
            }
            running.fetch_sub(1, Ordering::Relaxed);
        }
    }));
    // Fewer schedules than lanes: those without work are done.
    running.fetch_sub(LANES - schedules.div_ceil(per_lane), Ordering::Relaxed);
    let (_, killed) = tokio::join!(play, cluster.reap(&mut rng, &running));
    let schedules = lanes.iter().filter(|lane| !lane.payments.is_empty()).count();
    assert!(killed >= schedules.min(10) / 2, "enough died: {killed}");

    let api = &apis[0];
    rest(&cluster, api).await;
    let mails: BTreeSet<_> = cluster.database.texts("SELECT message_id FROM embedded.mails").await.into_iter().collect();
    let mut failures = Vec::new();
    for lane in &lanes {
        let mut evidence = evidence_of(api, &lane.shop, STOCK).await;
        let orders = cluster.database.texts(&format!("SELECT payment_id FROM {ORDERS} WHERE store_id = '{}'", evidence.store)).await;
        evidence.mails = mails.iter().filter(|m| orders.iter().any(|id| m.ends_with(id))).cloned().collect();
        failures.extend(wrong(&cluster.database, &evidence).await);
        failures.extend(lane.confirmed.iter().filter(|id| !orders.contains(id)).map(|id| format!("{id} was confirmed and is no order")));
    }
    assert!(failures.is_empty(), "{}\n\n{replay}", failures.join("\n"));
    let orders = cluster.database.count(ORDERS).await;
    assert!(orders as usize >= schedules / 2, "enough happened: {orders} orders, {killed} deaths ({replay})");
    println!("{schedules} schedules, {orders} orders, {killed} deaths");
}
