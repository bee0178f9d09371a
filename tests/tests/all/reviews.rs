//! Reviews (additions): who may write one, what everybody reads, what a store replies, what an operator hides.

use cheapbob_domain::shared::ReviewId;
use cheapbob_test_support::{Answer, Person, Shop, TestApp, normalized, text};
use chrono::Duration;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

fn path(payment_id: &str) -> String {
    format!("/api/v1/customer/orders/{payment_id}/review")
}

/// An order that was picked up.
async fn picked_up(shop: &Shop, customer: &Person) -> String {
    let held = customer.order(&shop.product_id, 1).await;
    shop.accept(&held.payment_id).await.expect(200);
    customer.scan(&held.payment_id, &shop.code(&held.payment_id).await).await.expect(200);
    held.payment_id
}

async fn write(customer: &Person, payment_id: &str, rating: i64) -> Answer {
    customer
        .post(
            &path(payment_id),
            &json!({ "rating": rating, "reasons": ["value", "taste", "value"], "text": " <b>맛있어요</b> & \"좋아요\" " }),
        )
        .await
}

async fn patch(customer: &Person, payment_id: &str, body: Value) -> Answer {
    customer.call(Method::PATCH, &path(payment_id), Some(&body)).await
}

async fn of_store(shop: &Shop, customer: &Person) -> Value {
    customer.get(&format!("/api/v1/customer/search/stores/{}/reviews", shop.store_id)).await.expect(200)
}

/// What a customer's list and the seller's store say alike.
async fn rating(shop: &Shop, customer: &Person) -> (Value, Value) {
    let listed = customer.get("/api/v1/customer/search/stores").await.expect(200)["stores"][0].clone();
    let own = shop.seller.get("/api/v1/seller/store").await.expect(200);
    let of = |store: &Value| (store["rating_average"].clone(), store["rating_count"].clone());
    assert_eq!(of(&listed), of(&own));
    of(&own)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_written_changed_answered_and_deleted() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    assert_eq!(rating(&shop, &customer).await, (Value::Null, json!(0)));
    let payment = picked_up(&shop, &customer).await;
    for (field, bad) in [
        ("rating", json!(0)),
        ("rating", json!(6)),
        ("rating", json!(4.5)),
        ("rating", json!("5")),
        ("reasons", json!(["price"])),
        ("text", json!("가".repeat(501))),
        ("text", json!("a\u{0}")),
    ] {
        let mut body = json!({ "rating": 5 });
        body[field] = bad.clone();
        let answer = customer.post(&path(&payment), &body).await;
        assert_eq!(answer.body["errors"][0]["field"], field, "{bad}");
        assert_eq!(answer.refused(422), "validation_failed");
    }
    let review = write(&customer, &payment, 4).await.expect(201);
    insta::assert_json_snapshot!("review", normalized(&review));
    assert_eq!(write(&customer, &payment, 1).await.refused(409), "review_exists");
    assert_eq!(rating(&shop, &customer).await, (json!(4.0), json!(1)));

    // Nobody else's; not of what was not picked up.
    let other = app.api.customer().await;
    assert_eq!(write(&other, &payment, 1).await.refused(404), "order_not_found");
    assert_eq!(patch(&other, &payment, json!({ "rating": 1 })).await.refused(404), "review_not_found");
    assert_eq!(other.delete(&path(&payment)).await.refused(404), "review_not_found");
    let open = other.order(&shop.product_id, 1).await.payment_id;
    assert_eq!(write(&other, &open, 1).await.refused(400), "order_not_picked_up");

    let reply = format!("/api/v1/seller/store/reviews/{}/reply", text(&review, "review_id"));
    shop.seller.put(&reply, &json!({ "text": "감사합니다" })).await.expect(200);
    assert_eq!(shop.seller.put(&reply, &json!({ "text": "" })).await.refused(422), "validation_failed");
    let stranger = app.api.shop(1).await.seller;
    assert_eq!(stranger.put(&reply, &json!({ "text": "나" })).await.refused(404), "review_not_found");
    assert_eq!(stranger.delete(&reply).await.refused(404), "review_not_found");
    let changed = patch(&customer, &payment, json!({ "rating": 5, "text": null })).await.expect(200);
    assert_eq!((&changed["rating"], &changed["reasons"], &changed["text"]), (&json!(5), &json!(["value", "taste"]), &Value::Null));
    assert_eq!(changed["reply"]["text"], "감사합니다");
    insta::assert_json_snapshot!("reviews of a store", normalized(&of_store(&shop, &other).await));
    insta::assert_json_snapshot!("reviews of the seller", normalized(&shop.seller.get("/api/v1/seller/store/reviews").await.expect(200)));
    shop.seller.delete(&reply).await.expect(204);
    assert_eq!(of_store(&shop, &other).await["reviews"][0]["reply"], Value::Null);

    customer.delete(&path(&payment)).await.expect(204);
    assert_eq!(customer.delete(&path(&payment)).await.refused(404), "review_not_found");
    assert_eq!(rating(&shop, &customer).await, (Value::Null, json!(0)));
    let nowhere = customer.get("/api/v1/customer/search/stores/STR_1/reviews").await;
    assert_eq!(nowhere.refused(404), "store_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_written_within_14_days_and_changed_within_7_also_of_an_archived_order() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let (early, late) = (picked_up(&shop, &customer).await, picked_up(&shop, &customer).await);
    app.api.set_clock("2026-11-25T04:15:00+09:00".parse().unwrap()).await;
    app.api.run_job("archive_orders").await;
    assert_eq!(app.database.count("orders").await, 0);
    // Picked up on the 24th some seconds after noon.
    app.api.set_clock("2026-12-08T12:00:00+09:00".parse().unwrap()).await;
    // A session lasts a week.
    let customer = app.api.person("customer", &customer.email).await;
    write(&customer, &early, 3).await.expect(201);
    app.api.advance(Duration::minutes(30)).await;
    assert_eq!(write(&customer, &late, 3).await.refused(400), "review_too_late");
    app.api.set_clock("2026-12-15T11:59:00+09:00".parse().unwrap()).await;
    let customer = app.api.person("customer", &customer.email).await;
    patch(&customer, &early, json!({ "rating": 2 })).await.expect(200);
    app.api.advance(Duration::minutes(30)).await;
    assert_eq!(patch(&customer, &early, json!({ "rating": 1 })).await.refused(400), "review_change_too_late");
    customer.delete(&path(&early)).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_each_review_once() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let mut written = Vec::new();
    for n in 0..23 {
        let payment = picked_up(&shop, &customer).await;
        written.push(text(&write(&customer, &payment, 1 + n % 5).await.expect(201), "review_id"));
    }
    let list = format!("/api/v1/customer/search/stores/{}/reviews", shop.store_id);
    let ids = |page: &Value| page["reviews"].as_array().unwrap().iter().map(|review| text(review, "review_id")).collect::<Vec<_>>();
    let first = customer.get(&list).await.expect(200);
    // What comes meanwhile shifts nothing.
    let payment = picked_up(&shop, &customer).await;
    write(&customer, &payment, 5).await.expect(201);
    let second = customer.get(&format!("{list}?cursor={}", text(&first, "next_cursor"))).await.expect(200);
    written.reverse();
    assert_eq!((ids(&first).len(), [ids(&first), ids(&second)].concat()), (20, written));
    assert_eq!(second["next_cursor"], Value::Null);
    let foreign = customer.get(&format!("{list}?cursor=x")).await;
    assert_eq!(foreign.body["errors"][0]["code"], "bad_cursor");
    assert_eq!(foreign.refused(422), "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_hides_what_people_report() {
    let app = TestApp::start().await;
    let (shop, customer, other) = (app.api.shop(50).await, app.api.customer().await, app.api.customer().await);
    let payment = picked_up(&shop, &customer).await;
    let id = text(&write(&customer, &payment, 1).await.expect(201), "review_id");
    let report = format!("/api/v1/customer/reviews/{id}/report");
    other.post(&report, &json!({ "reason": "욕설" })).await.expect(204);
    assert_eq!(other.post(&report, &json!({ "reason": "욕설" })).await.refused(409), "already_reported");
    assert_eq!(other.post(&report, &json!({ "reason": "" })).await.refused(422), "validation_failed");
    let unknown = other.post("/api/v1/customer/reviews/RVW_1/report", &json!({ "reason": "욕설" })).await;
    assert_eq!(unknown.refused(404), "review_not_found");

    let hide = async |hidden| app.services.reviews.hide(&ReviewId::parse(&id).unwrap(), hidden).await.unwrap();
    hide(true).await;
    assert_eq!(of_store(&shop, &other).await["reviews"], json!([]));
    assert_eq!(rating(&shop, &other).await, (Value::Null, json!(0)));
    assert_eq!(other.post(&report, &json!({ "reason": "욕설" })).await.refused(404), "review_not_found");
    assert_eq!(shop.seller.get("/api/v1/seller/store/reviews").await.expect(200)["reviews"][0]["is_hidden"], true);
    hide(false).await;
    assert_eq!(rating(&shop, &other).await, (json!(1.0), json!(1)));
    assert_eq!(of_store(&shop, &other).await["reviews"][0]["is_hidden"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_reviews_at_once_are_counted_to_the_last_star() {
    let app = TestApp::start().await;
    let (shop, viewer) = (app.api.shop(500).await, app.api.customer().await);
    let mut orders = Vec::new();
    for n in 0..200 {
        if n % 20 == 0 {
            orders.push((app.api.customer().await, Vec::new()));
        }
        let (customer, payments) = orders.last_mut().unwrap();
        let held = customer.order(&shop.product_id, 1).await;
        payments.push(held.payment_id);
    }
    // Picked up some days ago: what is under test is what comes then.
    app.database.sql("UPDATE orders SET status = 'complete', completed_at = reservation_at").await;
    let all: Vec<_> = orders.iter().flat_map(|(customer, payments)| payments.iter().map(move |payment| (customer, payment))).collect();
    let written = join_all(all.iter().enumerate().map(|(n, (customer, payment))| async move {
        write(customer, payment, [5, 5, 4, 1][n % 4]).await.expect(201);
    }));
    written.await;
    // 50 × 15 = 750 of 200: 3.75 is 3.8.
    assert_eq!(rating(&shop, &viewer).await, (json!(3.8), json!(200)));

    // A deleted account's reviews go, and count no more.
    let (gone, _) = orders.swap_remove(0);
    gone.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
    app.api.set_clock("2026-11-25T04:10:00+09:00".parse().unwrap()).await;
    app.api.run_job("archive_orders").await;
    app.api.set_clock("2026-11-25T04:45:00+09:00".parse().unwrap()).await;
    app.api.run_job("delete_accounts").await;
    assert_eq!(app.database.count(&format!("accounts WHERE email = '{}'", gone.email)).await, 0);
    assert_eq!(rating(&shop, &viewer).await, (json!(3.8), json!(180)));
    let counted = "SELECT count(*) AS n FROM store_versions s WHERE (rating_count, rating_sum) = (SELECT count(*), sum(rating) FROM reviews r WHERE r.store_id = s.store_id)";
    assert_eq!(app.database.number(counted).await, 1);
}
