//! Streams of orders: each change once and in order, whichever process it came through and whatever is killed or cut.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use cheapbob_test_support::{Api, Person, Proxy, RealServer, Shop, TestDatabase, Way, eventually, noon, redis_url};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

const OF_CUSTOMER: &str = "/api/v1/customer/orders/stream";
const OF_STORE: &str = "/api/v1/seller/store/orders/stream";

/// An event as it came.
#[derive(Debug, Clone)]
struct Told {
    id: String,
    name: String,
    order: Value,
}

impl Told {
    fn of(&self) -> (String, String) {
        (self.name.clone(), self.order["payment_id"].as_str().unwrap().to_owned())
    }
}

/// A stream that is open.
struct Stream {
    response: reqwest::Response,
    text: String,
    last_id: Option<String>,
}

impl Stream {
    async fn try_open(person: &Person, path: &str, last_id: Option<&str>) -> Result<Self, Option<u16>> {
        let url = format!("{}{path}", person.api.base);
        let client = reqwest::Client::builder().http1_only().build().unwrap();
        let mut request = client.get(url).bearer_auth(&person.token);
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.map_err(|_| None)?;
        if response.status() != 200 {
            return Err(Some(response.status().as_u16()));
        }
        Ok(Self { response, text: String::new(), last_id: last_id.map(str::to_owned) })
    }

    async fn open(person: &Person, path: &str, last_id: Option<&str>) -> Self {
        let mut stream = Self::try_open(person, path, last_id).await.unwrap_or_else(|status| panic!("{path}: {status:?}"));
        let first = stream.block().await.unwrap();
        assert!(first.starts_with("retry: 1000"), "{first}");
        stream
    }

    /// The next block of lines; `None`: it ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                if let Some(id) = block.lines().find_map(|line| line.strip_prefix("id: ")) {
                    self.last_id = Some(id.to_owned());
                }
                return Some(block);
            }
            let bytes = self.response.chunk().await.ok().flatten()?;
            self.text += std::str::from_utf8(&bytes).unwrap();
        }
    }

    /// The next event; `None`: it ended.
    async fn next(&mut self) -> Option<Told> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let (Some(name), Some(data)) = (field("event: "), field("data: ")) {
                return Some(Told { id: field("id: ").unwrap(), name, order: serde_json::from_str(&data).unwrap() });
            }
        }
    }

    async fn soon(&mut self) -> Told {
        tokio::time::timeout(Duration::from_secs(10), self.next()).await.expect("an event").expect("no end")
    }

    /// It ends without another event.
    async fn ends(&mut self) {
        let end = tokio::time::timeout(Duration::from_secs(10), self.next()).await.expect("its end");
        assert!(end.is_none(), "{end:?}");
    }
}

fn settings(database: &TestDatabase, redis: u16) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("RATE_LIMITS", "off".to_owned()),
        ("RUST_LOG", "error".to_owned()),
    ];
    settings.extend([("REDIS_HOST", "127.0.0.1".to_owned()), ("REDIS_PORT", redis.to_string())]);
    settings
}

fn redis_port() -> u16 {
    url::Url::parse(&redis_url()).unwrap().port().unwrap()
}

async fn two(settings: &[(&'static str, String)]) -> [RealServer; 2] {
    let ports = [RealServer::free_port(), RealServer::free_port()];
    let first = RealServer::http_with_jobs(ports[0], settings).await;
    let second = RealServer::http(ports[1], settings).await;
    first.api.set_clock(noon()).await;
    [first, second]
}

fn over(person: &Person, api: &Api) -> Person {
    Person { api: api.clone(), ..person.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_are_told_through_another_process_within_half_a_second() {
    let database = TestDatabase::create().await;
    let [a, b] = two(&settings(&database, redis_port())).await;
    let (shop, customer, stranger) = (a.api.shop(10).await, a.api.customer().await, a.api.customer().await);
    let mut of_store = Stream::open(&over(&shop.seller, &b.api), OF_STORE, None).await;
    let mut of_customer = Stream::open(&over(&customer, &b.api), OF_CUSTOMER, None).await;
    let mut of_stranger = Stream::open(&over(&stranger, &b.api), OF_CUSTOMER, None).await;

    let mut told = async |name: &str, payment: &str, since: Instant| {
        for (stream, list) in [(&mut of_store, "store"), (&mut of_customer, "customer")] {
            let event = stream.soon().await;
            assert!(since.elapsed() < Duration::from_millis(1_500), "{list}: {:?}", since.elapsed());
            assert_eq!(event.of(), (name.to_owned(), payment.to_owned()));
            let lists = match list {
                "store" => shop.seller.get("/api/v1/seller/store/orders").await.expect(200),
                _ => customer.get("/api/v1/customer/orders").await.expect(200),
            };
            let listed = lists["orders"].as_array().unwrap().iter().find(|order| order["payment_id"] == payment).unwrap();
            assert_eq!(event.order, *listed, "as the lists give it");
        }
    };
    let held = customer.order(&shop.product_id, 1).await;
    told("order_placed", &held.payment_id, Instant::now()).await;
    shop.accept(&held.payment_id).await.expect(200);
    told("order_accepted", &held.payment_id, Instant::now()).await;
    let code = shop.code(&held.payment_id).await;
    customer.scan(&held.payment_id, &code).await.expect(200);
    told("order_completed", &held.payment_id, Instant::now()).await;
    let held = customer.order(&shop.product_id, 2).await;
    told("order_placed", &held.payment_id, Instant::now()).await;
    customer.cancel(&held.payment_id).await.expect(200);
    told("order_canceled", &held.payment_id, Instant::now()).await;

    // Nothing of it is a stranger's; nobody else has a stream.
    let own = stranger.order(&shop.product_id, 1).await;
    assert_eq!(of_stranger.soon().await.of(), ("order_placed".to_owned(), own.payment_id));
    assert_eq!(customer.get(OF_STORE).await.refused(403), "wrong_role");
    assert_eq!(a.api.get(OF_CUSTOMER).await.refused(401), "unauthenticated");
    // HEAD has no end to wait for.
    let head = customer.call(Method::HEAD, OF_CUSTOMER, None).await;
    assert_eq!(head.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_in_the_last_hour_is_told_once_and_in_order() {
    let database = TestDatabase::create().await;
    let [a, b] = two(&settings(&database, redis_port())).await;
    let (shop, customer) = (a.api.shop(50).await, a.api.customer().await);
    let mut stream = Stream::open(&customer, OF_CUSTOMER, None).await;
    let first = stream.last_id.clone().unwrap();
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(customer.order(&shop.product_id, 1).await.payment_id);
        shop.accept(orders.last().unwrap()).await.expect(200);
    }
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(stream.soon().await);
    }
    let expected: Vec<_> =
        orders.iter().flat_map(|id| ["order_placed", "order_accepted"].map(|name| (name.to_owned(), id.clone()))).collect();
    assert_eq!(told.iter().map(Told::of).collect::<Vec<_>>(), expected);
    // An order is told as it was, whatever it is by now.
    for order in &orders {
        customer.cancel(order).await.refused(400);
        shop.seller
            .delete_with(&format!("/api/v1/seller/store/orders/{order}/cancel"), &json!({ "reason": "재료 소진" }))
            .await
            .expect(200);
    }
    let all: Vec<_> = expected.into_iter().chain(orders.iter().map(|id| ("order_canceled".to_owned(), id.clone()))).collect();

    // From any event on, through either process; each id that is met on the way leads to the same.
    let missed = async |api: &Api, id: &str, from: usize| {
        let mut stream = Stream::open(&over(&customer, api), OF_CUSTOMER, Some(id)).await;
        let mut told = Vec::new();
        for _ in from..all.len() {
            told.push(stream.soon().await);
        }
        assert_eq!(told.iter().map(Told::of).collect::<Vec<_>>(), all[from..], "from {id}");
        told
    };
    let replayed = missed(&b.api, &first, 0).await;
    assert_eq!(replayed[0].order["status"], "reservation");
    assert_eq!((&replayed[1].order["status"], &replayed[1].order["cancel_reason"]), (&json!("accept"), &Value::Null));
    assert_eq!(replayed[8].order["cancel_reason"], "재료 소진");
    for (n, event) in told.iter().enumerate() {
        missed(if n % 2 == 0 { &a.api } else { &b.api }, &event.id, n + 1).await;
    }
    for (n, event) in replayed.iter().enumerate().take(8) {
        missed(if n % 2 == 0 { &b.api } else { &a.api }, &event.id, n + 1).await;
    }
    // What is no id of this server's says that nothing was told.
    for id in ["mad", "99999999999-5", "1-1~1-1~9223372036854775807~", &"9".repeat(4_000)] {
        missed(&a.api, id, 0).await;
    }
    // What is older than an hour is told no more.
    database.sql("UPDATE order_events SET at = now() - interval '61 minutes' WHERE status <> 'cancel'").await;
    missed(&a.api, &first, 6).await;
    a.api.run_job("prune_inbox").await;
    assert_eq!(database.number("SELECT count(*) AS n FROM order_events").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_commits_later_than_what_began_later_is_told() {
    let database = TestDatabase::create().await;
    let [a, b] = two(&settings(&database, redis_port())).await;
    let (shop, customer) = (a.api.shop(50).await, a.api.customer().await);
    let (one, two) = (customer.order(&shop.product_id, 1).await.payment_id, customer.order(&shop.product_id, 1).await.payment_id);
    let mut stream = Stream::open(&over(&shop.seller, &b.api), OF_STORE, None).await;
    let begun = stream.last_id.clone().unwrap();
    // It has taken its number, and is not committed yet.
    let mut slow = AsyncPgConnection::establish(&database.url()).await.unwrap();
    slow.batch_execute(&format!("BEGIN; UPDATE orders SET status = 'accept', accepted_at = now() WHERE payment_id = '{one}'"))
        .await
        .unwrap();
    shop.accept(&two).await.expect(200);
    let quick = stream.soon().await;
    assert_eq!(quick.of(), ("order_accepted".to_owned(), two.clone()));
    let mut later = Stream::open(&shop.seller, OF_STORE, Some(&quick.id)).await;
    slow.batch_execute("COMMIT").await.unwrap();
    let late = ("order_accepted".to_owned(), one);
    assert_eq!((stream.soon().await.of(), later.soon().await.of()), (late.clone(), late.clone()));
    // Whoever has been told of the quick one alone is told of the other, once; and whoever was told of neither of both.
    let mut again = Stream::open(&shop.seller, OF_STORE, Some(&quick.id)).await;
    assert_eq!(again.soon().await.of(), late);
    let mut both = Stream::open(&shop.seller, OF_STORE, Some(&begun)).await;
    let mut names = [both.soon().await.of().1, both.soon().await.of().1];
    names.sort();
    let mut expected = [late.1, two];
    expected.sort();
    assert_eq!(names, expected);
    // And nothing more.
    let third = customer.order(&shop.product_id, 1).await.payment_id;
    for stream in [&mut stream, &mut later, &mut again, &mut both] {
        assert_eq!(stream.soon().await.of(), ("order_placed".to_owned(), third.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token_and_an_account_has_ten() {
    let database = TestDatabase::create().await;
    let [a, b] = two(&settings(&database, redis_port())).await;
    let (shop, customer) = (a.api.shop(50).await, a.api.customer().await);
    let mut streams = Vec::new();
    for n in 0..10 {
        let api = if n % 2 == 0 { &a.api } else { &b.api };
        streams.push(Stream::open(&over(&customer, api), OF_CUSTOMER, None).await);
    }
    assert_eq!(Stream::try_open(&customer, OF_CUSTOMER, None).await.err(), Some(Some(429)));
    // One that has gone makes room, once it is noticed.
    streams.pop();
    let open = async || Stream::try_open(&customer, OF_CUSTOMER, None).await.ok();
    streams.push(eventually("a place is free", 40, open).await);

    customer.post("/api/v1/auth/logout", &json!({})).await.expect(200);
    // What happens from then on is told nobody.
    let other = a.api.person("customer", &customer.email).await;
    let held = other.order(&shop.product_id, 1).await;
    join_all(streams.iter_mut().map(Stream::ends)).await;

    let eleventh = async || Stream::try_open(&other, OF_CUSTOMER, None).await.ok();
    let mut stream = eventually("places of ended streams are free", 20, eleventh).await;
    let mut of_store = Stream::open(&shop.seller, OF_STORE, None).await;
    shop.accept(&held.payment_id).await.expect(200);
    assert_eq!(stream.soon().await.name, "order_accepted");
    other.scan(&held.payment_id, &shop.code(&held.payment_id).await).await.expect(200);
    assert_eq!(stream.soon().await.name, "order_completed");
    other.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
    stream.ends().await;
    // The seller's ends with its time.
    assert_eq!([of_store.soon().await.name, of_store.soon().await.name], ["order_accepted", "order_completed"]);
    a.api.advance(chrono::Duration::days(8)).await;
    of_store.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_stream_has_a_comment_each_15_seconds() {
    let database = TestDatabase::create().await;
    let a = RealServer::http(RealServer::free_port(), &settings(&database, redis_port())).await;
    let customer = a.api.customer().await;
    let mut stream = Stream::open(&customer, OF_CUSTOMER, None).await;
    let begun = Instant::now();
    assert_eq!(tokio::time::timeout(Duration::from_secs(18), stream.block()).await.unwrap().unwrap(), ":");
    assert!(begun.elapsed() > Duration::from_secs(12), "{:?}", begun.elapsed());
    // A process that is asked to end lets nobody wait for it.
    let begun = Instant::now();
    assert!(a.interrupt().success());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    stream.ends().await;
}

/// What one who listens was told, from `last_id` on. Comes again wherever it is cut, also by itself, to either process.
async fn follow(person: [Person; 2], path: &'static str, seed: u64, mut last_id: String, told: Arc<Mutex<Vec<(String, String)>>>) {
    let mut random = StdRng::seed_from_u64(seed);
    loop {
        let person = &person[random.random_range(0..2)];
        let Ok(mut stream) = Stream::try_open(person, path, Some(&last_id)).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut cut = std::pin::pin!(tokio::time::sleep(Duration::from_millis(random.random_range(20..1_500))));
        loop {
            tokio::select! {
                event = stream.next() => match event {
                    Some(event) => told.lock().unwrap().push(event.of()),
                    None => break,
                },
                () = &mut cut => break,
            }
        }
        last_id = stream.last_id.unwrap();
    }
}

/// A call through whichever process answers; `None` where it is refused.
async fn through(apis: &[Api; 2], random: &mut StdRng, person: &Person, method: Method, path: &str, body: Option<&Value>) -> Option<Value> {
    loop {
        let api = &apis[random.random_range(0..2)];
        match api.try_call(method.clone(), path, Some(&person.token), body).await {
            Ok(answer) if answer.status < 300 => return Some(answer.body),
            Ok(answer) if answer.status < 500 => return None,
            _ => tokio::time::sleep(Duration::from_millis(30)).await,
        }
    }
}

/// Buys, and then one of both sides cancels or the store accepts.
async fn trade(apis: &[Api; 2], shop: &Shop, customer: &Person, seed: u64, number: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..number {
        let hold = json!({ "product_id": shop.product_id, "quantity": 1 });
        let Some(body) = through(apis, &mut random, customer, Method::POST, "/api/v1/customer/payment/init", Some(&hold)).await else {
            continue;
        };
        let payment = body["payment_id"].as_str().unwrap();
        let checkout = json!({
            "paymentId": payment, "storeId": body["store_id"], "channelKey": body["channel_id"], "orderName": "test", "totalAmount": body["total_amount"],
        });
        through(apis, &mut random, customer, Method::POST, "/sandbox/portone/checkout", Some(&checkout)).await;
        let paid = json!({ "payment_id": payment });
        through(apis, &mut random, customer, Method::POST, "/api/v1/customer/payment/confirm", Some(&paid)).await;
        let (person, method, path) = match random.random_range(0..3) {
            0 => (customer, Method::DELETE, format!("/api/v1/customer/orders/{payment}/cancel")),
            1 => (&shop.seller, Method::DELETE, format!("/api/v1/seller/store/orders/{payment}/cancel")),
            _ => (&shop.seller, Method::PATCH, format!("/api/v1/seller/store/orders/{payment}/accept")),
        };
        through(apis, &mut random, person, method, &path, Some(&json!({ "reason": "재료 소진" }))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_missed_or_doubled_whatever_is_killed_or_cut() {
    const ORDERS: usize = 9;
    let (database, redis) = (TestDatabase::create().await, Proxy::to(redis_port()).await);
    let settings = settings(&database, redis.port);
    let ports = [RealServer::free_port(), RealServer::free_port()];
    let mut servers = [Some(RealServer::http(ports[0], &settings).await), Some(RealServer::http(ports[1], &settings).await)];
    let apis = [0, 1].map(|n: usize| servers[n].as_ref().unwrap().api.clone());
    apis[0].set_clock(noon()).await;
    let shop = apis[0].shop(2_000).await;
    let customers = [apis[0].customer().await, apis[0].customer().await, apis[0].customer().await];
    let of_customers = customers.iter().map(|customer| (customer, OF_CUSTOMER, format!("customer_email = '{}'", customer.email)));
    let mut listening = Vec::new();
    for (person, path, whose) in of_customers.chain([(&shop.seller, OF_STORE, format!("store_id = '{}'", shop.store_id))]) {
        let first = Stream::open(person, path, None).await.last_id.unwrap();
        for seed in 0..2 {
            let (told, both) = (Arc::new(Mutex::new(Vec::new())), [0, 1].map(|n: usize| over(person, &apis[n])));
            let follows = tokio::spawn(follow(both, path, seed, first.clone(), Arc::clone(&told)));
            listening.push((whose.clone(), told, follows));
        }
    }
    let deaths = async {
        for n in 0..4_usize {
            tokio::time::sleep(Duration::from_millis(350)).await;
            servers[n % 2].take().unwrap().kill();
            servers[n % 2] = Some(RealServer::http(ports[n % 2], &settings).await);
            if n == 1 {
                redis.set(Way::Refused);
                tokio::time::sleep(Duration::from_millis(1_500)).await;
                redis.set(Way::Open);
            }
        }
    };
    let trades = join_all(customers.iter().zip(0..).map(|(customer, seed)| trade(&apis, &shop, customer, seed, ORDERS)));
    tokio::join!(deaths, trades);
    // One more of each, which comes last.
    for customer in &customers {
        trade(&apis, &shop, customer, 99, 1).await;
    }
    let name =
        "CASE status WHEN 'reservation' THEN 'order_placed' WHEN 'accept' THEN 'order_accepted' WHEN 'cancel' THEN 'order_canceled' END";
    for (whose, told, follows) in listening {
        let expected = database.texts(&format!("SELECT {name} || ' ' || payment_id FROM order_events WHERE {whose} ORDER BY id")).await;
        let so_far = || told.lock().unwrap().iter().map(|(name, payment)| format!("{name} {payment}")).collect::<Vec<_>>();
        eventually("all is told", 60, || async { (so_far().len() >= expected.len()).then_some(()) }).await;
        follows.abort();
        let told = so_far();
        let sorted = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
        assert_eq!((sorted(&told), told.len()), (sorted(&expected), expected.len()), "{whose}");
        // What happened to an order comes in its order.
        let of_orders = |list: &[String]| {
            let mut orders = BTreeMap::<String, Vec<String>>::new();
            for line in list {
                let (name, payment) = line.split_once(' ').unwrap();
                orders.entry(payment.to_owned()).or_default().push(name.to_owned());
            }
            orders
        };
        assert_eq!(of_orders(&told), of_orders(&expected), "{whose}");
    }
    let total = database.count("order_events").await;
    assert!(total > ORDERS as i64 * 3, "{total}");
}
