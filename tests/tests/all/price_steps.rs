//! Price steps (additions, Price steps): the closing sale gets cheaper by the clock alone, everywhere at once.

use std::collections::BTreeMap;

use cheapbob_test_support::{Held, Person, Shop, TestApp, normalized, text};
use chrono::{DateTime, Duration, FixedOffset};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// Of the shop: pickup ends at this time on every day.
const PICKUP_END: &str = "23:00";

fn kst(text: &str) -> DateTime<FixedOffset> {
    format!("2026-11-{text}+09:00").parse().unwrap()
}

/// A shop whose pickup ends at [`PICKUP_END`] on every day but Friday, when it does not open.
async fn shop(app: &TestApp) -> Shop {
    let shop = app.api.shop(100_000).await;
    let hours = format!(
        "UPDATE operation_times SET pickup_end_time = '{PICKUP_END}', is_open_enabled = day_of_week <> 4 WHERE store_id = '{}'",
        shop.store_id
    );
    app.database.sql(&hours).await;
    shop
}

fn path(shop: &Shop) -> String {
    format!("/api/v1/seller/store/products/{}", shop.product_id)
}

async fn set(shop: &Shop, steps: Value) -> Value {
    shop.seller.put(&format!("{}/price-steps", path(shop)), &json!({ "steps": steps })).await.expect(200)
}

fn steps() -> Value {
    json!([{ "minutes_before_pickup_end": 60, "sale": 50 }, { "minutes_before_pickup_end": 180, "sale": 40 }, { "minutes_before_pickup_end": 30, "sale": 70 }])
}

/// What every place that shows the product says of its price, which is the same.
async fn shown(shop: &Shop, customer: &Person) -> Value {
    let of = |product: &Value| {
        let mut shown = json!({});
        for field in ["price", "sale", "base_sale", "next_price_step"] {
            assert!(product.get(field).is_some(), "{field} in {product}");
            shown[field] = product[field].clone();
        }
        shown
    };
    let of_page = |page: Value| of(&page["stores"][0]["products"][0]);
    let search = "/api/v1/customer/search/stores";
    let mut all = vec![
        of_page(customer.get(search).await.expect(200)),
        of_page(customer.get(&format!("{search}/by-name?search_name=도시락")).await.expect(200)),
        of(&customer.get(&format!("{search}/{}/products", shop.store_id)).await.expect(200)["products"][0]),
        of(&customer.get(&format!("{search}/favorites")).await.expect(200)[0]["products"][0]),
        of(&shop.seller.get("/api/v1/seller/store").await.expect(200)["products"][0]),
        of(&shop.seller.get(&path(shop)).await.expect(200)),
        of(&shop.seller.get("/api/v1/seller/store/orders/dashboard").await.expect(200)["items"][0]),
    ];
    let first = all.pop().unwrap();
    for (place, other) in all.iter().enumerate() {
        assert_eq!(*other, first, "{place}");
    }
    first
}

async fn favorite(shop: &Shop, customer: &Person) {
    customer.post(&format!("/api/v1/customer/search/stores/{}/favorites", shop.store_id), &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_are_set_shown_and_removed() {
    let app = TestApp::start().await;
    let shop = shop(&app).await;
    let steps_path = format!("{}/price-steps", path(&shop));
    insta::assert_json_snapshot!("price steps none", normalized(&shop.seller.get(&steps_path).await.expect(200)));
    insta::assert_json_snapshot!("price steps", normalized(&set(&shop, steps()).await));
    assert_eq!(shop.seller.get(&steps_path).await.expect(200), set(&shop, steps()).await);
    insta::assert_json_snapshot!("product with price steps", normalized(&shop.seller.get(&path(&shop)).await.expect(200)));

    let wrong = async |steps: Value| {
        let answer = shop.seller.put(&steps_path, &json!({ "steps": steps })).await;
        assert_eq!(answer.clone().refused(422), "validation_failed");
        format!("{} {}", text(&answer.body["errors"][0], "field"), text(&answer.body["errors"][0], "code"))
    };
    let step = |minutes: i64, sale: i64| json!({ "minutes_before_pickup_end": minutes, "sale": sale });
    assert_eq!(wrong(json!([step(60, 40), step(30, 40)])).await, "steps.1.sale not_greater");
    assert_eq!(wrong(json!([step(60, 40), step(90, 30)])).await, "steps.1.sale not_greater");
    assert_eq!(wrong(json!([step(0, 40)])).await, "steps.0.minutes_before_pickup_end out_of_range");
    assert_eq!(wrong(json!([step(1_440, 40)])).await, "steps.0.minutes_before_pickup_end out_of_range");
    assert_eq!(wrong(json!([step(60, 101)])).await, "steps.0.sale out_of_range");
    assert_eq!(wrong(json!([step(60, 40), step(60, 50)])).await, "steps.1.minutes_before_pickup_end duplicate_step");
    assert_eq!(wrong((1..=6).map(|n| step(100 - n, 40 + n)).collect()).await, "steps.5 too_many");
    assert_eq!(wrong(json!([{ "sale": 40 }])).await, "steps[0].minutes_before_pickup_end missing");
    let other = app.api.shop(1).await;
    assert_eq!(other.seller.put(&steps_path, &json!({ "steps": [] })).await.refused(404), "product_not_found");
    assert_eq!(other.seller.get(&steps_path).await.refused(404), "product_not_found");

    // The app sends back the whole that it was given while a step was in force: only what the seller changed is changed.
    app.api.set_clock(kst("24T22:10:00").into()).await;
    let mut whole = shop.seller.get(&path(&shop)).await.expect(200);
    assert_eq!((&whole["sale"], &whole["base_sale"]), (&json!(50), &json!(30)));
    whole["product_name"] = "김밥".into();
    let changed = shop.seller.put(&path(&shop), &whole).await.expect(200);
    assert_eq!((&changed["product_name"], &changed["sale"], &changed["base_sale"]), (&json!("김밥"), &json!(50), &json!(30)));
    let refused = shop.seller.put(&path(&shop), &json!({ "sale": 60 })).await;
    assert_eq!(refused.body["errors"][0]["code"], "not_below_steps");
    assert_eq!(refused.refused(422), "validation_failed");
    assert_eq!(shop.seller.put(&path(&shop), &json!({ "sale": 35 })).await.expect(200)["base_sale"], 35);
    let none = set(&shop, json!([])).await;
    assert_eq!((&none["steps"], &none["sale"], &none["next_price_step"]), (&json!([]), &json!(35), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_each_minute_of_a_day_what_is_shown_what_is_charged_and_what_is_settled_agree() {
    let app = TestApp::start().await;
    let (shop, mut customer) = (shop(&app).await, app.api.customer().await);
    set(&shop, steps()).await;
    let (mut settled, mut paid) = (BTreeMap::new(), Vec::new());
    let begin = kst("25T00:00:00");
    for minute in 0..1_440 {
        // Some seconds into it: a step is reached at the minute itself.
        let now = begin + Duration::minutes(minute) + Duration::seconds(i64::from(minute % 7 == 0) * 59);
        app.api.set_clock(now.into()).await;
        // Nobody may ask for so many holds.
        if minute % 50 == 0 {
            customer = app.api.customer().await;
            favorite(&shop, &customer).await;
        }
        let sale = match minute {
            0..1_200 => 30,
            1_200..1_320 => 40,
            1_320..1_350 => 50,
            _ => 70,
        };
        // All places around the steps and now and then; one of them at each minute.
        let around = [0, 1_200, 1_320, 1_350, 1_380].iter().any(|step| (minute - step).abs() <= 1);
        let product = if around || minute % 97 == 0 {
            shown(&shop, &customer).await
        } else {
            customer.get(&format!("/api/v1/customer/search/stores/{}/products", shop.store_id)).await.expect(200)["products"][0].clone()
        };
        assert_eq!((&product["sale"], &product["base_sale"]), (&json!(sale), &json!(30)), "minute {minute}");
        let answer = customer.init(&shop.product_id, 2).await;
        if minute >= 1_380 {
            assert_eq!(answer.refused(400), "pickup_over", "minute {minute}");
            continue;
        }
        let body = answer.expect(200);
        let total = 2 * ((10_000 * (100 - sale) + 5_000) / 10_000 * 100);
        assert_eq!(
            (&body["price"], &body["sale"], &body["total_amount"]),
            (&json!(10_000), &json!(sale), &json!(total)),
            "minute {minute}"
        );
        if around || minute % 53 == 0 {
            let held = Held { payment_id: text(&body, "payment_id"), body };
            app.api.pay(&held).await;
            customer.confirm(&held.payment_id).await.expect(200);
            shop.accept(&held.payment_id).await.expect(200);
            let code = shop.code(&held.payment_id).await;
            let order = customer.scan(&held.payment_id, &code).await.expect(200);
            assert_eq!((&order["sale"], &order["total_amount"]), (&json!(sale), &json!(total)), "minute {minute}");
            *settled.entry(total).or_insert(0) += 1;
            paid.push(held.payment_id);
        }
    }
    assert_eq!(settled.len(), 4, "{settled:?}");
    let settlement = shop.seller.get("/api/v1/seller/store/settlement?start_date=2026-11-25&end_date=2026-11-25").await.expect(200);
    let items = settlement["daily_settlements"][0]["items"].as_array().unwrap();
    let mut counted = BTreeMap::new();
    for item in items.iter().filter(|item| item["status"] == "complete") {
        *counted.entry(item["total_amount"].as_i64().unwrap()).or_insert(0) += 1;
    }
    assert_eq!((counted, items.len()), (settled, paid.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_passes_between_list_and_payment_costs_no_order() {
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        let (shop, customer) = (shop(&app).await, app.api.customer().await);
        set(&shop, steps()).await;
        let pays = async |at: &str, total: i64, sale: Option<i64>| {
            app.api.set_clock(kst(at).into()).await;
            let held = customer.hold(&shop.product_id, 1).await;
            app.api.pay_with(&held, &json!({ "totalAmount": total })).await.expect(200);
            let answer = customer.confirm(&held.payment_id).await;
            match sale {
                Some(sale) => {
                    answer.expect(200);
                    let order = customer.get(&format!("/api/v1/customer/orders/{}", held.payment_id)).await.expect(200);
                    assert_eq!((&order["sale"], &order["total_amount"]), (&json!(sale), &json!(total)), "{at}");
                }
                None => assert_eq!(answer.refused(400), "payment_mismatch", "{at}"),
            }
        };
        // 40 % from 20:00, 50 % from 22:00, 70 % from 22:30 on.
        pays("24T20:14:59", 7_000, Some(30)).await;
        pays("24T20:15:00", 7_000, None).await;
        pays("24T19:59:59", 6_000, None).await;
        pays("24T22:44:00", 5_000, Some(50)).await;
        pays("24T22:44:00", 6_000, None).await;
        // Yesterday's last step, over midnight.
        pays("25T00:10:00", 3_000, Some(70)).await;
        pays("25T00:15:00", 3_000, None).await;
        // Steps that are new since were in force for nobody before.
        app.api.set_clock(kst("25T20:05:00").into()).await;
        set(&shop, json!([{ "minutes_before_pickup_end": 176, "sale": 80 }, { "minutes_before_pickup_end": 170, "sale": 90 }])).await;
        pays("25T20:06:00", 6_000, Some(40)).await;
        pays("25T20:06:00", 7_000, Some(30)).await;
        pays("25T20:11:00", 2_000, Some(80)).await;
        pays("25T20:12:00", 6_000, Some(40)).await;
        // From 20:04 until 20:05 it would have been 80 %, had they been there.
        set(&shop, json!([{ "minutes_before_pickup_end": 1, "sale": 99 }])).await;
        set(&shop, json!([])).await;
        pays("25T20:13:00", 1_000, Some(90)).await;
        pays("25T20:13:00", 100, None).await;
        // Friday has no hours, and no window.
        app.api.set_clock(kst("27T22:40:00").into()).await;
        set(&shop, steps()).await;
        let product = shop.seller.get(&path(&shop)).await.expect(200);
        assert_eq!((&product["sale"], &product["next_price_step"]), (&json!(30), &Value::Null));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_at_once_each_is_decided_by_the_prices_that_it_changes() {
    let app = TestApp::start().await;
    let shop = shop(&app).await;
    let (product, steps) = (path(&shop), format!("{}/price-steps", path(&shop)));
    let own = async |sale: i64| shop.seller.put(&product, &json!({ "sale": sale })).await;
    let step = async |sale: i64| shop.seller.put(&steps, &json!({ "steps": [{ "minutes_before_pickup_end": 60, "sale": sale }] })).await;
    for round in 0..10 {
        set(&shop, json!([])).await;
        own(0).await.expect(200);
        // Either fits what is there, and neither beside the other.
        let answers = join_all((0..8).map(async |n| if n % 2 == 0 { own(50).await } else { step(40).await })).await;
        for answer in answers {
            match answer.status {
                200 => {}
                // Others were faster all the time.
                409 => assert_eq!(answer.refused(409), "product_changing"),
                _ => assert_eq!(answer.refused(422), "validation_failed"),
            }
        }
        let fits = "SELECT count(*) AS n FROM products WHERE sale < coalesce((price_steps -> 0 ->> 'sale')::integer, 101)";
        assert_eq!(app.database.number(fits).await, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_hours_move_the_steps_when_they_take_effect() {
    let app = TestApp::start().await;
    let (shop, customer) = (shop(&app).await, app.api.customer().await);
    set(&shop, steps()).await;
    let mut week = shop.seller.get("/api/v1/seller/store/settings/operation").await.expect(200);
    for day in week.as_array_mut().unwrap() {
        day["pickup_end_time"] = "21:00".into();
        day["is_open_enabled"] = true.into();
    }
    let planned = json!({ "operation_times": week });
    shop.seller.call(Method::POST, "/api/v1/seller/store/settings/operation/reservation", Some(&planned)).await.expect(201);
    favorite(&shop, &customer).await;
    app.api.set_clock(kst("24T18:30:00").into()).await;
    assert_eq!(shown(&shop, &customer).await["sale"], 30);
    app.api.set_clock(kst("25T04:20:00").into()).await;
    app.api.run_job("apply_hours").await;
    app.api.set_clock(kst("25T18:30:00").into()).await;
    let now = shown(&shop, &customer).await;
    assert_eq!((&now["sale"], &now["next_price_step"]), (&json!(40), &json!({ "at": "2026-11-25T20:00:00.000000+09:00", "sale": 50 })));
    assert_eq!(customer.hold(&shop.product_id, 1).await.body["sale"], 40);
}
