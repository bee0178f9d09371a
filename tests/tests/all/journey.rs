//! One purchase, end to end, on the real binaries.

use std::time::{Duration, Instant};

use cheapbob_test_support::{Api, Person, RealServer, TestDatabase, eventually, noon, normalized, redis_url};

/// `login → search → init → pay → confirm → accept → QR → pickup`, with the store's screen on `screen`.
async fn purchase(api: &Api, screen: &Api) {
    api.set_clock(noon()).await;
    let (customer, shop) = (api.customer().await, api.shop(3).await);
    let found = customer.get("/api/v1/customer/search/stores/by-name?search_name=%EA%B0%80%EA%B2%8C").await.expect(200);
    assert_eq!(found["stores"][0]["store_id"], *shop.store_id);
    let held = customer.hold(&shop.product_id, 2).await;
    assert_eq!(shop.stock().await, (1, 2));
    assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_not_paid");
    api.pay(&held).await;
    customer.confirm(&held.payment_id).await.expect(200);
    customer.confirm(&held.payment_id).await.expect(200);
    let today = shop.seller.get("/api/v1/seller/store/orders/today").await.expect(200);
    assert_eq!((&today["total"], &today["orders"][0]["payment_id"]), (&1.into(), &held.payment_id.clone().into()));
    shop.accept(&held.payment_id).await.expect(200);

    let code = shop.code(&held.payment_id).await;
    let screens = [shop.screen(&screen.base, &held.payment_id).await.unwrap(), shop.screen(&screen.base, &held.payment_id).await.unwrap()];
    let closed = shop.screen(&screen.base, &held.payment_id).await.unwrap();
    closed.abort();
    let order = customer.scan(&held.payment_id, &code).await.expect(200);
    let picked_up = Instant::now();
    assert_eq!(order["status"], "complete");
    for screen in screens {
        assert_eq!(screen.await.unwrap()["status"], "completed");
    }
    assert!(picked_up.elapsed() < Duration::from_secs(1), "{:?}", picked_up.elapsed());
    // Opened after the pickup it says so at once.
    assert_eq!(shop.screen(&screen.base, &held.payment_id).await.unwrap().await.unwrap()["status"], "completed");
    assert_eq!(shop.stock().await, (1, 2));
    let payment = api.payment(&held.payment_id).await;
    assert_eq!(
        (&payment["status"], &payment["amount"]["total"], &payment["amount"]["cancelled"]),
        (&"PAID".into(), &14_000.into(), &0.into())
    );
    // Both mails, once each, within the outbox's patience.
    eventually("two mails", 10, || async { (api.mails().await.iter().filter(|m| m["to"] == *customer.email).count() == 2).then_some(()) })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_on_the_embedded_default() {
    let data = tempfile::tempdir().unwrap();
    let port = RealServer::free_port();
    let settings = [("CHEAPBOB_DATA_DIR", data.path().display().to_string())];
    let server = RealServer::http(port, &settings).await;
    purchase(&server.api, &server.api).await;
    // Pages of the demo, with pictures that really show.
    let somebody = server.api.customer().await;
    let page = somebody.get("/api/v1/customer/search/stores?page=1").await.expect(200);
    let url = page["stores"][0]["images"][0]["image_url"].as_str().unwrap().to_owned();
    let picture = server.api.get(url.strip_prefix(&server.api.base).unwrap()).await;
    assert_eq!((picture.status, picture.headers["content-type"].to_str().unwrap()), (200, "image/jpeg"));
    // Where the customer app's location filter begins.
    for neighbourhood in ["낙성대동", "신림동", "봉천동"] {
        let place = [("sido", "서울"), ("sigungu", "관악구"), ("bname", neighbourhood)];
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(place).finish();
        let found = somebody.get(&format!("/api/v1/customer/search/stores/by-location?{query}&page=0")).await.expect(200);
        let stores = found["stores"].as_array().unwrap();
        assert!(!stores.is_empty() && stores.iter().all(|store| store["address"]["bname"] == neighbourhood), "{neighbourhood}: {found}");
    }
    let favourites = somebody.get("/api/v1/customer/search/stores/favorites").await.expect(200);
    assert_eq!(favourites, serde_json::json!([]));
    // Ctrl-C ends it in order; a second start keeps the data.
    let pid = server.pid();
    assert!(server.interrupt().success());
    assert!(!postgres_of(pid, data.path()), "no PostgreSQL is left");
    let server = RealServer::http(port, &settings).await;
    assert_eq!(server.api.get("/api/v1/common/options/allergies").await.status, 200);
    let again = Api::new(&server.api.base).call(reqwest::Method::GET, "/api/v1/user/role", Some(&somebody.token), None).await;
    assert_eq!(again.expect(200)["email"], *somebody.email);
}

/// Whether a process still works in that data folder.
fn postgres_of(_parent: u32, data: &std::path::Path) -> bool {
    let folder = data.canonicalize().unwrap().join("postgres/data");
    std::fs::read_dir("/proc").unwrap().flatten().any(|p| std::fs::read_link(p.path().join("cwd")).is_ok_and(|cwd| cwd == folder))
}

/// Settings of a process on a test's database and the Redis of all tests.
pub(crate) fn servers(database: &TestDatabase) -> Vec<(&'static str, String)> {
    let redis = url::Url::parse(&redis_url()).unwrap();
    vec![
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_PASSWORD", "any".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("REDIS_HOST", "127.0.0.1".to_owned()),
        ("REDIS_PORT", redis.port().unwrap().to_string()),
        ("REDIS_DB", "0".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_on_servers_with_two_http_processes_and_jobs_of_their_own() {
    let database = TestDatabase::create().await;
    let settings = servers(&database);
    let (first, second) = (RealServer::free_port(), RealServer::free_port());
    let (one, two) = (RealServer::http(first, &settings).await, RealServer::http(second, &settings).await);
    let jobs = RealServer::spawn("cheapbob-jobs", first, &settings);
    // The pickup is made through one, the screen waits on the other.
    purchase(&one.api, &two.api).await;
    let ready = two.api.get("/health/ready").await.expect(200);
    assert_eq!((&ready["parts"]["postgres"]["status"], &ready["parts"]["redis"]["status"]), (&"ok".into(), &"ok".into()));
    assert!(jobs.interrupt().success());
    assert!(one.interrupt().success() && two.interrupt().success());
}

/// Each process remembers who calls; none does so longer than it is true.
#[tokio::test(flavor = "multi_thread")]
async fn what_ends_a_session_at_one_process_ends_it_at_the_other() {
    const PROFILE: &str = "/api/v1/customer/profile";
    let database = TestDatabase::create().await;
    let settings = servers(&database);
    let (one, two) =
        (RealServer::http(RealServer::free_port(), &settings).await, RealServer::http(RealServer::free_port(), &settings).await);
    for _ in 0..10 {
        let here = one.api.customer().await;
        let there = Person { api: two.api.clone(), ..here.clone() };
        for person in [&here, &there, &here, &there] {
            person.get(PROFILE).await.expect(200);
        }
        here.post("/api/v1/customer/withdraw", &serde_json::json!({})).await.expect(200);
        assert_eq!(there.get(PROFILE).await.refused(439), "account_withdrawn");
        there.delete("/api/v1/customer/withdraw/cancel").await.expect(200);
        here.get(PROFILE).await.expect(200);
        there.get(PROFILE).await.expect(200);
        here.call(reqwest::Method::POST, "/api/v1/auth/logout", None).await.expect(200);
        assert_eq!(there.get(PROFILE).await.refused(401), "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_sees_first() {
    let app = cheapbob_test_support::TestApp::start().await;
    let page = app.api.get("/").await;
    let html = page.body.as_str().unwrap().to_owned();
    for part in ["/docs/", "/sandbox", "/health/ready", "customer@cheapbob.example", "seller@cheapbob.example"] {
        assert!(html.contains(part), "{part}");
    }
    let docs = app.api.get("/docs/").await;
    assert!(docs.body.as_str().unwrap().contains("swagger-ui"));
    assert_eq!(app.api.get("/openapi.json").await.expect(200)["openapi"], "3.1.0");
    assert_eq!(app.api.get("/health").await.expect(200), serde_json::json!({ "status": "ok" }));
    for page in ["/sandbox", "/sandbox/portone/checkout", "/sandbox/portone/payments", "/sandbox/mail"] {
        let answer = app.api.get_with(page, &[("accept", "text/html")]).await;
        assert!(answer.body.as_str().unwrap().contains("<main>"), "{page}");
    }
    insta::assert_json_snapshot!("404", normalized(&app.api.get("/nope").await.body));
}
