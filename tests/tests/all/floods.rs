//! Everything at once: floods of logins, uploads, webhooks, holds and slow bodies, and beside them fifty ordinary people, who are told
//! nothing of it. How much later they are answered `just floods` prints; a test that asserted it would measure the machine.
#![allow(clippy::print_stdout, reason = "how late people were")]

use std::time::{Duration, Instant};

use cheapbob_test_support::{Api, Person, RealServer, Shop, TestDatabase};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::JoinSet,
    time::{interval, sleep, timeout},
};

use crate::journey::servers;

const PEOPLE: usize = 50;

/// Half of it in peace, half of it in the flood.
fn seconds() -> u64 {
    std::env::var("CHEAPBOB_FLOOD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// What somebody does who looks for supper: a call now and then. Gives how long each took.
async fn looks_around(person: Person, shop: Shop, until: Instant) -> Vec<Duration> {
    let paths = [
        "/api/v1/customer/search/stores?page=0".to_owned(),
        format!("/api/v1/customer/search/stores/{}/products", shop.store_id),
        "/api/v1/customer/orders/today".to_owned(),
        "/api/v1/customer/search/stores/favorites?page=0".to_owned(),
    ];
    let (mut taken, mut paths) = (Vec::new(), paths.iter().cycle());
    while Instant::now() < until {
        let begin = Instant::now();
        person.get(paths.next().unwrap()).await.expect(200);
        taken.push(begin.elapsed());
        sleep(Duration::from_millis(500)).await;
    }
    taken
}

/// Everybody for a while, and a purchase by each in the midst of it.
async fn while_people_buy(people: &[Person], shop: &Shop, portone: &Api, how_long: Duration) -> Duration {
    let until = Instant::now() + how_long;
    let looking = people.iter().map(|person| tokio::spawn(looks_around(person.clone(), shop.clone(), until)));
    let buying = people.iter().map(|person| async {
        let held = person.hold(&shop.product_id, 1).await;
        portone.pay(&held).await;
        person.confirm(&held.payment_id).await.expect(200);
        person.cancel(&held.payment_id).await.expect(200);
    });
    let (looked, _) = futures::join!(join_all(looking), join_all(buying));
    let mut taken: Vec<_> = looked.into_iter().flat_map(Result::unwrap).collect();
    taken.sort();
    taken[taken.len() * 99 / 100]
}

/// A connection that sends a byte of its body a second.
async fn slow_body(address: String) {
    let Ok(mut connection) = TcpStream::connect(&address).await else { return };
    let head = format!("POST /api/v1/webhooks/portone/STR_X HTTP/1.1\r\nhost: {address}\r\ncontent-length: 1000\r\n\r\n");
    let (mut each_second, mut sent) = (interval(Duration::from_secs(1)), connection.write_all(head.as_bytes()).await);
    while sent.is_ok() {
        each_second.tick().await;
        sent = connection.write_all(b"x").await;
    }
    // Turned away: here is the next.
    sleep(Duration::from_millis(100)).await;
}

/// Begins all floods; they end with the set.
fn flood(api: &Api, greedy: &Person, seller: &Person, shop: &Shop) -> JoinSet<()> {
    let mut floods = JoinSet::new();
    let (signed_by_nobody, address) = (json!({ "type": "Transaction.Paid" }), api.base.trim_start_matches("http://").to_owned());
    for _ in 0..4 {
        let (api, greedy, seller, shop, body) = (api.clone(), greedy.clone(), seller.clone(), shop.clone(), signed_by_nobody.clone());
        floods.spawn({
            let api = api.clone();
            async move {
                loop {
                    drop(api.get("/api/v1/auth/google/login/customer").await);
                }
            }
        });
        floods.spawn({
            let path = format!("/api/v1/webhooks/portone/{}", shop.store_id);
            async move {
                loop {
                    drop(api.call(Method::POST, &path, None, Some(&body)).await);
                }
            }
        });
        floods.spawn(async move {
            loop {
                drop(greedy.init(&shop.product_id, 1).await);
            }
        });
        floods.spawn(async move {
            loop {
                let noise = ("a.jpg", "image/jpeg", vec![0xff; 200_000]);
                drop(seller.api.upload("/api/v1/seller/store/images", &seller.token, &[noise]).await);
            }
        });
    }
    for _ in 0..200 {
        let address = address.clone();
        floods.spawn(async move {
            loop {
                slow_body(address.clone()).await;
            }
        });
    }
    floods
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_people_buy_beside_floods_of_everything_and_none_is_turned_away() {
    let database = TestDatabase::create().await;
    let mut settings = servers(&database);
    settings.push(("RUST_LOG", "error".to_owned()));
    // PortOne is on a machine that nobody floods: its sandbox has a process of its own here.
    let portone = RealServer::http(RealServer::free_port(), &settings).await;
    settings.push(("PORTONE_API_BASE_URL", format!("{}/sandbox/portone", portone.api.base)));
    let server = RealServer::http_with_jobs(RealServer::free_port(), &settings).await;
    database.jobs_of_the_start().await;
    let shop = server.api.shop(10_000).await;
    let other = server.api.shop(10).await;
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        people.push(server.api.customer().await);
    }
    let greedy = server.api.customer().await;
    let half = Duration::from_secs(seconds() / 2);
    let before = while_people_buy(&people, &shop, &portone.api, half).await;
    let floods = flood(&Api::new(&server.api.base), &greedy, &other.seller, &other);
    let during = while_people_buy(&people, &shop, &portone.api, half).await;
    drop(floods);
    println!(
        "p99 of fifty people: {before:?} in peace, {during:?} beside the floods: {:.1} times",
        during.as_secs_f64() / before.as_secs_f64()
    );
    timeout(Duration::from_secs(10), server.api.get("/health/ready")).await.unwrap().expect(200);
}
