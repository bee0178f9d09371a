//! How much of everything there may be: what one store or one stranger can write is bounded, and so is what everybody else has to read.

use std::collections::BTreeSet;

use cheapbob_test_support::{Proxy, RealServer, TestApp, TestDatabase, Way, eventually, store};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::operator::beside;

const REGISTER: &str = "/api/v1/seller/store/products/register";
const SETTLEMENT: &str = "/api/v1/seller/store/settlement";

#[tokio::test(flavor = "multi_thread")]
async fn a_store_has_a_hundred_products_and_is_told_so() {
    let app = TestApp::start().await;
    let shop = app.api.shop(5).await;
    let copies = "INSERT INTO products (id, store_id, name, description, price, sale, initial_stock, nutrition_types, created_at, updated_at)
        SELECT 'PRD_' || lpad(n::text, 26, '0'), store_id, name || n, description, price, sale, initial_stock, nutrition_types, created_at, updated_at
        FROM products, generate_series(1, 95) n";
    app.database.sql(copies).await;
    let product = json!({ "product_name": "김밥", "description": "", "initial_stock": 1, "price": 1_000, "nutrition_types": [] });
    let answers = join_all((0..8).map(|_| shop.seller.post(REGISTER, &product))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 4);
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        assert_eq!(refused.refused(409), "too_many_products");
    }
    assert_eq!(shop.seller.get("/api/v1/seller/store").await.expect(200)["products"].as_array().unwrap().len(), 100);
    // Another store's are its own.
    app.api.shop(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_introduction_has_a_thousand_characters() {
    let app = TestApp::start().await;
    let shop = app.api.shop(5).await;
    let put = async |text: String| {
        let body = json!({ "store_introduction": text });
        shop.seller.put("/api/v1/seller/store/profile/introduction", &body).await
    };
    assert_eq!(put("가".repeat(1_000)).await.status, 200);
    let refused = put("가".repeat(1_001)).await.expect(422);
    assert_eq!(refused["errors"][0]["code"], "too_long");
    let mut long = store("가게");
    long["store_introduction"] = json!("가".repeat(1_001));
    let seller = app.api.person("seller", &cheapbob_test_support::fresh_email()).await;
    assert_eq!(seller.post("/api/v1/seller/store/register", &long).await.expect(422)["errors"][0]["field"], "store_introduction");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_has_a_leap_year_of_days() {
    let app = TestApp::start().await;
    let shop = app.api.shop(5).await;
    let days = async |start: &str, end: &str| shop.seller.get(&format!("{SETTLEMENT}?start_date={start}&end_date={end}")).await;
    days("2024-01-01", "2024-12-31").await.expect(200);
    days("2026-11-24", "2026-11-24").await.expect(200);
    assert_eq!(days("2024-01-01", "2025-01-01").await.refused(400), "settlement_too_long");
    assert_eq!(days("0001-01-01", "9999-12-31").await.refused(400), "settlement_too_long");
    assert_eq!(days("2025-01-01", "2024-01-01").await.refused(400), "start_after_end");
}

/// Whatever can be written into a store's fields, in characters that take most bytes: four such stores are one page.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_search_stays_small_whatever_stores_contain() {
    const WIDE: &str = "𝕏";
    let app = TestApp::start().await;
    let customer = app.api.customer().await;
    let wide = |characters: usize| WIDE.repeat(characters);
    // A letter with accents is one character, up to 640 bytes for short fields.
    let accents = |bytes: usize| format!("a{}", "\u{334}".repeat((bytes - 1) / 2));
    let link = format!("https://{}", wide(490));
    let mut worst = store(&accents(640));
    worst["store_introduction"] = json!(wide(1_000));
    worst["store_phone"] = json!(accents(640));
    worst["sns_info"] = json!({ "instagram": link, "facebook": link, "x": link, "homepage": link });
    for (field, value) in [("address", wide(255)), ("detail_address", wide(255)), ("postal_code", format!("1234{}", accents(316)))] {
        worst["address_info"][field] = json!(value);
    }
    for field in ["sido", "sigungu", "bname", "lat", "lng", "nearest_station"] {
        worst["address_info"][field] = json!(accents(640));
    }
    let product = json!({
        "product_name": wide(255), "description": wide(1_000), "initial_stock": 1_000_000, "price": 100_000_000, "sale": 99,
        "nutrition_types": ["diet", "LCHF", "protein", "LSLS", "balance", "vegetarian"], "max_per_customer": 1_000_000,
    });
    for n in 0..4 {
        let seller = app.api.person("seller", &format!("{}{n}@test.example", "s".repeat(60))).await;
        seller.post("/api/v1/seller/store/register", &worst).await.expect(201);
        seller.post(REGISTER, &product).await.expect(201);
    }
    app.database
        .sql(
            "INSERT INTO products (id, store_id, name, description, price, sale, initial_stock, nutrition_types, created_at, updated_at, max_per_customer)
             SELECT 'PRD_' || lpad((n + 1000 * (row_number() OVER (PARTITION BY n ORDER BY id)))::text, 26, '0'), store_id, name, description, price, sale,
                    CASE WHEN n > 90 THEN initial_stock ELSE 0 END, nutrition_types, created_at, updated_at, max_per_customer
             FROM products, generate_series(1, 99) n;
             INSERT INTO store_images SELECT id || '/01K9W2ZQ8Y3V5T7R1N4M6P0XBC' || i || '.jpeg', id, i = 0, i FROM stores, generate_series(0, 10) i;",
        )
        .await;
    let read = async |path: &str| {
        let bearer = format!("Bearer {}", customer.token);
        let answer = app.api.get_with(path, &[("authorization", &bearer)]).await;
        answer.expect(200)
    };
    let page = read("/api/v1/customer/search/stores").await;
    let size = page.to_string().len();
    assert!((150_000..=200_000).contains(&size), "{size}");
    let stores = page["stores"].as_array().unwrap();
    assert_eq!(stores.len(), 4);
    for store in stores {
        let products = store["products"].as_array().unwrap();
        assert!((2..100).contains(&products.len()), "{}", products.len());
        assert!(products.iter().all(|product| product["current_stock"] != 0), "what is left comes first");
        assert!(products.is_sorted_by_key(|product| product["product_id"].as_str().unwrap()));
        // All of them are one call away.
        let all = read(&format!("/api/v1/customer/search/stores/{}/products", store["store_id"].as_str().unwrap())).await;
        assert_eq!(all["products"].as_array().unwrap().len(), 100);
        customer
            .post(&format!("/api/v1/customer/search/stores/{}/favorites", store["store_id"].as_str().unwrap()), &json!({}))
            .await
            .expect(200);
    }
    assert!(read("/api/v1/customer/search/stores/favorites").await.to_string().len() <= 200_000);

    // From before there was a limit of introductions; and one modest store among them shows all that it has.
    app.database.sql("UPDATE stores SET introduction = repeat('𝕏', 10000)").await;
    let modest = app.api.shop(5).await;
    let page = read("/api/v1/customer/search/stores").await;
    assert!(page.to_string().len() <= 200_000, "{}", page.to_string().len());
    let shown = page["stores"].as_array().unwrap().iter().find(|store| store["store_id"] == *modest.store_id).unwrap();
    assert_eq!(shown["products"].as_array().unwrap().len(), 1);
}

/// Series of a metrics page, without their values.
fn series(metrics: &str) -> BTreeSet<&str> {
    metrics.lines().filter(|line| line.starts_with("cheapbob_")).filter_map(|line| Some(line.rsplit_once(' ')?.0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn invented_methods_and_paths_add_no_series() {
    const EACH: usize = 1_000;
    let app = TestApp::start().await;
    let metrics_port = RealServer::free_port();
    let mut settings = beside(&app);
    settings.extend([("METRICS_PORT", metrics_port.to_string()), ("RUST_LOG", "off".to_owned())]);
    let port = RealServer::free_port();
    let _server = RealServer::http(port, &settings).await;
    let metrics = async || reqwest::get(format!("http://127.0.0.1:{metrics_port}/metrics")).await.unwrap().text().await.unwrap();
    // Many on one connection, as an attacker sends them.
    let invent = async |request: &dyn Fn(usize) -> String, first: usize| {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let all: String = (first..first + EACH).map(|n| format!("{} HTTP/1.1\r\nhost: x\r\n\r\n", request(n))).collect();
        let (mut answers, mut sender) = connection.split();
        let read = async {
            let (mut got, mut buffer) = (0, vec![0; 64 << 10]);
            let mut seen = Vec::new();
            while got < EACH {
                let n = answers.read(&mut buffer).await.unwrap();
                assert!(n > 0, "the connection was closed after {got}");
                seen.extend_from_slice(&buffer[..n]);
                got = seen.windows(9).filter(|window| window == b"HTTP/1.1 ").count();
            }
        };
        tokio::join!(async { sender.write_all(all.as_bytes()).await.unwrap() }, read);
    };
    let kinds: [&dyn Fn(usize) -> String; 5] = [
        &|n| format!("M{n:05} /health"),
        &|n| format!("M{n:05} /nowhere"),
        &|n| format!("GET /nowhere/{n}"),
        &|n| format!("GET /api/v1/customer/orders/PAY{n}"),
        &|n| format!("GET /media/{n}/{n}"),
    ];
    for kind in kinds {
        invent(kind, 0).await;
    }
    let before = metrics().await;
    for kind in kinds {
        invent(kind, EACH).await;
    }
    let after = metrics().await;
    assert_eq!(series(&before), series(&after));
    assert!(after.contains("method=\"other\",route=\"other\",status=\"404\""), "{after}");
    assert!(after.contains("method=\"other\",route=\"/health\",status=\"405\""), "{after}");
    assert!(!after.contains("M00") && after.len() < 200_000, "{}", after.len());
}

/// With everything behind it cut off, a webhook that nobody can have signed is still refused, and at once: nothing is asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_signed_is_refused_without_asking_anybody() {
    let database = TestDatabase::create().await;
    let (way, log) = (Proxy::to(database.port().parse().unwrap()).await, tempfile::NamedTempFile::new().unwrap());
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", way.port.to_string()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
    ];
    let server = RealServer::http_logging_to(log.reopen().unwrap(), RealServer::free_port(), &settings).await;
    let now = server.api.now().await.timestamp();
    way.set(Way::Refused);
    let path = "/api/v1/webhooks/portone/STR_01K9W2ZQ8Y3V5T7R1N4M6P0XBC";
    let signature = format!("v1,{}=", "A".repeat(43));
    let send = async |timestamp: i64, signature: &str| {
        let timestamp = timestamp.to_string();
        let headers = [("webhook-id", "WH-1"), ("webhook-timestamp", timestamp.as_str()), ("webhook-signature", signature)];
        server.api.send(Method::POST, path, &headers, "{}").await
    };
    for _ in 0..20 {
        assert_eq!(server.api.send(Method::POST, path, &[], "{}").await.refused(400), "webhook_headers_missing");
        assert_eq!(send(now - 3_600, &signature).await.refused(401), "webhook_unverified");
        assert_eq!(send(now + 3_600, &signature).await.refused(401), "webhook_unverified");
        assert_eq!(send(now, "v1,AAAA").await.refused(401), "webhook_unverified");
        assert_eq!(send(now, &[signature.as_str(); 6].join(" ")).await.refused(401), "webhook_unverified");
    }
    // One that may be right has to be compared.
    eventually("asked for", 10, || async { (send(now, &signature).await.status == 503).then_some(()) }).await;
    way.set(Way::Open);
    eventually("and refused when there is an answer", 20, || async { (send(now, &signature).await.status == 401).then_some(()) }).await;
    assert!(server.interrupt().success());
    let log = std::fs::read_to_string(log.path()).unwrap();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("a webhook is refused")).collect();
    assert!((4..60).contains(&lines.len()), "{}: {lines:?}", lines.len());
    assert!(lines.iter().all(|line| line.contains("left_out=") && line.contains("request_id=")), "{lines:?}");
    assert!(!log.contains("code=webhook_"), "{log}");
}

/// A store has no say about what others sold.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_about_another_stores_payment_is_refused_and_its_body_not_kept() {
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let app = TestApp::start().await;
    let (shop, other, customer) = (app.api.shop(5).await, app.api.shop(5).await, app.api.customer().await);
    for one in [&shop, &other] {
        one.set_webhook_secret(SECRET).await;
    }
    let held = customer.hold(&shop.product_id, 1).await;
    let message: Value = json!({ "type": "Transaction.Failed", "data": { "paymentId": held.payment_id, "secret": "nobody needs this" } });
    assert_eq!(app.api.webhook(&other.store_id, SECRET, "WH-1", &message).await.refused(401), "webhook_unverified");
    assert_eq!((app.database.count("inbox").await, app.database.count("tasks WHERE id LIKE 'webhook:%'").await), (0, 0));
    app.api.webhook(&shop.store_id, SECRET, "WH-1", &message).await.expect(200);
    assert_eq!(app.database.count("inbox WHERE body = ''").await, 1);
    assert_eq!(app.database.count("tasks WHERE id LIKE 'webhook:%'").await, 1);
    assert_eq!(app.database.count("tasks WHERE payload::text LIKE '%nobody needs%'").await, 0);
}
