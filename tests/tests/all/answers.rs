//! Whole answers as snapshots, refusals of the contract's tables.

use cheapbob_test_support::{Person, Shop, TestApp, fresh_email, normalized, store};
use reqwest::Method;
use serde_json::{Value, json};

macro_rules! snapshot {
    ($name:literal, $body:expr) => {
        insta::assert_json_snapshot!($name, normalized(&$body))
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn options() {
    let app = TestApp::start().await;
    for kind in ["preferred-menus", "nutrition-types", "allergies", "topping-types"] {
        let body = app.api.get(&format!("/api/v1/common/options/{kind}")).await.expect(200);
        insta::assert_json_snapshot!(format!("options {kind}"), body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_profile() {
    let app = TestApp::start().await;
    let person = app.api.person("customer", &fresh_email()).await;
    snapshot!("role of a new customer", person.get("/api/v1/user/role").await.expect(200));
    snapshot!("profile me", person.get("/api/v1/customer/profile/me").await.expect(200));
    for path in ["/api/v1/customer/profile", "/api/v1/customer/profile/detail"] {
        assert_eq!(person.get(path).await.refused(404), "profile_not_found");
    }
    let change = |body: Value| async move { body };
    let patch = async |body: Value| person.call(Method::PATCH, "/api/v1/customer/profile/detail", Some(&body)).await;
    assert_eq!(patch(json!({ "nickname": "둘리" })).await.refused(404), "profile_not_found");
    let bad = change(json!({ "nickname": "여덟글자닉네임임", "phone_number": "010-1234-5678", "allergies": ["gold"] })).await;
    snapshot!("register with bad fields", person.post("/api/v1/customer/register", &bad).await.expect(422));
    snapshot!("register with a field missing", person.post("/api/v1/customer/register", &json!({ "nickname": "길동" })).await.expect(422));
    let body = json!({
        "nickname": "길동", "phone_number": "01012345678", "preferred_menus": ["salad", "poke", "salad"], "nutrition_types": null,
        "allergies": [], "topping_types": ["shrimp"], "unknown": { "field": 1 },
    });
    snapshot!("register", person.post("/api/v1/customer/register", &body).await.expect(201));
    assert_eq!(person.post("/api/v1/customer/register", &body).await.refused(400), "already_registered");
    snapshot!("profile", person.get("/api/v1/customer/profile").await.expect(200));
    snapshot!("profile detail", person.get("/api/v1/customer/profile/detail").await.expect(200));
    for nothing in [json!({}), json!({ "nickname": null }), json!({ "email": "x" })] {
        assert_eq!(patch(nothing).await.refused(400), "nothing_to_change");
    }
    assert_eq!(patch(json!({ "nickname": "" })).await.refused(422), "validation_failed");
    snapshot!("profile detail changed", patch(json!({ "nickname": "둘리" })).await.expect(200));
}

async fn register(seller: &Person, change: impl FnOnce(&mut Value)) -> Value {
    let mut body = store("가게");
    change(&mut body);
    let answer = seller.post("/api/v1/seller/store/register", &body).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| format!("{} {}", e["field"].as_str().unwrap(), e["code"].as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sellers_store() {
    let app = TestApp::start().await;
    let seller = app.api.person("seller", &fresh_email()).await;
    for path in [
        "/api/v1/seller/store",
        "/api/v1/seller/store/register/payment",
        "/api/v1/seller/store/orders/today",
        "/api/v1/seller/store/orders/dashboard",
    ] {
        assert_eq!(seller.get(path).await.refused(404), "store_not_found", "{path}");
    }
    assert_eq!(register(&seller, |b| b["store_name"] = "".into()).await, json!(["store_name too_short"]));
    assert_eq!(register(&seller, |b| b["store_name"] = "가".repeat(31).into()).await, json!(["store_name too_long"]));
    assert_eq!(register(&seller, |b| b["store_name"] = "a\u{0}b".into()).await, json!(["store_name bad_character"]));
    assert_eq!(register(&seller, |b| b["sns_info"] = json!({ "x": "javascript:alert(1)" })).await, json!(["sns_info.x bad_url"]));
    assert_eq!(register(&seller, |b| b["address_info"]["postal_code"] = "123".into()).await, json!(["address_info.postal_code too_short"]));
    assert_eq!(
        register(&seller, |b| b["address_info"]["walking_time"] = (-1).into()).await,
        json!(["address_info.walking_time out_of_range"])
    );
    assert_eq!(
        register(&seller, |b| b["operation_times"][6]["day_of_week"] = 0.into()).await,
        json!(["operation_times.6.day_of_week duplicate_day"])
    );
    assert_eq!(
        register(&seller, |b| b["operation_times"][2]["open_time"] = "24:00".into()).await,
        json!(["operation_times.2.open_time bad_time"])
    );
    assert_eq!(register(&seller, |b| b["operation_times"] = json!([])).await, json!(["operation_times seven_days"]));
    assert_eq!(register(&seller, |b| b["address_info"]["bname"] = 7.into()).await, json!(["address_info.bname invalid"]));
    assert_eq!(register(&seller, |b| b["address_info"] = json!({})).await, json!(["address_info.postal_code missing"]));
    let mut body = store("가게");
    body["operation_times"][3] = json!({ "day_of_week": 3, "is_open_enabled": false, "open_time": "" });
    body["state"] = "undefined".into();
    snapshot!("store register", seller.post("/api/v1/seller/store/register", &body).await.expect(201));
    assert_eq!(seller.post("/api/v1/seller/store/register", &body).await.refused(409), "store_exists");
    // Tuesday noon: only Tuesday's row may be open, and not before there is a payment account.
    snapshot!("store without payment", seller.get("/api/v1/seller/store").await.expect(200));
    snapshot!("payment not set", seller.get("/api/v1/seller/store/register/payment").await.expect(200));
    let payment = json!({ "portone_store_id": "store-1", "portone_channel_id": "channel-1", "portone_secret_key": "s" });
    assert_eq!(seller.post("/api/v1/seller/store/register/payment", &json!({})).await.refused(422), "validation_failed");
    seller.post("/api/v1/seller/store/register/payment", &payment).await.expect(204);
    assert_eq!(seller.post("/api/v1/seller/store/register/payment", &payment).await.refused(409), "payment_exists");
    snapshot!("payment set", seller.get("/api/v1/seller/store/register/payment").await.expect(200));
    let open: Vec<_> = seller.get("/api/v1/seller/store").await.expect(200)["operation_times"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["is_currently_open"] == true)
        .collect();
    assert_eq!(open, [false, true, false, false, false, false, false]);
    snapshot!("role of a seller without a product", seller.get("/api/v1/user/role").await.expect(200));
    snapshot!("seller profile me", seller.get("/api/v1/seller/store/profile/me").await.expect(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sellers_products() {
    let app = TestApp::start().await;
    let Shop { seller, product_id, .. } = app.api.shop(2).await;
    let path = format!("/api/v1/seller/store/products/{product_id}");
    let product = seller.get(&path).await.expect(200);
    snapshot!("product", product);
    let good = json!({ "product_name": "김밥", "description": "", "initial_stock": 0, "price": 3000, "nutrition_types": [] });
    snapshot!("product register", seller.post("/api/v1/seller/store/products/register", &good).await.expect(201));
    for (field, bad) in [
        ("product_name", json!("")),
        ("description", json!("가".repeat(1001))),
        ("initial_stock", json!(-1)),
        ("price", json!(0)),
        ("sale", json!(0)),
        ("sale", json!(101)),
        ("nutrition_types", json!(["fat"])),
        ("nutrition_types", json!("diet")),
        ("price", json!("3000")),
        ("price", json!(3000.5)),
    ] {
        let mut body = good.clone();
        body[field] = bad;
        let answer = seller.post("/api/v1/seller/store/products/register", &body).await.expect(422);
        assert!(answer["errors"][0]["field"].as_str().unwrap().starts_with(field), "{answer}");
    }
    // The app sends the whole product back.
    let mut whole = product.clone();
    whole["product_name"] = "새 도시락".into();
    whole["sale"] = 0.into();
    snapshot!("product changed", seller.call(Method::PUT, &path, Some(&whole)).await.expect(200));
    assert_eq!(seller.call(Method::PUT, &path, Some(&json!({ "sale": 101 }))).await.refused(422), "validation_failed");
    snapshot!("product unchanged", seller.call(Method::PUT, &path, Some(&json!({}))).await.expect(200));
    snapshot!("stock up", seller.patch(&format!("{path}/stock/up")).await.expect(200));
    for _ in 0..3 {
        seller.patch(&format!("{path}/stock/down")).await.expect(200);
    }
    assert_eq!(seller.patch(&format!("{path}/stock/down")).await.refused(409), "nothing_left");
    let full = json!({ "product_name": "김", "description": "", "initial_stock": 1_000_000, "price": 3000, "nutrition_types": [] });
    let other = app.api.shop(1).await.seller;
    let full = other.post("/api/v1/seller/store/products/register", &full).await.expect(201);
    let up = format!("/api/v1/seller/store/products/{}/stock/up", full["product_id"].as_str().unwrap());
    assert_eq!(other.patch(&up).await.refused(409), "stock_limit");
    let huge = json!({ "product_name": "가".repeat(300_000) });
    assert_eq!(other.post("/api/v1/seller/store/products/register", &huge).await.refused(413), "body_too_large");
    snapshot!("dashboard", seller.get("/api/v1/seller/store/orders/dashboard").await.expect(200));
    assert_eq!(seller.get("/api/v1/seller/store/products/PRD_00000000000000000000000000").await.refused(404), "product_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn searching() {
    let app = TestApp::start().await;
    let customer = app.api.customer().await;
    let get = async |path: &str| customer.get(&format!("/api/v1/customer/search/stores{path}")).await;
    snapshot!("search of nothing", get("").await.expect(200));
    let mut shops = Vec::new();
    for _ in 0..5 {
        shops.push(app.api.shop(1).await);
    }
    let first = get("?page=0").await.expect(200);
    assert_eq!((first["stores"].as_array().unwrap().len(), &first["is_end"]), (4, &json!(false)));
    snapshot!("search page 1", get("?page=1&state=undefined").await.expect(200));
    assert_eq!(get("?page=2").await.expect(200), json!({ "stores": [], "is_end": true }));
    for bad in
        ["?page=-1", "?page=x", "/by-name", "/by-name?search_name=", "/by-location?sido=a&sigungu=b", "/by-location-name?search_name=x"]
    {
        assert_eq!(get(bad).await.refused(422), "validation_failed", "{bad}");
    }
    let count = async |path: &str| get(path).await.expect(200)["stores"].as_array().unwrap().len();
    assert_eq!(count("/by-name?search_name=%EB%8F%84%EC%8B%9C%EB%9D%BD").await, 4);
    assert_eq!(count("/by-name?search_name=%25").await, 0);
    let place =
        "sido=%EC%84%9C%EC%9A%B8&sigungu=%EB%A7%88%ED%8F%AC%EA%B5%AC&bname=%EC%84%9C%EA%B5%90%EB%8F%99&bname=%ED%95%A9%EC%A0%95%EB%8F%99";
    assert_eq!(count(&format!("/by-location?{place}&page=1")).await, 1);
    assert_eq!(count(&format!("/by-location-name?{place}&search_name=%EA%B0%80%EA%B2%8C")).await, 4);
    let store_id = &shops[0].store_id;
    snapshot!("products of a store", get(&format!("/{store_id}/products")).await.expect(200));
    assert_eq!(get("/STR_0/products").await.refused(404), "store_not_found");
    let favourites = format!("/api/v1/customer/search/stores/{store_id}/favorites");
    assert_eq!(customer.delete(&favourites).await.refused(404), "favorite_not_found");
    snapshot!("favourite added", customer.post(&favourites, &json!({})).await.expect(200));
    assert_eq!(customer.post(&favourites, &json!({})).await.refused(409), "favorite_exists");
    assert_eq!(customer.post("/api/v1/customer/search/stores/STR_0/favorites", &json!({})).await.refused(404), "store_not_found");
    snapshot!("favourites", get("/favorites").await.expect(200));
    snapshot!("favourite removed", customer.delete(&favourites).await.expect(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn buying() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(3).await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 2).await;
    snapshot!("payment init", held.body);
    app.api.pay(&held).await;
    snapshot!("payment confirm", customer.confirm(&held.payment_id).await.expect(200));
    snapshot!("orders today of the customer", customer.get("/api/v1/customer/orders/today").await.expect(200));
    snapshot!("orders today of the store", shop.seller.get("/api/v1/seller/store/orders/today").await.expect(200));
    snapshot!("accept", shop.accept(&held.payment_id).await.expect(200));
    let qr = shop.seller.get(&format!("/api/v1/seller/store/orders/{}/qr", held.payment_id)).await.expect(200);
    snapshot!("qr", qr);
    snapshot!("complete", customer.scan(&held.payment_id, qr["qr_data"].as_str().unwrap()).await.expect(200));
    snapshot!("order", customer.get(&format!("/api/v1/customer/orders/{}", held.payment_id)).await.expect(200));
    assert_eq!(customer.get("/api/v1/customer/orders/PAY0").await.refused(404), "order_not_found");
    for bad in [
        json!({}),
        json!({ "product_id": shop.product_id, "quantity": 0 }),
        json!({ "product_id": shop.product_id, "quantity": -1 }),
        json!({ "product_id": shop.product_id, "quantity": 1.5 }),
    ] {
        assert_eq!(customer.post("/api/v1/customer/payment/init", &bad).await.refused(422), "validation_failed", "{bad}");
    }
    assert_eq!(customer.init("PRD_0", 1).await.refused(404), "product_not_found");
    assert_eq!(customer.init(&shop.product_id, 2).await.refused(400), "insufficient_stock");
    for body in ["{", "", "{\"payment_id\": \"x\"} trailing", "[1,"] {
        assert_eq!(
            app.api.raw(Method::POST, "/api/v1/customer/payment/confirm", Some(&customer.token), body).await.refused(400),
            "malformed_json",
            "{body}"
        );
    }
    assert_eq!(customer.confirm("x").await.refused(404), "payment_not_found");
    let unregistered = app.api.person("customer", &fresh_email()).await;
    assert_eq!(unregistered.init(&shop.product_id, 1).await.refused(400), "profile_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_sells_while_it_is_open() {
    let app = TestApp::start().await;
    let seller = app.api.person("seller", &fresh_email()).await;
    let mut body = store("가게");
    for day in body["operation_times"].as_array_mut().unwrap() {
        for (field, time) in [("open_time", "09:00"), ("close_time", "21:00"), ("pickup_start_time", "18:00"), ("pickup_end_time", "20:00")]
        {
            day[field] = time.into();
        }
    }
    body["operation_times"][2]["is_open_enabled"] = false.into();
    seller.post("/api/v1/seller/store/register", &body).await.expect(201);
    let free = json!({ "product_name": "거의 공짜", "description": "", "initial_stock": 9, "price": 40, "nutrition_types": [] });
    let free = seller.post("/api/v1/seller/store/products/register", &free).await.expect(201);
    let product = json!({ "product_name": "김밥", "description": "", "initial_stock": 9, "price": 3050, "nutrition_types": [] });
    let product = seller.post("/api/v1/seller/store/products/register", &product).await.expect(201);
    let (free, product) = (free["product_id"].as_str().unwrap(), product["product_id"].as_str().unwrap());
    let customer = app.api.customer().await;
    // It is Tuesday noon; Wednesday is closed.
    assert_eq!(customer.init(product, 1).await.refused(400), "payment_not_set_up");
    let payment = json!({ "portone_store_id": "store-1", "portone_channel_id": "channel-1", "portone_secret_key": "s" });
    seller.post("/api/v1/seller/store/register/payment", &payment).await.expect(204);
    assert_eq!(customer.init(free, 1).await.refused(400), "not_for_sale");
    for (instant, refusal) in [
        ("2026-11-24T08:59:59+09:00", Some("store_closed")),
        ("2026-11-24T09:00:01+09:00", None),
        ("2026-11-24T20:00:01+09:00", Some("pickup_over")),
        ("2026-11-24T21:00:01+09:00", Some("store_closed")),
        ("2026-11-25T12:00:00+09:00", Some("store_closed_today")),
    ] {
        app.api.set_clock(instant.parse().unwrap()).await;
        let answer = customer.init(product, 2).await;
        match refusal {
            Some(code) => assert_eq!(answer.refused(400), code, "{instant}"),
            // Nearest hundred, halves up, also without a discount.
            None => assert_eq!(answer.expect(200)["total_amount"], 6200),
        }
    }
}

#[test]
fn the_openapi_document() {
    insta::assert_json_snapshot!("openapi", cheapbob_http::document());
}
