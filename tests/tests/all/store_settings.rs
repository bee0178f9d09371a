//! What a seller changes of their store and of its products.

use cheapbob_test_support::{Person, TestApp, fresh_email, normalized, store};
use serde_json::{Value, json};

macro_rules! snapshot {
    ($name:literal, $body:expr) => {
        insta::assert_json_snapshot!($name, normalized(&$body))
    };
}

const ROOT: &str = "/api/v1/seller/store";

/// A seller with a store as [`store`] makes it, without a payment account.
async fn seller(app: &TestApp, change: impl FnOnce(&mut Value)) -> Person {
    let seller = app.api.person("seller", &fresh_email()).await;
    let mut body = store("가게");
    change(&mut body);
    seller.post(&format!("{ROOT}/register"), &body).await.expect(201);
    seller
}

#[tokio::test(flavor = "multi_thread")]
async fn profile_address_and_payment() {
    let app = TestApp::start().await;
    let seller = seller(&app, |_| {}).await;
    for (field, path, new, bad) in [
        ("store_name", "name", "새 가게", vec![json!(""), json!("가".repeat(31)), json!(null)]),
        ("store_introduction", "introduction", "새 소개\n둘째 줄", vec![json!(""), json!("a\u{0}")]),
        ("store_phone", "phone", "02-999-0000", vec![json!(""), json!(7)]),
    ] {
        let path = format!("{ROOT}/profile/{path}");
        insta::assert_json_snapshot!(field, normalized(&seller.put(&path, &json!({ field: new, "more": 1 })).await.expect(200)));
        for bad in bad {
            assert_eq!(seller.put(&path, &json!({ field: bad })).await.refused(422), "validation_failed", "{field} {bad}");
        }
    }
    let mut address = store("가게")["address_info"].clone();
    address["detail_address"] = "지하 1층".into();
    address["nearest_station"] = Value::Null;
    address["walking_time"] = Value::Null;
    address["store_id"] = "ignored".into();
    snapshot!("address changed", seller.put(&format!("{ROOT}/settings/address"), &address).await.expect(200));
    address["postal_code"] = "1234".into();
    let refused = seller.put(&format!("{ROOT}/settings/address"), &address).await.expect(422);
    assert_eq!(refused["errors"][0]["field"], "postal_code");

    let payment = format!("{ROOT}/settings/payment");
    let ids = json!({ "portone_store_id": "store-2", "portone_channel_id": "channel-2" });
    snapshot!("payment settings of none", seller.get(&payment).await.expect(200));
    assert_eq!(seller.put(&payment, &ids).await.refused(404), "payment_settings_not_found");
    let whole = json!({ "portone_store_id": "store-1", "portone_channel_id": "channel-1", "portone_secret_key": "very secret" });
    seller.post(&format!("{ROOT}/register/payment"), &whole).await.expect(204);
    snapshot!("payment settings", seller.get(&payment).await.expect(200));
    snapshot!("payment settings changed", seller.put(&payment, &ids).await.expect(200));
    assert_eq!(
        seller.put(&payment, &json!({ "portone_store_id": "" , "portone_channel_id": "c" })).await.refused(422),
        "validation_failed"
    );
    snapshot!("store after changes", seller.get(ROOT).await.expect(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn links() {
    let app = TestApp::start().await;
    let seller = seller(&app, |_| {}).await;
    let path = format!("{ROOT}/sns");
    snapshot!("sns", seller.get(&path).await.expect(200));
    // Only what is sent changes.
    let sent = json!({ "instagram": "https://instagram.com/x", "homepage": "", "facebook": null });
    snapshot!("sns changed", seller.put(&path, &sent).await.expect(200));
    assert_eq!(seller.put(&path, &json!({})).await.expect(200), seller.get(&path).await.expect(200));
    for bad in ["nothing", "ftp://x", "http://", "https://a b"] {
        let refused = seller.put(&path, &json!({ "x": bad, "instagram": "https://other.example" })).await.expect(422);
        assert_eq!(refused["errors"][0]["field"], "x", "{bad}");
    }
    assert_eq!(seller.get(&path).await.expect(200)["instagram"], "https://instagram.com/x");
    for link in ["instagram", "facebook", "x", "homepage"] {
        seller.delete(&format!("{path}/{link}")).await.expect(204);
    }
    assert_eq!(seller.delete(&format!("{path}/myspace")).await.refused(422), "validation_failed");
    let none = seller.get(&path).await.expect(200);
    assert!(["instagram", "facebook", "x", "homepage"].iter().all(|link| none[link].is_null()), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_are_reserved_for_the_next_rollover() {
    let app = TestApp::start().await;
    let usual = |body: &mut Value| {
        for day in body["operation_times"].as_array_mut().unwrap() {
            for (field, time) in
                [("open_time", "09:00"), ("close_time", "21:00"), ("pickup_start_time", "18:00"), ("pickup_end_time", "20:00:00")]
            {
                day[field] = time.into();
            }
        }
    };
    let seller = seller(&app, usual).await;
    let (current, reservation) = (format!("{ROOT}/settings/operation"), format!("{ROOT}/settings/operation/reservation"));
    snapshot!("operation", seller.get(&current).await.expect(200));
    snapshot!("operation reservation of none", seller.get(&reservation).await.expect(200));
    let mut week = store("가게");
    usual(&mut week);
    let mut week = json!({ "operation_times": week["operation_times"] });
    let reserve = async |week: &Value| seller.post(&reservation, week).await.expect(201)["modification_type"].as_u64().unwrap();
    assert_eq!(reserve(&week).await, 0);
    // The pickup moves with the closing: hours only.
    for (field, time) in [("close_time", "22:00"), ("pickup_start_time", "19:00"), ("pickup_end_time", "21:00")] {
        week["operation_times"][5][field] = time.into();
    }
    assert_eq!(reserve(&week).await, 1);
    week["operation_times"][0]["pickup_start_time"] = "17:30".into();
    assert_eq!(reserve(&week).await, 3);
    snapshot!("operation reservation", seller.get(&reservation).await.expect(200));
    assert_eq!(seller.get(&current).await.expect(200)[5]["close_time"], "21:00:00", "not before the rollover");
    week["operation_times"][5] = json!({ "day_of_week": 5, "is_open_enabled": false });
    assert_eq!(reserve(&week).await, 3);
    for bad in [json!({}), json!({ "operation_times": [] })] {
        assert_eq!(seller.post(&reservation, &bad).await.refused(422), "validation_failed");
    }
    seller.delete(&reservation).await.expect(204);
    seller.delete(&reservation).await.expect(204);
    assert_eq!(seller.get(&reservation).await.expect(200)["modification_type"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nutrition_and_stock_reservation() {
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        let (shop, other) = (app.api.shop(3).await, app.api.shop(3).await);
        let path = format!("{ROOT}/products/{}", shop.product_id);
        let nutrition = format!("{path}/nutrition");
        let types = |words: &[&str]| json!({ "nutrition_types": words });
        snapshot!("nutrition added", shop.seller.post(&nutrition, &types(&["protein", "LSLS", "protein"])).await.expect(200));
        assert_eq!(shop.seller.post(&nutrition, &types(&["balance", "diet"])).await.refused(400), "nutrition_exists");
        assert_eq!(shop.seller.delete_with(&nutrition, &types(&["balance", "diet"])).await.refused(404), "nutrition_not_found");
        snapshot!("nutrition removed", shop.seller.delete_with(&nutrition, &types(&["diet", "LSLS"])).await.expect(200));
        for bad in [types(&[]), types(&["gold"]), json!({}), json!({ "nutrition_types": "diet" })] {
            assert_eq!(shop.seller.post(&nutrition, &bad).await.refused(422), "validation_failed", "{bad}");
            assert_eq!(shop.seller.delete_with(&nutrition, &bad).await.refused(422), "validation_failed", "{bad}");
        }
        assert_eq!(other.seller.post(&nutrition, &types(&["LCHF"])).await.refused(404), "product_not_found");
        assert_eq!(other.seller.delete_with(&nutrition, &types(&["protein"])).await.refused(404), "product_not_found");

        let reservation = format!("{path}/stock/reservation");
        assert_eq!(shop.seller.get(&reservation).await.refused(404), "reservation_not_found");
        assert_eq!(shop.seller.delete(&reservation).await.refused(404), "reservation_not_found");
        shop.seller.post(&reservation, &json!({ "new_stock": 7 })).await.expect(201);
        snapshot!("stock reserved", shop.seller.post(&reservation, &json!({ "new_stock": 0 })).await.expect(201));
        snapshot!("stock reservation", shop.seller.get(&reservation).await.expect(200));
        assert_eq!(shop.stock().await, (3, 0), "not before the rollover");
        for bad in [json!({}), json!({ "new_stock": -1 }), json!({ "new_stock": 1.5 }), json!({ "new_stock": 1_000_001 })] {
            assert_eq!(shop.seller.post(&reservation, &bad).await.refused(422), "validation_failed", "{bad}");
        }
        assert_eq!(other.seller.get(&reservation).await.refused(404), "product_not_found");
        assert_eq!(other.seller.post(&reservation, &json!({ "new_stock": 1 })).await.refused(404), "product_not_found");
        assert_eq!(other.seller.delete(&reservation).await.refused(404), "product_not_found");
        shop.seller.delete(&reservation).await.expect(204);
        assert_eq!(shop.seller.get(&reservation).await.refused(404), "reservation_not_found");
        // As the app asks with a product that it does not have yet.
        assert_eq!(shop.seller.get(&format!("{ROOT}/products//stock/reservation")).await.refused(404), "not_found");
    }
}
