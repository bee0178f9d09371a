//! How often somebody may call, and how much they may keep open: generous for a person, tight for a loop, and nobody else notices.

use std::sync::atomic::{AtomicUsize, Ordering};

use cheapbob_domain::shared::Counted;
use cheapbob_http::{Counting, LIMITS, Limit};
use cheapbob_test_support::{Answer, PrivateServer, RealServer, TestApp, TestDatabase, eventually, redis_at};
use futures::{StreamExt, future::join_all, stream};
use reqwest::Method;
use serde_json::json;

use crate::operator::beside;

const START: &str = "/api/v1/auth/google/login/customer";
const SEARCH: &str = "/api/v1/customer/search/stores";

fn limit(name: &str) -> &'static Limit {
    LIMITS.iter().find(|limit| limit.quota.name == name).unwrap()
}

/// Calls until one is refused, a few more than the burst at most; gives how many were not, and the refusal.
async fn until_refused<F: Future<Output = Answer>>(name: &str, call: impl Fn() -> F) -> (usize, Answer) {
    let burst = limit(name).quota.burst as usize;
    let calls: Vec<_> = (0..burst + burst / 2 + 20).map(|_| call()).collect();
    let answers: Vec<_> = stream::iter(calls).buffered(8).collect().await;
    let through = answers.iter().filter(|answer| answer.status != 429).count();
    let refused = answers.into_iter().find(|answer| answer.status == 429);
    (through, refused.unwrap_or_else(|| panic!("{name}: {through} calls and none was refused")))
}

/// In the contract's form, with the seconds after which one call is let through.
fn too_many(answer: &Answer) -> u64 {
    let seconds = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(answer.clone().refused(429), "too_many_requests");
    seconds
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_begins_logins_in_a_loop_is_told_when_to_come_back() {
    for app in [TestApp::start().await, TestApp::start_with_redis().await] {
        // What a caller writes in front of what the proxy writes is nobody.
        let number = AtomicUsize::new(0);
        let from = |address: &str| {
            let n = number.fetch_add(1, Ordering::Relaxed);
            let (api, said) = (app.api.clone(), format!("10.9.{}.{}, {address}", n / 250, n % 250));
            async move { api.get_with(START, &[("x-forwarded-for", &said)]).await }
        };
        let unique = format!("2001:db8:{:x}:7::1", ulid::Ulid::r#gen().random() as u16);
        let (through, refused) = until_refused("login_starts", || from(&unique)).await;
        assert!(through >= limit("login_starts").quota.burst as usize, "{through}");
        assert_eq!(too_many(&refused), 1);
        assert_eq!(refused.headers.get("set-cookie"), None, "no login was begun");
        // Its network is one caller; another address is another.
        let (again, _) = until_refused("login_starts", || from(&unique.replace("::1", ":1:2:3:4"))).await;
        assert!(again < through / 2, "{again} of {through}");
        assert_eq!(from("203.0.113.9").await.status, 302);
        // A person who comes back in time is let in.
        eventually("the next login", 5, || async { (from(&unique).await.status == 302).then_some(()) }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_searches_in_a_loop_is_told_so_and_goes_on_buying() {
    let app = TestApp::start().await;
    let (shop, customer, other) = (app.api.shop(500).await, app.api.customer().await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    let (through, refused) = until_refused("searches", || customer.get(SEARCH)).await;
    assert!(through >= 150, "{through}");
    assert_eq!(too_many(&refused), 1);
    // All searches are one rule: of another one few are let through, however slow they are.
    let products = format!("{SEARCH}/{}/products", shop.store_id);
    let (more, refused) = until_refused("searches", || customer.get(&products)).await;
    assert!(more < through / 2, "{more} of {through}");
    assert_eq!(too_many(&refused), 1);
    // Other calls of theirs, and other people's searches, are none of it.
    other.get(SEARCH).await.expect(200);
    app.api.pay(&held).await;
    customer.confirm(&held.payment_id).await.expect(200);

    let (through, refused) = until_refused("holds", || other.init("PRD_00000000000000000000000000", 1)).await;
    assert!(through >= 60, "{through}");
    too_many(&refused);
    customer.hold(&shop.product_id, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_counted_where_they_are_sent() {
    let app = TestApp::start().await;
    let customer = app.api.customer().await;
    let body = json!({ "payment_id": "PAY00000000000000000000000000" });
    let number = AtomicUsize::new(0);
    let confirm = || {
        let (customer, body) = (customer.clone(), body.clone());
        let key = format!("key-{}", number.fetch_add(1, Ordering::Relaxed));
        async move { customer.keyed(Method::POST, "/api/v1/customer/payment/confirm", &key, &body).await }
    };
    let (through, refused) = until_refused("keys", confirm).await;
    assert!(through >= 100, "{through}");
    assert!(too_many(&refused) <= 5);
    let rows = app.database.count("idempotency_keys").await;
    assert_eq!(rows, i64::try_from(through).unwrap(), "a call that came too often leaves nothing");
    assert_eq!(customer.confirm("PAY00000000000000000000000000").await.refused(404), "payment_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stores_changes_and_verified_messages_are_counted_for_it_alone() {
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let app = TestApp::start().await;
    let (shop, other) = (app.api.shop(5).await, app.api.shop(5).await);
    let up = format!("/api/v1/seller/store/products/{}/stock/up", shop.product_id);
    let (through, refused) = until_refused("products", || shop.seller.patch(&up)).await;
    assert!(through >= 300, "{through}");
    too_many(&refused);
    shop.seller.get("/api/v1/seller/store").await.expect(200);
    other.seller.patch(&up.replace(&shop.product_id, &other.product_id)).await.expect(200);

    for one in [&shop, &other] {
        one.set_webhook_secret(SECRET).await;
    }
    // Strangers use up nothing of the store's.
    let forged = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for n in 0..20 {
        assert_eq!(app.api.webhook(&shop.store_id, forged, &format!("F-{n}"), &json!({})).await.refused(401), "webhook_unverified");
    }
    let number = AtomicUsize::new(0);
    let message = || {
        let (api, store) = (app.api.clone(), shop.store_id.clone());
        let id = format!("WH-{}", number.fetch_add(1, Ordering::Relaxed));
        async move { api.webhook(&store, SECRET, &id, &json!({})).await }
    };
    let (through, refused) = until_refused("webhooks_of_store", message).await;
    assert!(through >= 600, "{through}");
    too_many(&refused);
    assert_eq!(app.api.webhook(&other.store_id, SECRET, "WH-1", &json!({})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_told_apart_and_said_once_a_second() {
    let app = TestApp::start().await;
    let (log, metrics_port) = (tempfile::NamedTempFile::new().unwrap(), RealServer::free_port());
    let mut settings = beside(&app);
    settings.push(("METRICS_PORT", metrics_port.to_string()));
    let server = RealServer::http_logging_to(log.reopen().unwrap(), RealServer::free_port(), &settings).await;
    let (through, refused) = until_refused("readiness", || server.api.get("/health/ready")).await;
    too_many(&refused);
    assert!(through >= 60, "{through}");
    let metrics = reqwest::get(format!("http://127.0.0.1:{metrics_port}/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("cheapbob_rate_limited_total{rule=\"readiness\"} "), "{metrics}");
    assert!(!metrics.contains("rule=\"searches\""), "{metrics}");
    assert!(server.interrupt().success());
    let log = std::fs::read_to_string(log.path()).unwrap();
    let lines = log.matches("somebody calls too often").count();
    assert!((1..=10).contains(&lines), "{lines}: {log}");
    assert!(!log.contains("code=too_many_requests"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_calls_ask_redis_nothing_more() {
    let redis = PrivateServer::redis(&[]).await;
    let app = TestApp::with(|settings| settings.redis = Some(redis_at(&format!("redis://127.0.0.1:{}/0", redis.port)))).await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    redis.cli(&["CONFIG", "RESETSTAT"]);
    for _ in 0..20 {
        customer.get(SEARCH).await.expect(200);
        customer.init(&shop.product_id, 1).await.expect(200);
        customer.get("/api/v1/customer/orders/today").await.expect(200);
    }
    let stats = redis.cli(&["INFO", "commandstats"]);
    let calls = |command: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.map_or(0, |rest| rest.split(',').next().unwrap().parse::<usize>().unwrap())
    };
    // The one question of each request, and no other.
    assert!(calls("mget") <= 60 && calls("zmscore") <= 60, "{stats}");
    // What is counted for all processes leaves a key.
    assert_eq!(redis.cli(&["KEYS", "limit:*"]).lines().filter(|key| !key.contains("login_") && !key.contains("products")).count(), 0);
}

/// A Redis whose user has the rights of the version before: nobody counts for all processes, and nobody is locked out.
#[tokio::test(flavor = "multi_thread")]
async fn where_redis_cannot_count_each_process_does() {
    let redis = PrivateServer::redis(&[]).await;
    let rights = crate::parts::acl("s3cret").into_iter().filter(|word| !word.starts_with("~limit:") && !word.starts_with("~streams:"));
    let words: Vec<_> = ["ACL", "SETUSER", "cheapbob"].into_iter().map(str::to_owned).chain(rights).collect();
    assert_eq!(redis.cli(&words.iter().map(String::as_str).collect::<Vec<_>>()), "OK");
    let url = format!("redis://cheapbob:s3cret@127.0.0.1:{}/0", redis.port);
    let app = TestApp::with(|settings| settings.redis = Some(redis_at(&url))).await;
    let (through, refused) = until_refused("login_starts", || app.api.get(START)).await;
    assert!(through >= 60, "{through}");
    too_many(&refused);
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    let held = customer.order(&shop.product_id, 1).await;
    shop.accept(&held.payment_id).await.expect(200);
    let screen = shop.screen(&app.api.base, &held.payment_id).await.unwrap();
    customer.scan(&held.payment_id, &shop.code(&held.payment_id).await).await.expect(200);
    assert_eq!(screen.await.unwrap()["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_ten_screens_open_and_an_eleventh_when_one_has_gone() {
    for app in [TestApp::start().await, TestApp::start_with_redis().await] {
        let (shop, other, customer) = (app.api.shop(9).await, app.api.shop(9).await, app.api.customer().await);
        let (held, others) = (customer.order(&shop.product_id, 1).await, customer.order(&other.product_id, 1).await);
        let open = async || shop.screen(&app.api.base, &held.payment_id).await;
        let opened = join_all((0..14).map(|_| open())).await;
        let (screens, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
        assert_eq!((screens.len(), refused.iter().filter(|r| r.as_ref().is_err_and(|status| *status == 429)).count()), (10, 4));
        other.screen(&app.api.base, &others.payment_id).await.unwrap().abort();
        screens.into_iter().next().unwrap().unwrap().abort();
        eventually("a place for the next", 5, || async { open().await.ok() }).await.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_off_where_the_setting_says_so() {
    let database = TestDatabase::create().await;
    let settings = [("DATABASE_URL", database.url()), ("RATE_LIMITS", "off".to_owned())];
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    let calls: Vec<_> = (0..100).map(|_| server.api.get("/health/ready")).collect();
    let answers: Vec<_> = stream::iter(calls).buffered(8).collect().await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}

#[test]
fn readme_has_the_table_of_limits() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    for limit in LIMITS {
        let calls = match limit.counting {
            Counting::Each => "",
            Counting::Keyed => ", with an Idempotency-Key",
            Counting::Verified => ", verified",
        };
        let counted = match limit.quota.counted {
            Counted::Apart => "each process",
            Counted::Together => "all together",
        };
        let row =
            format!("| `{}` | {}{calls} | {} | {counted} | {} |", limit.quota.name, limit.caller.as_str(), limit.rate(), limit.reason);
        assert!(readme.contains(&row), "README has no row\n{row}");
    }
    let table = readme.split("| rule | of |").nth(1).unwrap().split("\n\n").next().unwrap();
    assert_eq!(table.lines().filter(|line| line.starts_with("| `")).count(), LIMITS.len(), "README has a row too many");
}
