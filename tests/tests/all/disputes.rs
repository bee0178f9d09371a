//! Disputes: a customer says what was wrong, the store answers, an operator decides.

use cheapbob_domain::{disputes::Decision, orders::Actor, shared::PaymentId};
use cheapbob_test_support::{Answer, Person, Shop, TestApp, eventually, normalized, text};
use chrono::Duration;
use futures::future::join_all;
use image::ImageFormat;
use serde_json::{Value, json};

use crate::{
    images::{picture, upload},
    operator::operator,
};

fn path(payment_id: &str) -> String {
    format!("/api/v1/customer/orders/{payment_id}/dispute")
}

/// An order that was picked up.
pub(crate) async fn picked_up(shop: &Shop, customer: &Person) -> String {
    let held = customer.order(&shop.product_id, 1).await;
    shop.accept(&held.payment_id).await.expect(200);
    customer.scan(&held.payment_id, &shop.code(&held.payment_id).await).await.expect(200);
    held.payment_id
}

/// The customer opens a dispute.
pub(crate) async fn open(customer: &Person, payment_id: &str, pictures: &Value) -> Answer {
    customer.post(&path(payment_id), &json!({ "reason": "missing", "text": " 빵이 <b>하나</b> 없어요 ", "pictures": pictures })).await
}

/// The store answers it.
pub(crate) async fn answer(seller: &Person, payment_id: &str) -> Answer {
    seller.put(&format!("/api/v1/seller/store/disputes/{payment_id}/answer"), &json!({ "text": "확인했습니다" })).await
}

/// What is the same in each run: the pictures' addresses end with their keys, which lie in the order's folder.
fn shown(dispute: &Value) -> Value {
    let mut shown = normalized(dispute);
    for picture in shown["pictures"].as_array_mut().unwrap() {
        let key = text(picture, "picture");
        assert!(key.starts_with(&format!("disputes/{}/", text(dispute, "payment_id"))) && text(picture, "picture_url").ends_with(&key));
        *picture = json!("[picture]");
    }
    assert!(text(&shown, "answer_until").ends_with("+09:00"));
    shown["answer_until"] = json!("[instant]");
    shown
}

async fn revenue(shop: &Shop) -> i64 {
    shop.seller.get("/api/v1/seller/store/settlement/weekly-revenue").await.expect(200)["total_revenue"].as_i64().unwrap()
}

/// Subjects of the mails about disputes to somebody, oldest first.
async fn told(app: &TestApp, to: &str, number: usize) -> Vec<String> {
    const OURS: [&str; 4] = ["고객이 주문에 문제가", "매장이 답변했습니다", "환불이 결정되었습니다", "환불하지 않기로"];
    eventually("the mails are there", 20, || async {
        let mails = app.api.mails().await.into_iter().filter(|mail| mail["to"] == to).map(|mail| text(&mail, "subject"));
        let ours: Vec<_> = mails.filter(|subject| OURS.iter().any(|words| subject.contains(words))).collect();
        (ours.len() == number).then(|| ours.into_iter().rev().collect())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_opened_answered_and_refunded() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let (payment, other) = (picked_up(&shop, &customer).await, picked_up(&shop, &customer).await);
    let pictures = format!("{}/pictures", path(&payment));
    for (field, bad) in [
        ("reason", json!("cold")),
        ("text", json!("")),
        ("text", json!("가".repeat(1_001))),
        ("pictures", json!(["a", "b", "c", "d"])),
        ("pictures", json!([format!("disputes/{other}/a.png")])),
    ] {
        let mut body = json!({ "reason": "sick", "text": "아파요" });
        body[field] = bad.clone();
        let refused = customer.post(&path(&payment), &body).await;
        assert_eq!(refused.body["errors"][0]["field"], field, "{bad}");
        assert_eq!(refused.refused(422), "validation_failed");
    }
    let four = vec![picture(ImageFormat::Png); 4];
    assert_eq!(upload(&customer, &pictures, &four).await.refused(400), "too_many_dispute_pictures");
    assert_eq!(upload(&customer, &pictures, &[]).await.refused(400), "no_images");
    let uploaded = upload(&customer, &pictures, &four[..2]).await.expect(201);
    let keys: Vec<_> = uploaded["pictures"].as_array().unwrap().iter().map(|picture| picture["picture"].clone()).collect();
    assert_eq!(customer.get(&path(&payment)).await.refused(404), "dispute_not_found");
    let opened = open(&customer, &payment, &json!(keys)).await.expect(201);
    insta::assert_json_snapshot!("dispute opened", shown(&opened));
    assert_eq!(open(&customer, &payment, &Value::Null).await.refused(409), "dispute_exists");
    assert_eq!(upload(&customer, &pictures, &four[..1]).await.refused(409), "dispute_exists");
    let stranger = app.api.customer().await;
    assert_eq!(open(&stranger, &payment, &Value::Null).await.refused(404), "order_not_found");
    assert_eq!(stranger.get(&path(&payment)).await.refused(404), "dispute_not_found");
    let open_order = customer.order(&shop.product_id, 1).await.payment_id;
    assert_eq!(open(&customer, &open_order, &Value::Null).await.refused(400), "dispute_not_picked_up");

    // The store has two days, and an operator waits for it.
    let refused =
        app.services.disputes.decide(&PaymentId::parse(&payment).unwrap(), Decision::Refund, "x".into(), &Actor::operator()).await;
    assert_eq!(refused.unwrap_err().to_string(), "dispute_waits");
    let listed = shop.seller.get("/api/v1/seller/store/disputes").await.expect(200);
    assert!(!listed.to_string().contains(&customer.email), "{listed}");
    assert_eq!((&listed["disputes"][0], &listed["next_cursor"]), (&opened, &Value::Null));
    assert_eq!(shop.seller.get("/api/v1/seller/store/disputes?cursor=x").await.refused(422), "validation_failed");
    assert_eq!(answer(&app.api.shop(1).await.seller, &payment).await.refused(404), "dispute_not_found");
    insta::assert_json_snapshot!("dispute answered", shown(&answer(&shop.seller, &payment).await.expect(200)));
    assert_eq!(answer(&shop.seller, &payment).await.refused(409), "dispute_answered");
    let (ok, said) = operator(&app, &["disputes", "list"]);
    assert!(
        ok && [payment.as_str(), "the store: \"확인했습니다\"", "/media/disputes/", "1 disputes wait"]
            .iter()
            .all(|word| said.contains(word)),
        "{said}"
    );

    // Decided after the order has gone to the archive.
    assert_eq!(revenue(&shop).await, 14_000);
    app.api.set_clock("2026-11-25T04:15:00+09:00".parse().unwrap()).await;
    app.api.run_job("archive_orders").await;
    let (ok, said) = operator(&app, &["disputes", "decide", &payment, "refund", "--reason", "사진을 보았습니다"]);
    assert!(ok, "{said}");
    assert_eq!(app.api.cancelled(&payment).await, 7_000);
    insta::assert_json_snapshot!("dispute refunded", shown(&customer.get(&path(&payment)).await.expect(200)));
    assert!(!operator(&app, &["disputes", "decide", &payment, "nothing", "--reason", "x"]).0);
    assert_eq!(answer(&shop.seller, &payment).await.refused(409), "dispute_decided");
    assert_eq!(revenue(&shop).await, 7_000);
    let settled = shop.seller.get("/api/v1/seller/store/settlement?start_date=2026-11-24&end_date=2026-11-24").await.expect(200);
    let items = settled["daily_settlements"][0]["items"].as_array().unwrap();
    let mut states: Vec<_> = items.iter().map(|item| text(item, "status")).collect();
    states.sort();
    assert_eq!(states, ["cancel", "complete"], "{settled}");
    assert!(shop.history(&payment).await.contains(&"refund_requested dispute".to_owned()));
    // Reconciliation finds nothing to report.
    app.api.run_job("reconcile_nightly").await;
    assert_eq!(app.database.count("audit_log WHERE event = 'discrepancy'").await, 0);

    assert_eq!(told(&app, &customer.email, 2).await, ["[CheapBob] 매장이 답변했습니다", "[CheapBob] 환불이 결정되었습니다"]);
    assert_eq!(
        told(&app, &shop.seller.email, 2).await,
        ["[CheapBob] 고객이 주문에 문제가 있다고 알려 왔습니다", "[CheapBob] 환불이 결정되었습니다"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_has_its_times() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let (early, late) = (picked_up(&shop, &customer).await, picked_up(&shop, &customer).await);
    app.api.advance(Duration::days(3) - Duration::minutes(5)).await;
    open(&customer, &early, &Value::Null).await.expect(201);
    app.api.advance(Duration::minutes(10)).await;
    assert_eq!(open(&customer, &late, &Value::Null).await.refused(400), "dispute_too_late");
    app.api.advance(Duration::days(2)).await;
    assert_eq!(answer(&shop.seller, &early).await.refused(400), "dispute_answer_too_late");
    let (ok, said) = operator(&app, &["disputes", "decide", &early, "nothing", "--reason", "사진이 없습니다"]);
    assert!(ok && said.contains("is decided: nothing"), "{said}");
    assert_eq!(app.database.count("refunds").await, 0);
    assert_eq!(told(&app, &customer.email, 1).await, ["[CheapBob] 환불하지 않기로 결정되었습니다"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_decisions_at_once_one_stands_and_the_money_goes_back_once() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    for _ in 0..4 {
        let payment = picked_up(&shop, &customer).await;
        open(&customer, &payment, &Value::Null).await.expect(201);
        answer(&shop.seller, &payment).await.expect(200);
        let id = PaymentId::parse(&payment).unwrap();
        let decide = |n: usize| {
            let (disputes, id) = (app.services.disputes.clone(), id.clone());
            let decision = if n.is_multiple_of(4) { Decision::Nothing } else { Decision::Refund };
            tokio::spawn(async move { disputes.decide(&id, decision, "x".into(), &Actor::operator()).await })
        };
        let decided: Vec<_> = join_all((0..8).map(decide)).await.into_iter().filter_map(|decided| decided.unwrap().ok()).collect();
        assert_eq!(decided.len(), 1);
        let refunded = decided[0].decided.as_ref().unwrap().decision == Decision::Refund;
        assert_eq!(app.api.cancelled(&payment).await, if refunded { 7_000 } else { 0 });
        assert_eq!(app.database.count(&format!("refunds WHERE payment_id = '{payment}'")).await, i64::from(refunded));
        let books = app.api.payment(&payment).await;
        assert!(books["cancellations"].as_array().is_none_or(|all| all.len() <= 1), "{books}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_words_are_in_their_file_and_go_with_the_account() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let payment = picked_up(&shop, &customer).await;
    let uploaded = upload(&customer, &format!("{}/pictures", path(&payment)), &[picture(ImageFormat::Jpeg)]).await.expect(201);
    let key = uploaded["pictures"][0]["picture"].as_str().unwrap().to_owned();
    open(&customer, &payment, &json!([key])).await.expect(201);
    answer(&shop.seller, &payment).await.expect(200);
    let rows = async |person: &Person| {
        let file = app.services.exports.clone();
        let account = cheapbob_domain::users::Account::new(
            cheapbob_domain::shared::Email::parse(&person.email).unwrap(),
            cheapbob_domain::users::Role::Customer,
            true,
            app.api.now().await,
        );
        file.file(&account).await.unwrap()
    };
    let mine = rows(&customer).await;
    assert_eq!((&mine["disputes"][0]["text"], &mine["disputes"][0]["pictures"]), (&json!("빵이 <b>하나</b> 없어요"), &json!([key])));
    let theirs = rows(&shop.seller).await;
    assert_eq!(theirs["dispute_answers"][0]["answer"], "확인했습니다");
    assert!(!theirs.to_string().contains("없어요"), "{theirs}");

    customer.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
    app.api.set_clock("2026-11-25T04:15:00+09:00".parse().unwrap()).await;
    app.api.run_job("archive_orders").await;
    app.api.run_job("delete_accounts").await;
    assert_eq!(app.database.count("disputes WHERE text <> ''").await, 1, "it is not decided");
    assert!(operator(&app, &["disputes", "decide", &payment, "refund", "--reason", "x"]).0);
    app.api.set_clock("2026-11-26T04:45:00+09:00".parse().unwrap()).await;
    app.api.run_job("delete_accounts").await;
    assert_eq!(app.database.count("disputes WHERE text = '' AND pictures = '{}' AND decision = 'refund'").await, 1);
    assert_eq!(app.database.count(&format!("disputes WHERE customer_email = '{}'", customer.email)).await, 0);
    eventually("the picture is deleted", 20, || async { app.services.storage.get(&key).await.unwrap().is_none().then_some(()) }).await;
    assert_eq!(revenue(&shop).await, 0);
}
