//! What one customer may hold and buy (additions, Limits), and the price that they saw (additions, Prices that a person has seen).

use cheapbob_test_support::{Answer, Held, Person, Shop, TestApp, eventually, text};
use chrono::Duration;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const INIT: &str = "/api/v1/customer/payment/init";

fn held(answer: Answer) -> Held {
    let body = answer.expect(200);
    Held { payment_id: text(&body, "payment_id"), body }
}

/// Another product of the shop.
async fn product(shop: &Shop, fields: Value) -> String {
    let mut product =
        json!({ "product_name": "김밥", "description": "", "initial_stock": 50, "price": 10_000, "sale": 30, "nutrition_types": [] });
    product.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    text(&shop.seller.post("/api/v1/seller/store/products/register", &product).await.expect(201), "product_id")
}

/// After how many seconds to come back.
fn too_many(answer: Answer) -> i64 {
    let seconds = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(answer.refused(429), "too_many_holds");
    seconds
}

async fn release(customer: &Person, held: &Held) {
    customer.delete(&format!("{INIT}/{}", held.payment_id)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_closed_the_window_can_buy_the_last_piece_again() {
    let app = TestApp::start().await;
    let (shop, customer, other) = (app.api.shop(1).await, app.api.customer().await, app.api.customer().await);
    let closed = customer.hold(&shop.product_id, 1).await;
    assert_eq!(other.init(&shop.product_id, 1).await.refused(400), "insufficient_stock");
    let again = customer.hold(&shop.product_id, 1).await;
    assert_ne!(again.payment_id, closed.payment_id);
    assert_eq!(other.init(&shop.product_id, 1).await.refused(400), "insufficient_stock");
    assert_eq!(shop.stock().await, (0, 1));
    assert_eq!(shop.history(&closed.payment_id).await, ["held", "released abandoned"]);
    // Where PortOne does not answer the old one is released as well, and watched.
    app.api.faults(json!([{ "on": "get", "do": "error500", "times": 1 }])).await;
    let third = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&third).await;
    customer.confirm(&third.payment_id).await.expect(200);
    // The old window was still open: that money has no stock any more, and goes back.
    app.api.pay(&again).await;
    app.api.advance(Duration::seconds(90)).await;
    eventually("the refund", 20, || async { (app.api.cancelled(&again.payment_id).await == 7_000).then_some(()) }).await;
    assert_eq!(customer.confirm(&again.payment_id).await.refused(408), "payment_expired");
    assert_eq!(shop.stock().await, (0, 1));
    assert_eq!(app.database.count("orders").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_in_the_window_that_was_closed_is_an_order() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(3).await, app.api.customer().await);
    let closed = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&closed).await;
    // Another one is held beside it.
    let second = customer.hold(&shop.product_id, 2).await;
    assert_eq!(shop.history(&closed.payment_id).await, ["held", "ordered"]);
    assert_eq!(shop.stock().await, (0, 3));
    // The last pieces are his already.
    app.api.pay(&second).await;
    assert_eq!(customer.init(&shop.product_id, 1).await.refused(400), "insufficient_stock");
    assert_eq!(app.database.count("orders").await, 2);
    customer.confirm(&second.payment_id).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fourth_hold_waits_for_one_of_the_three_to_end() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let fourth = product(&shop, json!({})).await;
    for id in [&shop.product_id, &product(&shop, json!({})).await, &product(&shop, json!({})).await] {
        customer.hold(id, 1).await;
    }
    let wait = too_many(customer.init(&fourth, 1).await);
    assert!((200..=300).contains(&wait), "{wait}");
    // One of the three may be had anew, and somebody else has three of their own.
    customer.hold(&shop.product_id, 2).await;
    app.api.customer().await.hold(&fourth, 1).await;
    // What is paid is no hold any more.
    let paid = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&paid).await;
    customer.confirm(&paid.payment_id).await.expect(200);
    customer.hold(&fourth, 1).await;
    let fifth = product(&shop, json!({})).await;
    let wait = too_many(customer.init(&fifth, 1).await);
    app.api.advance(Duration::seconds(wait)).await;
    customer.hold(&fifth, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_ten_holds_that_came_to_nothing_the_hour_has_to_pass() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    // A dozen that take each other's place count once, and what was paid does not.
    for _ in 0..12 {
        customer.hold(&shop.product_id, 1).await;
    }
    release(&customer, &customer.hold(&shop.product_id, 1).await).await;
    customer.order(&shop.product_id, 1).await;
    for _ in 0..9 {
        release(&customer, &customer.hold(&shop.product_id, 1).await).await;
    }
    let init = async || {
        let body = json!({ "product_id": shop.product_id, "quantity": 1 });
        customer.keyed(Method::POST, INIT, "key", &body).await
    };
    let wait = too_many(init().await);
    assert!((3_000..=3_600).contains(&wait), "{wait}");
    app.api.customer().await.hold(&shop.product_id, 1).await;
    app.api.advance(Duration::seconds(wait)).await;
    // The same key: a call that came too often is none.
    held(init().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_may_be_limited_for_each_customer() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let path = format!("/api/v1/seller/store/products/{}", shop.product_id);
    let put = async |body: Value| shop.seller.put(&path, &body).await;
    assert_eq!(shop.seller.get(&path).await.expect(200)["max_per_customer"], Value::Null);
    for wrong in [json!(0), json!(-1), json!(1_000_001), json!(1.5), json!("2")] {
        assert_eq!(put(json!({ "max_per_customer": wrong })).await.refused(422), "validation_failed", "{wrong}");
    }
    assert_eq!(put(json!({ "max_per_customer": 3 })).await.expect(200)["max_per_customer"], 3);
    // A field that is not there changes nothing; the whole as GET gave it neither.
    assert_eq!(put(json!({ "price": 10_000 })).await.expect(200)["max_per_customer"], 3);
    assert_eq!(put(shop.seller.get(&path).await.expect(200)).await.expect(200)["max_per_customer"], 3);
    let seen = customer.get(&format!("/api/v1/customer/search/stores/{}/products", shop.store_id)).await.expect(200);
    assert_eq!(seen["products"][0]["max_per_customer"], 3);
    let listed = customer.get("/api/v1/customer/search/stores").await.expect(200);
    assert_eq!(listed["stores"][0]["products"][0]["max_per_customer"], 3);

    assert_eq!(customer.init(&shop.product_id, 4).await.refused(400), "limit_per_customer");
    let order = customer.order(&shop.product_id, 2).await;
    customer.hold(&shop.product_id, 1).await;
    // What is held anew is not counted twice.
    let second = customer.hold(&shop.product_id, 1).await;
    assert_eq!(customer.init(&shop.product_id, 2).await.refused(400), "limit_per_customer");
    release(&customer, &second).await;
    app.api.customer().await.order(&shop.product_id, 3).await;
    // What comes late counts as well.
    let third = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&third).await;
    customer.confirm(&third.payment_id).await.expect(200);
    app.api.pay(&second).await;
    assert_eq!(customer.confirm(&second.payment_id).await.refused(408), "payment_expired");
    assert_eq!(app.api.cancelled(&second.payment_id).await, 7_000);
    // What was canceled does not, nor does another day's.
    customer.cancel(&order.payment_id).await.expect(200);
    customer.order(&shop.product_id, 2).await;
    assert_eq!(customer.init(&shop.product_id, 1).await.refused(400), "limit_per_customer");
    app.api.set_clock("2026-11-25T12:00:00+09:00".parse().unwrap()).await;
    customer.order(&shop.product_id, 3).await;
    assert_eq!(customer.init(&shop.product_id, 1).await.refused(400), "limit_per_customer");
    assert_eq!(put(json!({ "max_per_customer": null })).await.expect(200)["max_per_customer"], Value::Null);
    customer.order(&shop.product_id, 7).await;
    let limited = product(&shop, json!({ "max_per_customer": 1 })).await;
    assert_eq!(customer.init(&limited, 2).await.refused(400), "limit_per_customer");
    customer.hold(&limited, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_customers_calls_at_once_no_more_holds_come_than_they_may_have() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(100).await, app.api.customer().await);
    let answers = join_all((0..12).map(|_| customer.init(&shop.product_id, 3))).await;
    assert!(answers.iter().any(|a| a.status == 200));
    for answer in answers {
        assert!(answer.status == 200 || answer.clone().refused(429) == "too_many_holds", "{}", answer.body);
    }
    assert_eq!(shop.stock().await, (97, 3));
    assert_eq!(app.database.count("holds WHERE state = 'held'").await, 1);
    let mut products = Vec::new();
    for _ in 0..8 {
        products.push(product(&shop, json!({ "max_per_customer": 2 })).await);
    }
    let answers = join_all(products.iter().map(|id| customer.init(id, 1))).await;
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 2);
    for answer in answers.into_iter().filter(|a| a.status != 200) {
        too_many(answer);
    }

    // The limit for a customer, with orders among the calls: each of six buys one piece at most twice.
    let buyer = app.api.customer().await;
    let buy = async || {
        let answer = buyer.init(&products[0], 1).await;
        if answer.status == 200 {
            let held = held(answer);
            app.api.pay(&held).await;
            buyer.confirm(&held.payment_id).await;
        }
    };
    join_all((0..6).map(|_| buy())).await;
    let pieces = format!(
        "SELECT coalesce(sum(quantity), 0)::bigint AS n FROM holds WHERE customer_email = '{}' AND state IN ('held', 'ordered')",
        buyer.email
    );
    let pieces = app.database.number(&pieces).await;
    assert!((1..=2).contains(&pieces), "{pieces}");
    let wrong = "SELECT count(*) AS n FROM products p WHERE held <> (SELECT coalesce(sum(quantity), 0) FROM holds WHERE product_id = p.id AND state = 'held')
        OR sold <> (SELECT coalesce(sum(quantity), 0) FROM orders WHERE product_id = p.id)";
    assert_eq!(app.database.number(wrong).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_snatches_the_last_piece_from_whoever_tries_again() {
    let app = TestApp::start().await;
    let (customer, other) = (app.api.customer().await, app.api.customer().await);
    for _ in 0..8 {
        let shop = app.api.shop(1).await;
        let first = customer.hold(&shop.product_id, 1).await;
        let (again, snatched, more) =
            tokio::join!(customer.init(&shop.product_id, 1), other.init(&shop.product_id, 1), other.init(&shop.product_id, 1));
        let again = held(again);
        assert_ne!(again.payment_id, first.payment_id);
        assert_eq!((snatched.refused(400), more.refused(400)), ("insufficient_stock".into(), "insufficient_stock".into()));
        app.api.pay(&again).await;
        customer.confirm(&again.payment_id).await.expect(200);
        assert_eq!(shop.stock().await, (0, 1));
    }
}

/// What the app asks PortOne for, from a list that it loaded before.
async fn pays(app: &TestApp, customer: &Person, held: &Held, total: i64) -> Answer {
    app.api.pay_with(held, &json!({ "totalAmount": total })).await.expect(200);
    customer.confirm(&held.payment_id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_changes_between_list_and_payment_costs_no_order() {
    for app in [TestApp::start().await, TestApp::start_on_servers().await] {
        let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
        let product = format!("/api/v1/seller/store/products/{}", shop.product_id);
        let put = async |price: i64, sale: i64| shop.seller.put(&product, &json!({ "price": price, "sale": sale })).await.expect(200);
        put(9_000, 0).await;
        app.api.advance(Duration::minutes(10)).await;
        put(12_000, 50).await;
        // 7,000, 9,000 and 6,000 won: two were on show within the quarter of an hour, one is now.
        let first = customer.hold(&shop.product_id, 2).await;
        assert_eq!(first.body["total_amount"], 12_000);
        pays(&app, &customer, &first, 18_000).await.expect(200);
        let order = async |held: &Held| customer.get(&format!("/api/v1/customer/orders/{}", held.payment_id)).await.expect(200);
        let price = |order: &Value| (order["price"].clone(), order["sale"].clone(), order["total_amount"].clone());
        let bought = (json!(9_000), json!(0), json!(18_000));
        assert_eq!(price(&order(&first).await), bought);
        let second = customer.hold(&shop.product_id, 1).await;
        pays(&app, &customer, &second, 7_000).await.expect(200);
        assert_eq!(price(&order(&second).await), (json!(10_000), json!(30), json!(7_000)));
        let third = customer.hold(&shop.product_id, 1).await;
        pays(&app, &customer, &third, 6_000).await.expect(200);
        assert_eq!(price(&order(&third).await), (json!(12_000), json!(50), json!(6_000)));
        // No sum of somebody's imagination.
        for wrong in [6_500, 13_000, 12_000] {
            let held = customer.hold(&shop.product_id, 1).await;
            assert_eq!(pays(&app, &customer, &held, wrong).await.refused(400), "payment_mismatch", "{wrong}");
            assert_eq!(app.api.cancelled(&held.payment_id).await, wrong);
        }

        // Everywhere that sum: lists, mail, reconciliation, refund, settlement, archive.
        let mails = || async {
            let mails = app.api.mails().await;
            mails.into_iter().find(|m| m["to"] == *customer.email && m.to_string().contains("18,000원"))
        };
        eventually("the mail", 20, mails).await;
        app.api.run_job("reconcile").await;
        assert_eq!(shop.history(&first.payment_id).await, ["held", "ordered"]);
        shop.accept(&first.payment_id).await.expect(200);
        customer.scan(&first.payment_id, &shop.code(&first.payment_id).await).await.expect(200);
        let today = shop.seller.get("/api/v1/seller/store/orders/today").await.expect(200);
        let listed = today["orders"].as_array().unwrap().iter().find(|o| o["payment_id"] == *first.payment_id).unwrap().clone();
        assert_eq!(price(&listed), bought);
        let canceled = customer.cancel(&second.payment_id).await.expect(200);
        assert_eq!(price(&canceled), (json!(10_000), json!(30), json!(7_000)));
        eventually("the refund", 20, || async { (app.api.cancelled(&second.payment_id).await == 7_000).then_some(()) }).await;
        let revenue = shop.seller.get("/api/v1/seller/store/settlement/weekly-revenue").await.expect(200);
        assert_eq!(revenue["total_revenue"], 18_000);
        app.api.set_clock("2026-11-25T12:00:00+09:00".parse().unwrap()).await;
        app.api.run_job("archive_orders").await;
        assert_eq!(app.database.count(&format!("orders WHERE payment_id = '{}'", first.payment_id)).await, 0);
        assert_eq!(price(&order(&first).await), bought);
        let settled = shop.seller.get("/api/v1/seller/store/settlement?start_date=2026-11-24&end_date=2026-11-24").await.expect(200);
        assert!(settled.to_string().contains("\"total_amount\":18000"), "{settled}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_is_right_for_a_quarter_of_an_hour() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let product = format!("/api/v1/seller/store/products/{}", shop.product_id);
    shop.seller.put(&product, &json!({ "sale": 0 })).await.expect(200);
    app.api.advance(Duration::minutes(14)).await;
    let in_time = customer.hold(&shop.product_id, 1).await;
    // The init decides, however late the payment.
    app.api.advance(Duration::minutes(3)).await;
    pays(&app, &customer, &in_time, 7_000).await.expect(200);
    let late = customer.hold(&shop.product_id, 1).await;
    assert_eq!(pays(&app, &customer, &late, 7_000).await.refused(400), "payment_mismatch");
    // A price of the future is none.
    let early = customer.hold(&shop.product_id, 1).await;
    shop.seller.put(&product, &json!({ "price": 5_000 })).await.expect(200);
    assert_eq!(pays(&app, &customer, &early, 5_000).await.refused(400), "payment_mismatch");
    assert_eq!(app.database.count("orders").await, 1);
}
