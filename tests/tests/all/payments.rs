//! Money: what becomes an order, what goes back, what waits.

use cheapbob_test_support::{Held, TestApp, eventually};
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

/// PortOne's books of a payment: (status, cancelled).
async fn book(app: &TestApp, held: &Held) -> (String, i64) {
    let payment = app.api.payment(&held.payment_id).await;
    (payment["status"].as_str().unwrap().to_owned(), payment["amount"]["cancelled"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_differs_goes_back() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    for wrong in [
        json!({ "totalAmount": 6999 }),
        json!({ "totalAmount": 7001 }),
        json!({ "currency": "USD" }),
        json!({ "storeId": "store-of-another" }),
    ] {
        let held = customer.hold(&shop.product_id, 1).await;
        let total = app.api.pay_with(&held, &wrong).await.expect(200)["amount"]["total"].as_i64().unwrap();
        assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_mismatch", "{wrong}");
        assert_eq!(shop.stock().await, (5, 0));
        assert_eq!(book(&app, &held).await, ("CANCELLED".to_owned(), total));
        // The same answer again, and no second refund.
        assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_mismatch");
    }
    assert_eq!(app.database.count("orders").await, 0);
    assert_eq!(app.database.count("refunds WHERE state = 'succeeded' AND attempts = 1").await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_paid_waits_and_what_failed_is_released() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    let unknown = customer.hold(&shop.product_id, 1).await;
    assert_eq!(customer.confirm(&unknown.payment_id).await.refused(400), "payment_not_paid");
    for status in ["READY", "PAY_PENDING", "VIRTUAL_ACCOUNT_ISSUED", "SOMETHING_NEW"] {
        let customer = app.api.customer().await;
        let held = customer.hold(&shop.product_id, 1).await;
        app.api.pay_with(&held, &json!({ "status": status })).await.expect(200);
        assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_not_paid", "{status}");
    }
    assert_eq!(shop.stock().await, (4, 5));
    for status in ["FAILED", "CANCELLED"] {
        let customer = app.api.customer().await;
        let held = customer.hold(&shop.product_id, 2).await;
        app.api.pay_with(&held, &json!({ "status": status })).await.expect(200);
        assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_failed", "{status}");
        assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_failed", "{status} again");
        assert_eq!(shop.stock().await, (4, 5), "{status}");
    }
    // At the end of the holds the stock is back.
    app.api.advance(Duration::seconds(301)).await;
    eventually("the holds expire", 10, || async { (shop.stock().await == (9, 0)).then_some(()) }).await;
    assert_eq!(customer.confirm(&unknown.payment_id).await.refused(408), "payment_expired");
    assert_eq!(app.database.count("orders").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_can_be_followed_by_a_paid_one() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(1).await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay_with(&held, &json!({ "status": "FAILED" })).await.expect(200);
    assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_failed");
    app.api.pay(&held).await;
    customer.confirm(&held.payment_id).await.expect(200);
    assert_eq!(shop.stock().await, (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_tab_that_was_closed_becomes_an_order_at_the_holds_end() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(1).await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&held).await;
    app.api.advance(Duration::seconds(301)).await;
    eventually("the order", 10, || async { (app.database.count("orders").await == 1).then_some(()) }).await;
    customer.confirm(&held.payment_id).await.expect(200);
    assert_eq!(shop.stock().await, (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payment_is_an_order_while_stock_is_there_and_goes_back_after() {
    let app = TestApp::start().await;
    let (shop, customer, other) = (app.api.shop(2).await, app.api.customer().await, app.api.customer().await);
    let slow = app.api.customer().await;
    let (early, late) = (customer.hold(&shop.product_id, 1).await, slow.hold(&shop.product_id, 1).await);
    app.api.advance(Duration::seconds(301)).await;
    eventually("the holds expire", 10, || async { (shop.stock().await == (2, 0)).then_some(()) }).await;
    app.api.pay(&early).await;
    customer.confirm(&early.payment_id).await.expect(200);
    other.order(&shop.product_id, 1).await;
    assert_eq!(shop.stock().await, (0, 2));
    // Nobody confirms the late one: the watch finds it.
    app.api.pay(&late).await;
    app.api.advance(Duration::seconds(120)).await;
    eventually("the refund", 10, || async { (book(&app, &late).await == ("CANCELLED".to_owned(), 7000)).then_some(()) }).await;
    assert_eq!(slow.confirm(&late.payment_id).await.refused(408), "payment_expired");
    assert_eq!(shop.stock().await, (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_closed_meanwhile_gives_the_money_back() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(2).await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&held).await;
    app.database.sql("UPDATE stores SET closed_on = ((now() + (SELECT offset_ms FROM embedded.clock) * interval '1 ms') AT TIME ZONE 'Asia/Seoul' - interval '4 hours')::date").await;
    assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_store_closed");
    assert_eq!(book(&app, &held).await, ("CANCELLED".to_owned(), 7000));
    assert_eq!(shop.stock().await, (2, 0));
    assert_eq!(customer.init(&shop.product_id, 1).await.refused(400), "store_closed_today");
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_releases_at_once_but_not_what_is_paid() {
    let app = TestApp::start().await;
    let (shop, customer, other) = (app.api.shop(2).await, app.api.customer().await, app.api.customer().await);
    let path = |held: &Held| format!("/api/v1/customer/payment/init/{}", held.payment_id);
    let held = customer.hold(&shop.product_id, 2).await;
    assert_eq!(other.delete(&path(&held)).await.refused(404), "payment_not_found");
    assert_eq!(other.confirm(&held.payment_id).await.refused(404), "payment_not_found");
    for _ in 0..2 {
        assert_eq!(customer.delete(&path(&held)).await.expect(200), json!({ "payment_id": held.payment_id }));
    }
    assert_eq!(shop.stock().await, (2, 0));
    let paid = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&paid).await;
    assert_eq!(customer.delete(&path(&paid)).await.refused(409), "already_ordered");
    assert_eq!(app.database.count("orders").await, 1);
    // PortOne does not answer: released all the same, and watched.
    let unlucky = customer.hold(&shop.product_id, 1).await;
    app.api.faults(json!([{ "on": "get", "do": "error500", "times": 1 }])).await;
    customer.delete(&path(&unlucky)).await.expect(200);
    assert_eq!(shop.stock().await, (1, 1));
    for unknown in ["PAY01M86RMRXR6B8RT02X4PVWHC6N", "x", "%00", "PAY%20"] {
        let path = format!("/api/v1/customer/payment/init/{unknown}");
        assert_eq!(customer.call(Method::DELETE, &path, None).await.refused(404), "payment_not_found", "{unknown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_day_of_portone_loses_nothing() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(9).await, app.api.customer().await);
    // Unreachable: 503, the hold stays; then it is an order.
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&held).await;
    for fault in ["error500", "drop_response"] {
        app.api.faults(json!([{ "on": "get", "do": fault, "times": 1 }])).await;
        let answer = customer.confirm(&held.payment_id).await;
        assert!(answer.headers.contains_key("retry-after"));
        assert_eq!(answer.refused(503), "unavailable", "{fault}");
        assert_eq!(shop.stock().await, (8, 1));
    }
    customer.confirm(&held.payment_id).await.expect(200);
    // A refund that fails in each way is a refund in the end, once.
    for fault in ["error500", "drop_response", "fail_200"] {
        let held = customer.hold(&shop.product_id, 1).await;
        app.api.pay_with(&held, &json!({ "totalAmount": 100 })).await.expect(200);
        app.api.faults(json!([{ "on": "cancel", "do": fault, "times": 2 }])).await;
        assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_mismatch", "{fault}");
        assert_eq!(shop.stock().await, (8, 1));
        eventually("the refund", 20, || async {
            app.api.advance(Duration::seconds(30)).await;
            let pending = app.database.count("refunds WHERE state <> 'succeeded'").await;
            (pending == 0).then_some(())
        })
        .await;
        assert_eq!(book(&app, &held).await, ("CANCELLED".to_owned(), 100), "{fault}");
    }
    let cancellations: usize = app.api.books().await.iter().map(succeeded).sum();
    assert_eq!(cancellations, 3);
}

fn succeeded(payment: &Value) -> usize {
    payment["cancellations"].as_array().map_or(0, |list| list.iter().filter(|c| c["status"] == "SUCCEEDED").count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_refund_does_not_keep_the_person_waiting() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(1).await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay_with(&held, &json!({ "totalAmount": 100 })).await.expect(200);
    app.api.faults(json!([{ "on": "cancel", "do": "timeout", "times": 1 }])).await;
    let begin = std::time::Instant::now();
    assert_eq!(customer.confirm(&held.payment_id).await.refused(400), "payment_mismatch");
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
    // The lease of the attempt that was abandoned ends, and the jobs go on.
    app.api.advance(Duration::seconds(91)).await;
    eventually("the refund", 20, || async { (book(&app, &held).await == ("CANCELLED".to_owned(), 100)).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_fresh_used_once_and_of_one_order() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    let (mine, another) = (customer.order(&shop.product_id, 1).await, customer.order(&shop.product_id, 1).await);
    assert_eq!(customer.scan(&mine.payment_id, "x").await.refused(400), "order_not_accepted");
    let qr = format!("/api/v1/seller/store/orders/{}/qr", mine.payment_id);
    assert_eq!(shop.seller.get(&qr).await.refused(400), "order_not_accepted");
    for held in [&mine, &another] {
        shop.accept(&held.payment_id).await.expect(200);
        assert_eq!(shop.accept(&held.payment_id).await.refused(400), "order_not_reserved");
    }
    let old = shop.code(&mine.payment_id).await;
    app.api.advance(Duration::seconds(31)).await;
    let code = shop.code(&mine.payment_id).await;
    for (bad, why) in [
        (old.as_str(), "old"),
        ("", "empty"),
        (customer.token.as_str(), "a session"),
        (&shop.code(&another.payment_id).await, "another order's"),
    ] {
        assert_eq!(customer.scan(&mine.payment_id, bad).await.refused(400), "qr_invalid", "{why}");
    }
    customer.scan(&mine.payment_id, &code).await.expect(200);
    assert_eq!(customer.scan(&mine.payment_id, &code).await.refused(400), "order_complete");
    assert_eq!(shop.seller.get(&qr).await.refused(400), "order_complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_is_not_there() {
    let app = TestApp::start().await;
    let (shop, other_shop) = (app.api.shop(5).await, app.api.shop(5).await);
    let (customer, stranger) = (app.api.customer().await, app.api.customer().await);
    let held = customer.order(&shop.product_id, 1).await;
    let order = format!("/api/v1/seller/store/orders/{}", held.payment_id);
    assert_eq!(other_shop.accept(&held.payment_id).await.refused(404), "order_not_found");
    shop.accept(&held.payment_id).await.expect(200);
    assert_eq!(other_shop.seller.get(&format!("{order}/qr")).await.refused(404), "order_not_found");
    assert_eq!(other_shop.screen(&app.api.base, &held.payment_id).await.unwrap_err(), 404);
    assert_eq!(stranger.get(&format!("/api/v1/customer/orders/{}", held.payment_id)).await.refused(404), "order_not_found");
    let code = shop.code(&held.payment_id).await;
    assert_eq!(stranger.scan(&held.payment_id, &code).await.refused(404), "order_not_found");
    let product = format!("/api/v1/seller/store/products/{}", shop.product_id);
    assert_eq!(other_shop.seller.get(&product).await.refused(404), "product_not_found");
    let put = other_shop.seller.call(Method::PUT, &product, Some(&json!({ "price": 1 }))).await;
    assert_eq!(put.refused(404), "product_not_found");
    for way in ["up", "down"] {
        assert_eq!(other_shop.seller.patch(&format!("{product}/stock/{way}")).await.refused(404), "product_not_found");
    }
    assert_eq!(stranger.get("/api/v1/customer/orders/today").await.expect(200)["total"], 0);
    assert_eq!(other_shop.seller.get("/api/v1/seller/store/orders/today").await.expect(200)["total"], 0);
    // No session: 401 before the upgrade.
    let mut nobody = shop.clone();
    nobody.seller.token = "none".to_owned();
    assert_eq!(nobody.screen(&app.api.base, &held.payment_id).await.unwrap_err(), 401);
    // A GET that is no WebSocket.
    assert_eq!(shop.seller.get(&format!("{order}/qr/callback")).await.refused(400), "websocket_required");
}
