//! Thousands of random calls, several customers and sellers at once, the clock moving, PortOne having bad moments. Then: stock adds
//! up, money adds up with PortOne's books, no order is lost or doubled; and at every moment nobody sees what is not theirs.
//! `CHEAPBOB_SEED` replays a run's choices (not its timing), `CHEAPBOB_CALLS` asks for another number of calls.
#![allow(clippy::print_stdout, reason = "what was called, for whoever searches")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use cheapbob_domain::{orders::OrderStatus, shared::PaymentId};
use cheapbob_test_support::{Answer, Held, Person, Shop, TestApp, eventually, mongo_settings, redis_at, redis_url};
use chrono::Duration;
use futures::{StreamExt, future::join_all};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reqwest::Method;
use serde_json::{Value, json};

use crate::budget::{Budget, number};

/// Customers at work at once, each as one of some accounts: a person who buys all day without paying is told to wait.
const CUSTOMERS: usize = 6;
const ACCOUNTS: usize = 12;
const SHOPS: usize = 4;

struct World {
    customers: Vec<Person>,
    shops: Vec<Shop>,
    /// Every payment ever begun, with its customer and shop.
    payments: Mutex<Vec<(Held, usize, usize)>>,
    calls: AtomicU64,
    budget: Budget,
}

/// A call's answer is one that the contract knows: with PortOne's bad moments 503, never another 5xx.
fn sane(answer: &Answer, what: &str) {
    assert!(
        answer.status < 500 || (answer.status == 503 && answer.body["code"] == "unavailable"),
        "{what}: {} {}",
        answer.status,
        answer.body
    );
}

impl World {
    /// Whether more calls are to be made.
    fn goes_on(&self) -> bool {
        self.budget.allows(self.calls.load(Ordering::Relaxed))
    }

    async fn call(&self, who: &Person, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let answer = who.call(Method::from_bytes(method.as_bytes()).unwrap(), &format!("/api/v1{path}"), body.as_ref()).await;
        sane(&answer, &format!("{method} {path}"));
        answer
    }

    fn some_payment(&self, rng: &mut StdRng, of: impl Fn(&(Held, usize, usize)) -> bool) -> Option<Held> {
        let payments = self.payments.lock().unwrap();
        // Mostly the latest: those can still change.
        let latest: Vec<_> = payments.iter().rev().filter(|p| of(p)).take(6).collect();
        latest.choose(rng).map(|(held, ..)| held.clone())
    }

    async fn customer(&self, n: usize, rng: &mut StdRng) {
        let me = &self.customers[n];
        let shop = rng.random_range(0..SHOPS);
        let product = &self.shops[shop].product_id;
        let mine = self.some_payment(rng, |p| p.1 == n);
        let id = mine.as_ref().map_or("PAY0", |held| held.payment_id.as_str()).to_owned();
        match rng.random_range(0..38) {
            0..7 => {
                let quantity = rng.random_range(1..4);
                let answer =
                    self.call(me, "POST", "/customer/payment/init", Some(json!({ "product_id": product, "quantity": quantity }))).await;
                if answer.status == 200 {
                    let payment_id = answer.body["payment_id"].as_str().unwrap().to_owned();
                    self.payments.lock().unwrap().push((Held { payment_id, body: answer.body }, n, shop));
                }
            }
            7..12 => {
                let Some(held) = mine else { return };
                // Mostly right; sometimes another amount, another currency, or a failure.
                let other = [
                    json!({}),
                    json!({}),
                    json!({}),
                    json!({ "totalAmount": 100 }),
                    json!({ "currency": "USD" }),
                    json!({ "status": "FAILED" }),
                ];
                me.api.pay_with(&held, other.choose(rng).unwrap()).await;
                drop(self.call(me, "POST", "/customer/payment/confirm", Some(json!({ "payment_id": id }))).await);
            }
            12..14 => drop(self.call(me, "POST", "/customer/payment/confirm", Some(json!({ "payment_id": id }))).await),
            14 => drop(self.call(me, "DELETE", &format!("/customer/payment/init/{id}"), None).await),
            15 => drop(self.call(me, "DELETE", &format!("/customer/orders/{id}/cancel"), Some(json!({ "reason": "x" }))).await),
            16..19 => {
                let shop = &self.shops[self.payments.lock().unwrap().iter().find(|p| p.0.payment_id == id).map_or(0, |p| p.2)];
                let code = self.call(&shop.seller, "GET", &format!("/seller/store/orders/{id}/qr"), None).await;
                let scan = json!({ "qr_data": code.body["qr_data"].as_str().unwrap_or("none") });
                drop(self.call(me, "PATCH", &format!("/customer/orders/{id}/complete"), Some(scan)).await);
            }
            19..22 => {
                let list = ["/customer/orders", "/customer/orders/today"].choose(rng).unwrap();
                let answer = self.call(me, "GET", list, None).await;
                for order in answer.body["orders"].as_array().into_iter().flatten() {
                    assert_eq!(order["customer_id"], *me.email, "{list}");
                }
            }
            22 => drop(self.call(me, "GET", "/customer/orders/today-alarm", None).await),
            23..25 => {
                let Some(theirs) = self.some_payment(rng, |p| p.1 != n) else { return };
                let id = theirs.payment_id;
                for (method, path) in [("GET", format!("/customer/orders/{id}")), ("DELETE", format!("/customer/orders/{id}/cancel"))] {
                    let answer = self.call(me, method, &path, None).await;
                    assert!(matches!(answer.status, 404 | 439), "{path}: {}", answer.status);
                }
            }
            25..28 => {
                let around = ["/nearby?lat=37.5&lng=127&radius_m=20000&sort=recommended", "/map?bbox=120,30,130,40"];
                let searches =
                    ["", "?page=1", "/by-name?search_name=%EA%B0%80", "/by-name?search_name=x", "/favorites", around[0], around[1]];
                let query = searches.choose(rng).unwrap();
                drop(self.call(me, "GET", &format!("/customer/search/stores{query}"), None).await);
            }
            28 => {
                let method = ["POST", "DELETE"].choose(rng).unwrap();
                drop(self.call(me, method, &format!("/customer/search/stores/{}/favorites", self.shops[shop].store_id), None).await);
            }
            29 => {
                let answer = self.call(me, "POST", "/customer/profile/allergies", Some(json!({ "allergy_types": ["egg"] }))).await;
                if answer.status == 400 {
                    drop(self.call(me, "DELETE", "/customer/profile/allergies", Some(json!({ "allergy_type": "egg" }))).await);
                }
            }
            30 => drop(self.call(me, "GET", "/customer/history/search", None).await),
            34..38 => {
                let method = ["POST", "POST", "PATCH", "DELETE"].choose(rng).unwrap();
                let review = json!({ "rating": rng.random_range(1..=5), "text": "좋아요" });
                drop(self.call(me, method, &format!("/customer/orders/{id}/review"), Some(review)).await);
            }
            31 => drop(self.call(me, "PATCH", "/customer/profile/detail", Some(json!({ "nickname": "둘리" }))).await),
            _ => {
                self.call(me, "POST", "/customer/withdraw", None).await;
                drop(self.call(me, "DELETE", "/customer/withdraw/cancel", None).await);
            }
        }
    }

    async fn seller(&self, n: usize, rng: &mut StdRng) {
        let Shop { seller: me, product_id, store_id } = &self.shops[n];
        let product = format!("/seller/store/products/{product_id}");
        let id = self.some_payment(rng, |p| p.2 == n).map_or("PAY0".to_owned(), |held| held.payment_id);
        match rng.random_range(0..42) {
            0..10 => drop(self.call(me, "PATCH", &format!("/seller/store/orders/{id}/accept"), None).await),
            10..13 => drop(self.call(me, "DELETE", &format!("/seller/store/orders/{id}/cancel"), Some(json!({}))).await),
            13..18 => {
                let way = ["up", "up", "down"].choose(rng).unwrap();
                drop(self.call(me, "PATCH", &format!("{product}/stock/{way}"), None).await);
            }
            18..22 => {
                let answer = self.call(me, "GET", "/seller/store/orders/dashboard", None).await;
                for item in answer.body["items"].as_array().into_iter().flatten() {
                    let number = |name: &str| item[name].as_i64().unwrap();
                    assert_eq!(
                        number("current_stock"),
                        number("initial_stock") - number("purchased_stock") + number("adjustment_stock"),
                        "{item}"
                    );
                    assert!(number("current_stock") >= 0, "{item}");
                }
            }
            22..26 => {
                let list = ["/seller/store/orders", "/seller/store/orders/today"].choose(rng).unwrap();
                let answer = self.call(me, "GET", list, None).await;
                for order in answer.body["orders"].as_array().into_iter().flatten() {
                    assert_eq!(order["store_id"], **store_id, "{list}");
                }
            }
            26..28 => {
                let Some(theirs) = self.some_payment(rng, |p| p.2 != n) else { return };
                for (method, path) in [("PATCH", "accept"), ("DELETE", "cancel"), ("GET", "qr")] {
                    let answer = self.call(me, method, &format!("/seller/store/orders/{}/{path}", theirs.payment_id), None).await;
                    assert!(matches!(answer.status, 404 | 439), "{path}: {}", answer.status);
                }
                let other = &self.shops[(n + 1) % SHOPS].product_id;
                let answer = self.call(me, "PUT", &format!("/seller/store/products/{other}"), Some(json!({ "price": 1 }))).await;
                assert!(matches!(answer.status, 404 | 439), "{}", answer.status);
            }
            28 => {
                let (price, sale) = (rng.random_range(1..300) * 100, rng.random_range(0..60));
                drop(self.call(me, "PUT", &product, Some(json!({ "price": price, "sale": sale }))).await);
            }
            29 => {
                let method = ["POST", "DELETE"].choose(rng).unwrap();
                drop(self.call(me, method, &format!("{product}/nutrition"), Some(json!({ "nutrition_types": ["LCHF"] }))).await);
            }
            30 => {
                let method = ["GET", "POST", "DELETE"].choose(rng).unwrap();
                drop(self.call(me, method, &format!("{product}/stock/reservation"), Some(json!({ "new_stock": 9 }))).await);
            }
            31 => {
                let method = ["GET", "DELETE"].choose(rng).unwrap();
                drop(self.call(me, method, "/seller/store/settings/operation/reservation", None).await);
            }
            32 => drop(self.call(me, "PUT", "/seller/store/profile/name", Some(json!({ "store_name": format!("가게 {n}") }))).await),
            33 => drop(self.call(me, "PUT", "/seller/store/sns", Some(json!({ "x": "https://x.example" }))).await),
            34..36 => drop(self.call(me, "GET", "/seller/store/settlement?start_date=2026-11-01&end_date=2026-12-31", None).await),
            36 => drop(self.call(me, "GET", "/seller/store/settlement/weekly-revenue", None).await),
            37..39 => drop(self.call(me, "GET", "/seller/store", None).await),
            39..41 => {
                let step = |n: i64| json!({ "minutes_before_pickup_end": 1_300 - 400 * n, "sale": 60 + n });
                let steps: Vec<_> = (0..rng.random_range(0..4)).map(step).collect();
                drop(self.call(me, "PUT", &format!("{product}/price-steps"), Some(json!({ "steps": steps }))).await);
            }
            _ if rng.random_bool(0.01) => {
                self.call(me, "PATCH", "/seller/store/close", None).await;
                self.call(me, "POST", "/seller/withdraw", None).await;
                drop(self.call(me, "DELETE", "/seller/withdraw/cancel", None).await);
            }
            _ => {}
        }
    }

    /// Time and PortOne's moods.
    async fn fate(&self, app: &TestApp, rng: &mut StdRng) {
        match rng.random_range(0..12) {
            0..6 => app.api.advance(Duration::seconds(rng.random_range(1..90))).await,
            6 => app.api.advance(Duration::minutes(rng.random_range(5..40))).await,
            7..9 => {
                let (on, action) =
                    [("get", "error500"), ("cancel", "error500"), ("cancel", "drop_response"), ("cancel", "fail_200")].choose(rng).unwrap();
                app.api.faults(json!([{ "on": on, "do": action, "times": 1 }])).await;
            }
            _ => tokio::task::yield_now().await,
        }
    }
}

/// One of each: a customer's, a seller's or fate's, until all calls are made.
async fn act(app: &TestApp, world: &World, actor: usize, mut rng: StdRng) {
    while world.goes_on() {
        match actor {
            n if n < CUSTOMERS => world.customer(n * ACCOUNTS + rng.random_range(0..ACCOUNTS), &mut rng).await,
            n if n < CUSTOMERS + SHOPS => world.seller(n - CUSTOMERS, &mut rng).await,
            _ => {
                // A step of time for about a hundred calls.
                let until = world.calls.load(Ordering::Relaxed) + 100;
                eventually("calls", 60, || async { (!world.goes_on() || world.calls.load(Ordering::Relaxed) >= until).then_some(()) })
                    .await;
                world.fate(app, &mut rng).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_any_calls_stock_and_money_add_up() {
    let seed = number("CHEAPBOB_SEED").unwrap_or_else(rand::random);
    let replay = format!("replay with CHEAPBOB_SEED={seed}");
    // More calls than people make.
    let app = TestApp::with(|settings| {
        settings.redis = Some(redis_at(&redis_url()));
        settings.mongodb = Some(mongo_settings());
        settings.rate_limits = false;
    })
    .await;
    let customers = futures::stream::iter(0..CUSTOMERS * ACCOUNTS).map(|_| app.api.customer()).buffer_unordered(8).collect().await;
    let shops = join_all((0..SHOPS).map(|_| app.api.shop(40))).await;
    let budget = Budget::new("CHEAPBOB_CALLS", 2_000, 10_000, std::time::Duration::from_secs(60));
    let world = Arc::new(World { customers, shops, payments: Mutex::default(), calls: AtomicU64::default(), budget });
    let actors = (0..=CUSTOMERS + SHOPS).map(|actor| act(&app, &world, actor, StdRng::seed_from_u64(seed.wrapping_add(actor as u64))));
    join_all(actors).await;
    println!("{} calls, seed {seed}", world.calls.load(Ordering::Relaxed));

    // Quiet: PortOne is well, every hold's time is over, every payment has been looked at to the end, every refund is done.
    app.api.faults(json!([])).await;
    app.api.advance(Duration::minutes(6)).await;
    // Who has left before a window was opened and paid later, by a message that was lost: the comparison of the books finds it.
    app.api.run_job("reconcile_nightly").await;
    let open = "SELECT (SELECT count(*) FROM holds WHERE next_look_at IS NOT NULL) + (SELECT count(*) FROM refunds WHERE state <> 'succeeded') AS n";
    // Time leaps once a second at most: sessions end after seven days, and a queue whose time leaps all the time comes after it.
    let leapt = Mutex::new(None::<Instant>);
    eventually(&format!("all is resolved ({replay})"), 120, || async {
        let leap = leapt.lock().unwrap().is_none_or(|at| at.elapsed() > std::time::Duration::from_secs(1));
        if leap {
            app.api.advance(Duration::hours(1)).await;
            *leapt.lock().unwrap() = Some(Instant::now());
        }
        (app.database.number(open).await == 0).then_some(())
    })
    .await;
    stock_adds_up(&app, &world, &replay).await;
    stars_add_up(&app, &replay).await;
    money_adds_up(&app, &world, &replay).await;
}

async fn stock_adds_up(app: &TestApp, world: &World, replay: &str) {
    // An order that was canceled on its own business day gave its stock back.
    let wrong = "SELECT count(*) AS n FROM products p
        WHERE p.initial_stock + p.adjustment - p.sold - p.held < 0
           OR p.held <> (SELECT coalesce(sum(h.quantity), 0) FROM holds h WHERE h.product_id = p.id AND h.state = 'held')
           OR p.sold <> (SELECT coalesce(sum(o.quantity), 0) FROM orders o WHERE o.product_id = p.id AND o.business_day >= p.stock_day AND (o.canceled_at IS NULL
                         OR (o.canceled_at AT TIME ZONE 'Asia/Seoul' - interval '4 hours')::date <> o.business_day))";
    assert_eq!(app.database.number(wrong).await, 0, "stock: {replay}");
    let (sold, calls) = (app.database.count("audit_log WHERE event = 'ordered'").await, world.calls.load(Ordering::Relaxed));
    assert!(sold.unsigned_abs() > calls / 500, "enough happened: {sold} ({replay})");
}

async fn stars_add_up(app: &TestApp, replay: &str) {
    let wrong = "SELECT count(*) AS n FROM store_versions s
        WHERE (rating_count, rating_sum) <> (SELECT count(*), coalesce(sum(rating), 0) FROM reviews r WHERE r.store_id = s.store_id AND r.hidden_at IS NULL)";
    assert_eq!(app.database.number(wrong).await, 0, "stars: {replay}");
}

async fn money_adds_up(app: &TestApp, world: &World, replay: &str) {
    let (mut kept, mut sold, mut all) = (0, 0, 0);
    for payment in app.api.books().await {
        let id = payment["id"].as_str().unwrap();
        let number = |name: &str| payment["amount"][name].as_i64().unwrap();
        // Wherever it is: today's, or the archive's.
        let order = app.services.orders.find(&PaymentId::parse(id).unwrap()).await.unwrap();
        all += i64::from(order.is_some());
        let order = order.filter(|o| o.status != OrderStatus::Cancel);
        sold += order.as_ref().map_or(0, |o| o.total_amount.0);
        let orders = i64::from(order.is_some());
        let came = matches!(payment["status"].as_str().unwrap(), "PAID" | "CANCELLED" | "PARTIAL_CANCELLED");
        let left = if came { number("total") - number("cancelled") } else { 0 };
        // One order or the whole sum back.
        assert!(if orders == 1 { number("cancelled") == 0 && came } else { left == 0 }, "{payment} has {orders} orders ({replay})");
        kept += left;
    }
    assert_eq!(kept, sold, "{replay}");
    // Each order is in its customer's list, once.
    let mut listed = 0;
    for customer in &world.customers {
        let list = customer.get("/api/v1/customer/orders").await.expect(200);
        let ids: std::collections::BTreeSet<_> = list["orders"].as_array().unwrap().iter().map(|o| o["payment_id"].to_string()).collect();
        assert_eq!(list["total"], ids.len());
        listed += ids.len() as i64;
    }
    assert_eq!(listed, all, "{replay}");
}
