//! `just bench-notices [people] [checkouts a second]`: a store with that many favourites has something to tell while people buy there. How long until everybody is
//! told, and what `payment/init` on that store takes meanwhile against what it took before. Needs the servers of `with-servers`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for the terminal that stops where it cannot go on")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use cheapbob_domain::{
    shared::Email,
    users::{Account, Role, SessionTokens},
};
use cheapbob_test_support::{Api, Person, PushServer, RealServer, Shop, TestDatabase, VAPID_KEY};
use jsonwebtoken::Algorithm;
use secrecy::SecretString;
use serde_json::{Value, json};

const SECRET: &str = "a secret of the benchmark, of no other use";

/// How long checkouts are measured alone.
const ALONE: Duration = Duration::from_secs(30);

/// Everybody is told by then …
const TOLD_WITHIN: Duration = Duration::from_secs(300);

/// … and a checkout takes so many times as long at most.
const SLOWER: f64 = 1.2;

/// Checkouts at a steady rate, until it is over: what each took.
async fn buy(rate: u32, customers: &Arc<Vec<Person>>, next: &Arc<AtomicUsize>, shop: &Shop, over: &AtomicBool) -> Vec<Duration> {
    let took = Arc::<Mutex<Vec<Duration>>>::default();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut calls = tokio::task::JoinSet::new();
    while !over.load(Ordering::Relaxed) {
        // Each call counts from when it was to begin, so that a standstill is seen.
        let begin = tick.tick().await;
        let customer = customers[next.fetch_add(1, Ordering::Relaxed) % customers.len()].clone();
        let (product, took) = (shop.product_id.clone(), Arc::clone(&took));
        calls.spawn(async move {
            customer.post("/api/v1/customer/payment/init", &json!({ "product_id": product, "quantity": 1 })).await.expect(200);
            took.lock().unwrap().push(begin.elapsed());
        });
        while calls.try_join_next().is_some() {}
    }
    calls.join_all().await;
    std::mem::take(&mut *took.lock().unwrap())
}

fn milliseconds(mut took: Vec<Duration>, share: f64) -> f64 {
    took.sort_unstable();
    let place = (took.len() as f64 * share) as usize;
    took.get(place.min(took.len() - 1)).map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
}

/// People whose favourite the store is, each with a browser.
async fn fans(database: &TestDatabase, push: &PushServer, shop: &Shop, people: usize) {
    let subscription: Value = push.browser().subscription();
    let (p256dh, auth) = (&subscription["keys"]["p256dh"], &subscription["keys"]["auth"]);
    let sql = format!(
        "INSERT INTO accounts (email, role, email_vouched, created_at) SELECT 'fan' || n || '@bench.example', 'customer', true, now() FROM generate_series(1, {people}) n;
         INSERT INTO favorites SELECT email, '{store}', now() FROM accounts WHERE email LIKE 'fan%';
         INSERT INTO notice_choices (customer_email, opens, price_drops, back_in_stock, by_mail, by_push, at_night, consented_at, secret)
         SELECT email, true, true, true, false, true, true, now(), email FROM accounts WHERE email LIKE 'fan%';
         INSERT INTO push_subscriptions (id, customer_email, endpoint, p256dh, auth, created_at)
         SELECT email, email, 'http://127.0.0.1:{port}/push/' || email, '{p256dh}', '{auth}', now() FROM accounts WHERE email LIKE 'fan%'",
        store = shop.store_id,
        port = push.port,
        p256dh = p256dh.as_str().unwrap(),
        auth = auth.as_str().unwrap(),
    );
    database.sql(&sql).await;
    database.sql("VACUUM ANALYZE").await;
}

/// Customers with a session each.
async fn customers(database: &TestDatabase, api: &Api, number: usize) -> Vec<Person> {
    let made = "2026-01-01T00:00:00Z";
    database
        .sql(&format!(
            "INSERT INTO accounts SELECT 'c' || n || '@bench.example', 'customer', true, true, '{made}' FROM generate_series(1, {number}) n;
             INSERT INTO customers SELECT email, '길동', '01012345678', '{made}', '{made}' FROM accounts WHERE email LIKE 'c%@bench.example'"
        ))
        .await;
    let tokens = SessionTokens::new(&SecretString::from(SECRET), None, Algorithm::HS256, chrono::Duration::days(7));
    let now = api.now().await;
    let person = |n| {
        let email = format!("c{n}@bench.example");
        let account = Account::new(Email::parse(&email).unwrap(), Role::Customer, true, made.parse().unwrap());
        let token = tokens.begin(&format!("bench-{n}"), &account, false, now).unwrap().token;
        Person { api: api.clone(), token, email }
    };
    (1..=number).map(person).collect()
}

#[tokio::main]
async fn main() -> Result<()> {
    let people: usize = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(100_000);
    let rate: u32 = std::env::args().nth(2).and_then(|a| a.parse().ok()).unwrap_or(100);
    let (database, push) = (TestDatabase::create().await, PushServer::counting().await);
    let settings = vec![
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("RUST_LOG", "warn".to_owned()),
        ("JWT_SECRET", SECRET.to_owned()),
        ("RATE_LIMITS", "off".to_owned()),
        ("VAPID_PRIVATE_KEY", VAPID_KEY.to_owned()),
    ];
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    // By day, so that it is told at once.
    server.api.set_clock(cheapbob_test_support::noon()).await;
    let shop = server.api.shop(1_000_000).await;
    fans(&database, &push, &shop, people).await;
    // As many as there are checkouts in ten minutes: nobody holds twice.
    let customers = Arc::new(customers(&database, &server.api, rate as usize * 600).await);
    let (next, over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
    let _jobs = RealServer::spawn("cheapbob-jobs", RealServer::free_port(), &settings);
    let buying = |over: Arc<AtomicBool>| {
        let (customers, next, shop) = (Arc::clone(&customers), Arc::clone(&next), shop.clone());
        tokio::spawn(async move { buy(rate, &customers, &next, &shop, &over).await })
    };
    let warm = buying(Arc::clone(&over));
    tokio::time::sleep(Duration::from_secs(5)).await;
    over.store(true, Ordering::Relaxed);
    warm.await?;

    over.store(false, Ordering::Relaxed);
    let alone = buying(Arc::clone(&over));
    tokio::time::sleep(ALONE).await;
    over.store(true, Ordering::Relaxed);
    let alone = alone.await?;

    shop.seller.put(&format!("/api/v1/seller/store/products/{}", shop.product_id), &json!({ "sale": 50 })).await.expect(200);
    over.store(false, Ordering::Relaxed);
    let beside = buying(Arc::clone(&over));
    let begin = Instant::now();
    let mut first = None;
    while push.count() < people && begin.elapsed() < TOLD_WITHIN + Duration::from_secs(60) {
        if push.count() > 0 {
            first.get_or_insert_with(Instant::now);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (all, told) = (begin.elapsed(), push.count());
    over.store(true, Ordering::Relaxed);
    let beside = beside.await?;
    let since_first = first.map_or(Duration::ZERO, |first| first.elapsed());

    println!("people whose favourite the store is    {people:>9}");
    println!("told                                   {told:>9}  {:.0} a second", told as f64 / since_first.as_secs_f64().max(0.001));
    println!(
        "from the change of the price           {:>9.1} s to the last ({:.1} s from the first)",
        all.as_secs_f64(),
        since_first.as_secs_f64()
    );
    println!("checkouts a second                     {rate:>9}");
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let (before, meanwhile) = (milliseconds(alone.clone(), share), milliseconds(beside.clone(), share));
        println!(
            "a checkout, {name}                        {before:>9.1} ms alone, {meanwhile:.1} ms meanwhile: {:.2} times",
            meanwhile / before
        );
    }
    let slower = milliseconds(beside, 0.99) / milliseconds(alone, 0.99);
    ensure!(told == people, "{told} of {people} were told");
    ensure!(all < TOLD_WITHIN, "not within {TOLD_WITHIN:?}");
    ensure!(slower <= SLOWER, "a checkout took {slower:.2} times as long");
    Ok(())
}
