//! Lists of orders across today's rows and the archive; what a store earned.

use cheapbob_adapters_embedded::fakes::Embedded;
use cheapbob_adapters_mongo::Mongo;
use cheapbob_domain::{orders::ports::OrderArchive, shared::PaymentId};
use cheapbob_test_support::{Held, TestApp, eventually, mongo_settings, normalized, redis_at, redis_url};
use serde_json::{Value, json};

macro_rules! snapshot {
    ($name:literal, $body:expr) => {
        insta::assert_json_snapshot!($name, normalized(&$body))
    };
}

/// Writes these orders into the archive; then, if asked, deletes them from today's rows.
async fn archive(app: &TestApp, archive: &dyn OrderArchive, orders: &[&Held], and_delete: bool) {
    let mut moved = Vec::new();
    for held in orders {
        moved.push(app.services.orders.find(&PaymentId::parse(&held.payment_id).unwrap()).await.unwrap().unwrap());
    }
    archive.put(&moved).await.unwrap();
    for order in moved.iter().filter(|_| and_delete) {
        app.database.sql(&format!("DELETE FROM orders WHERE payment_id = '{}'", order.payment_id)).await;
    }
}

fn ids(list: &Value) -> Vec<String> {
    let orders = list["orders"].as_array().unwrap();
    assert_eq!(list["total"], orders.len());
    orders.iter().map(|o| o["payment_id"].as_str().unwrap().to_owned()).collect()
}

async fn lists(app: &TestApp, store: &dyn OrderArchive) {
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(customer.order(&shop.product_id, 1).await);
        app.api.advance(chrono::Duration::seconds(1)).await;
    }
    // The second is accepted last: its event is the newest.
    shop.accept(&all[1].payment_id).await.expect(200);
    let newest: Vec<_> = [1, 4, 3, 2, 0].map(|n: usize| all[n].payment_id.clone()).into();
    let (of_customer, of_store) = ("/api/v1/customer/orders", "/api/v1/seller/store/orders");
    for step in ["today", "written", "deleted"] {
        match step {
            "today" => {}
            "written" => archive(app, store, &[&all[1], &all[2], &all[0]], false).await,
            _ => archive(app, store, &[&all[1], &all[2], &all[0]], true).await,
        }
        let list = customer.get(of_customer).await.expect(200);
        assert_eq!(ids(&list), newest, "{step}");
        assert_eq!(ids(&shop.seller.get(of_store).await.expect(200)), newest, "{step}");
        let one = customer.get(&format!("{of_customer}/{}", all[1].payment_id)).await.expect(200);
        assert_eq!(one["status"], "accept", "{step}");
        if step == "deleted" {
            snapshot!("orders of the customer", list);
            snapshot!("orders of the store", shop.seller.get(of_store).await.expect(200));
        }
    }
    // Another's archived order is not there; an archived order is neither accepted nor canceled.
    let stranger = app.api.customer().await;
    assert_eq!(stranger.get(&format!("{of_customer}/{}", all[1].payment_id)).await.refused(404), "order_not_found");
    assert!(ids(&stranger.get(of_customer).await.expect(200)).is_empty());
    assert_eq!(shop.accept(&all[2].payment_id).await.refused(400), "order_not_reserved");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_join_today_and_the_archive() {
    let app = TestApp::start().await;
    lists(&app, &Embedded::new(&app.database.connect(), 2).unwrap()).await;
    let settings = mongo_settings();
    let mongo = Mongo::new(&settings).unwrap();
    let app = TestApp::with(|s| {
        s.mongodb = Some(settings);
        s.redis = Some(redis_at(&redis_url()));
    })
    .await;
    lists(&app, &mongo).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_tell_each_event_of_today() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    let path = "/api/v1/customer/orders/today-alarm";
    assert_eq!(customer.get(path).await.expect(200), json!({ "alarm_cards": [], "total": 0 }));
    let (taken, canceled) = (customer.order(&shop.product_id, 1).await, customer.order(&shop.product_id, 2).await);
    for (n, held) in [&taken, &canceled].into_iter().enumerate() {
        app.api.advance(chrono::Duration::seconds(1)).await;
        if n == 0 {
            shop.accept(&held.payment_id).await.expect(200);
        } else {
            customer.cancel(&held.payment_id).await.expect(200);
        }
    }
    app.api.advance(chrono::Duration::seconds(1)).await;
    // A pickup is no alarm.
    customer.scan(&taken.payment_id, &shop.code(&taken.payment_id).await).await.expect(200);
    let mut alarms = customer.get(path).await.expect(200);
    for card in alarms["alarm_cards"].as_array_mut().unwrap() {
        let at: chrono::DateTime<chrono::Utc> = card["order_time"].as_str().unwrap().parse().unwrap();
        assert!((app.api.now().await - at).num_seconds() < 60);
        card["order_time"] = "[instant]".into();
    }
    snapshot!("today alarm", alarms);
    // Only of today.
    app.api.set_clock("2026-11-25T12:00:00+09:00".parse().unwrap()).await;
    assert_eq!(customer.get(path).await.expect(200)["total"], 0);
    assert_eq!(customer.get("/api/v1/customer/orders/today").await.expect(200)["total"], 0);
    assert_eq!(ids(&customer.get("/api/v1/customer/orders").await.expect(200)).len(), 2);
}

/// 00:30 on Wednesday is Wednesday to the store's hours, and still Tuesday to the business day.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_the_night_has_the_hours_of_its_calendar_day() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    // On day `d` from 00:0d to 23:5d.
    app.database
        .sql("UPDATE operation_times SET pickup_start_time = make_time(0, day_of_week, 0), pickup_end_time = make_time(23, 50 + day_of_week, 0)")
        .await;
    for (now, window) in [("2026-11-24T23:30:00+09:00", ["00:01", "23:51"]), ("2026-11-25T00:30:00+09:00", ["00:02", "23:52"])] {
        app.api.set_clock(now.parse().unwrap()).await;
        let held = customer.order(&shop.product_id, 1).await;
        let today = customer.get("/api/v1/customer/orders/today").await.expect(200);
        let alarms = customer.get("/api/v1/customer/orders/today-alarm").await.expect(200);
        for (name, list) in [("orders", &today), ("alarm_cards", &alarms)] {
            let shown = list[name].as_array().unwrap().iter().find(|o| o["payment_id"] == *held.payment_id).unwrap();
            assert_eq!([&shown["pickup_start_time"], &shown["pickup_end_time"]], window, "{name} at {now}");
        }
        let says = format!("픽업 시간: {} {}–{}", &now[..10], window[0], window[1]);
        eventually("the mail", 10, || async {
            app.api.mails().await.iter().any(|mail| mail["text"].as_str().unwrap().contains(&says)).then_some(())
        })
        .await;
    }
    // Both are of Tuesday's business day; Tuesday's pickup is over, Wednesday's goes on.
    app.api.run_job("end_pickups").await;
    let today = customer.get("/api/v1/customer/orders/today").await.expect(200);
    let mut states: Vec<_> =
        today["orders"].as_array().unwrap().iter().map(|o| ["pickup_end_time", "status"].map(|name| o[name].as_str().unwrap())).collect();
    states.sort_unstable();
    assert_eq!(states, [["23:51", "cancel"], ["23:52", "reservation"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_sees_what_it_earned() {
    let app = TestApp::start().await;
    let store = Embedded::new(&app.database.connect(), 2).unwrap();
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let complete = async |quantity| {
        let held = customer.order(&shop.product_id, quantity).await;
        shop.accept(&held.payment_id).await.expect(200);
        customer.scan(&held.payment_id, &shop.code(&held.payment_id).await).await.expect(200);
        held
    };
    let at = async |instant: &str| app.api.set_clock(instant.parse().unwrap()).await;
    // Sunday, before the week; then around midnight of Monday: KST days decide, not business days.
    at("2026-11-22T23:59:10+09:00").await;
    let sunday = complete(1).await;
    at("2026-11-23T00:00:10+09:00").await;
    let monday = complete(2).await;
    at("2026-11-24T12:00:10+09:00").await;
    complete(3).await;
    let canceled = customer.order(&shop.product_id, 4).await;
    at("2026-11-24T12:05:10+09:00").await;
    shop.seller.delete(&format!("/api/v1/seller/store/orders/{}/cancel", canceled.payment_id)).await.expect(200);
    customer.order(&shop.product_id, 5).await;
    archive(&app, &store, &[&sunday, &monday], true).await;

    let days =
        async |start: &str, end: &str| shop.seller.get(&format!("/api/v1/seller/store/settlement?start_date={start}&end_date={end}")).await;
    snapshot!("settlement", days("2026-11-01", "2026-11-30").await.expect(200));
    let one = days("2026-11-22", "2026-11-22").await.expect(200);
    assert_eq!(
        (&one["daily_settlements"][0]["date"], &one["daily_settlements"][0]["items"][0]["total_amount"]),
        (&"2026-11-22".into(), &7000.into())
    );
    assert_eq!(days("2026-11-25", "2026-11-30").await.expect(200), json!({ "daily_settlements": [] }));
    assert_eq!(days("2026-11-25", "2026-11-24").await.refused(400), "start_after_end");
    for (start, end) in [("2026-13-01", "2026-11-30"), ("", "2026-11-30"), ("2026-11-01", "x"), ("2026-11-01T00:00", "2026-11-30")] {
        assert_eq!(days(start, end).await.refused(422), "validation_failed", "{start} {end}");
    }
    assert_eq!(days("2026-01-01", "2026-12-31").await.expect(200)["daily_settlements"].as_array().unwrap().len(), 3);
    assert_eq!(days("0001-01-01", "9999-12-31").await.refused(400), "settlement_too_long");
    assert_eq!(shop.seller.get("/api/v1/seller/store/settlement").await.refused(422), "validation_failed");
    assert_eq!(shop.seller.get("/api/v1/seller/store/settlement/weekly-revenue").await.expect(200), json!({ "total_revenue": 35_000 }));
    at("2026-11-30T00:00:10+09:00").await;
    assert_eq!(shop.seller.get("/api/v1/seller/store/settlement/weekly-revenue").await.expect(200), json!({ "total_revenue": 0 }));
}
