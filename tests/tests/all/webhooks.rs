//! What PortOne tells by itself: believed when signed, worked on once, and only ever a hint to ask.

use cheapbob_adapters_portone::SignedWebhooks;
use cheapbob_domain::orders::{Delivery, ports::Webhooks};
use cheapbob_test_support::{Held, Shop, TestApp, eventually};
use chrono::{DateTime, Duration};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// PortOne's verdict on computed messages; its SDK gives the same reasons (webhook-vectors.json).
#[test]
fn every_vector_has_its_verdict() {
    let file: Value = serde_json::from_str(include_str!("../webhook-vectors.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 23);
    for vector in vectors {
        let header = |name: &str| vector["headers"][name].as_str().map(str::to_owned);
        let delivery = Delivery {
            store: String::new(),
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
            body: vector["body"].as_str().unwrap().as_bytes().to_vec(),
        };
        let secret = SecretString::from(vector["secret"].as_str().unwrap().to_owned());
        let now = DateTime::from_timestamp(vector["now"].as_i64().unwrap(), 0).unwrap();
        let verdict = SignedWebhooks.verify(std::slice::from_ref(&secret), &delivery, now);
        let expected = vector["error"].as_str().filter(|_| vector["expect"] == "error");
        assert_eq!(verdict.as_ref().err().map(|e| e.as_str()), expected, "{}", vector["name"]);
        // During a change either secret will do; without any nothing is believed.
        let both = [SecretString::from(OTHER), secret];
        assert_eq!(SignedWebhooks.verify(&both, &delivery, now).is_ok(), expected.is_none() || vector["name"] == "wrong_secret");
        assert!(SignedWebhooks.verify(&[], &delivery, now).is_err());
        // What can be told without a secret is told the same way.
        let glance = SignedWebhooks.glance(&delivery, now).err().map(|e| e.as_str());
        assert!(glance.is_none() || glance == expected, "{}: {glance:?}", vector["name"]);
    }
}

fn paid(held: &Held) -> Value {
    message("Transaction.Paid", &held.payment_id)
}

fn message(kind: &str, payment_id: &str) -> Value {
    json!({ "type": kind, "timestamp": "2026-11-24T03:00:00.000Z", "data": { "storeId": "s", "paymentId": payment_id, "transactionId": "t" } })
}

async fn order_status(shop: &Shop, payment_id: &str) -> Option<String> {
    let today = shop.seller.get("/api/v1/seller/store/orders/today").await.expect(200);
    let order = today["orders"].as_array().unwrap().iter().find(|o| o["payment_id"] == *payment_id)?.clone();
    order["status"].as_str().map(str::to_owned)
}

async fn becomes(shop: &Shop, payment_id: &str, status: &str) {
    eventually(&format!("{payment_id} is {status}"), 10, || async {
        (order_status(shop, payment_id).await.as_deref() == Some(status)).then_some(())
    })
    .await;
}

async fn messages(app: &TestApp) -> i64 {
    app.database.count("inbox").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&held).await;
    let unverified = async |store: &str, secret: &str| app.api.webhook(store, secret, "WH-1", &paid(&held)).await.refused(401);
    // No secret of this store yet; another's; no such store; no id at all.
    assert_eq!(unverified(&shop.store_id, SECRET).await, "webhook_unverified");
    shop.set_webhook_secret(SECRET).await;
    assert_eq!(unverified(&shop.store_id, OTHER).await, "webhook_unverified");
    assert_eq!(unverified("STR_0", SECRET).await, "webhook_unverified");
    assert_eq!(unverified("x", SECRET).await, "webhook_unverified");
    let path = format!("/api/v1/webhooks/portone/{}", shop.store_id);
    let send = async |headers: &[(&str, &str)], body: String| app.api.send(Method::POST, &path, headers, body).await;
    assert_eq!(send(&[], "{}".to_owned()).await.refused(400), "webhook_headers_missing");
    let twice = [("webhook-id", "a"), ("webhook-id", "b"), ("webhook-timestamp", "1"), ("webhook-signature", "v1,x")];
    assert_eq!(send(&twice, "{}".to_owned()).await.refused(400), "webhook_headers_missing");
    let (now, signature) = (app.api.now().await.timestamp().to_string(), format!("v1,{}=", "A".repeat(43)));
    let plausible = [("webhook-id", "a"), ("webhook-timestamp", now.as_str()), ("webhook-signature", signature.as_str())];
    assert_eq!(send(&plausible, "x".repeat((64 << 10) + 1)).await.refused(413), "body_too_large");
    // Signed, but too long ago.
    app.api.advance(Duration::seconds(-301)).await;
    let (body, then) = (paid(&held).to_string(), app.api.now().await.timestamp().to_string());
    let signature = cheapbob_adapters_embedded::sandbox::sign(SECRET, "WH-1", &then, &body).unwrap();
    app.api.advance(Duration::seconds(302)).await;
    let old = [("webhook-id", "WH-1"), ("webhook-timestamp", &then), ("webhook-signature", &signature)];
    assert_eq!(send(&old, body).await.refused(401), "webhook_unverified");
    let tasks = app.database.count("tasks WHERE id LIKE 'webhook:%'").await;
    assert_eq!((messages(&app).await, tasks), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tab_was_closed_and_the_order_is_there() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    shop.connect_webhooks().await;
    let held = customer.hold(&shop.product_id, 2).await;
    // PortOne plays its part: the first delivery fails, the second is done but its answer is lost, so the message comes again.
    let faults = json!([{ "on": "webhook", "do": "error500" }, { "on": "webhook", "do": "drop_response" }]);
    app.api.faults(faults).await;
    app.api.pay(&held).await;
    becomes(&shop, &held.payment_id, "reservation").await;
    assert_eq!(shop.stock().await, (3, 2));
    assert_eq!(customer.confirm(&held.payment_id).await.expect(200)["payment_id"], *held.payment_id);
    assert_eq!(shop.history(&held.payment_id).await, ["held", "ordered"]);
    let history = shop.seller.get(&format!("/api/v1/seller/store/orders/{}/history", held.payment_id)).await.expect(200);
    assert_eq!(history["events"][1]["actor_role"], "webhook");
    assert!(history["events"][1]["actor"].as_str().unwrap().starts_with("WH-"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_comes_twice_late_or_in_any_order() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    shop.set_webhook_secret(SECRET).await;
    let webhook = async |id: &str, body: Value| {
        let answer = app.api.webhook(&shop.store_id, SECRET, id, &body).await;
        assert_eq!(answer.expect(200), json!({ "status": "ok" }));
    };
    // What nobody has to look at is kept and does nothing: nothing is asked of PortOne.
    app.api.faults(json!([{ "on": "get", "do": "error500", "times": 99 }])).await;
    let idle = app.api.customer().await.hold(&shop.product_id, 1).await;
    for (id, body) in [
        ("WH-a", message("Transaction.Ready", &idle.payment_id)),
        ("WH-b", message("BillingKey.Issued", &idle.payment_id)),
        ("WH-c", message("Something.OfTomorrow", &idle.payment_id)),
        ("WH-d", message("Transaction.Paid", "not-one-of-ours")),
        ("WH-e", json!({ "unheard": ["of"] })),
        ("WH-f", json!([])),
    ] {
        webhook(id, body).await;
    }
    assert_eq!((messages(&app).await, app.database.count("tasks WHERE id LIKE 'webhook:%'").await), (6, 0));

    // PortOne answers the message, but not the question: asked again until it does.
    app.api.faults(json!([{ "on": "get", "do": "error500", "times": 1 }])).await;
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&held).await;
    for _ in 0..3 {
        webhook("WH-1", paid(&held)).await;
    }
    eventually("the retry is due", 20, || async {
        app.api.advance(Duration::seconds(2)).await;
        order_status(&shop, &held.payment_id).await
    })
    .await;
    assert_eq!(messages(&app).await, 7);
    // An old failure, or a failed other attempt, undoes nothing.
    webhook("WH-2", message("Transaction.Failed", &held.payment_id)).await;
    webhook("WH-3", paid(&held)).await;
    // A payment that failed is released; then it is paid after all, long after the hold.
    let second = customer.hold(&shop.product_id, 1).await;
    app.api.pay_with(&second, &json!({ "status": "FAILED" })).await.expect(200);
    webhook("WH-4", message("Transaction.Failed", &second.payment_id)).await;
    eventually("released", 10, || async { (shop.stock().await == (3, 2)).then_some(()) }).await;
    app.api.advance(Duration::minutes(30)).await;
    app.api.pay(&second).await;
    webhook("WH-5", paid(&second)).await;
    becomes(&shop, &second.payment_id, "reservation").await;
    let undone = "SELECT count(*) AS n FROM tasks WHERE id LIKE 'webhook:%' AND status <> 'done'";
    eventually("all is worked on", 10, || async { (app.database.number(undone).await == 0).then_some(()) }).await;
    assert_eq!(order_status(&shop, &held.payment_id).await.as_deref(), Some("reservation"));
    assert_eq!(app.database.count("orders").await, 2);
    assert_eq!(app.database.count("refunds").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_secrets_are_good_during_a_change() {
    let app = TestApp::start().await;
    let shop = app.api.shop(5).await;
    let ok = async |secret: &str, id: &str| app.api.webhook(&shop.store_id, secret, id, &json!({})).await.status;
    shop.set_webhook_secret(SECRET).await;
    shop.set_webhook_secret(OTHER).await;
    assert_eq!((ok(SECRET, "WH-1").await, ok(OTHER, "WH-2").await), (200, 200));
    shop.set_webhook_secret("whsec_pzQGE83cSIRKM4/WH5QYpzQGE83cSIRKM4/WH5QY").await;
    assert_eq!((ok(SECRET, "WH-3").await, ok(OTHER, "WH-4").await), (401, 200));
    let bad = json!({ "portone_store_id": "s", "portone_channel_id": "c", "portone_webhook_secret": "not base64!" });
    let refused = shop.seller.put("/api/v1/seller/store/settings/payment", &bad).await.expect(422);
    assert_eq!((&refused["errors"][0]["field"], &refused["errors"][0]["code"]), (&json!("portone_webhook_secret"), &json!("bad_secret")));
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_portones_side_gives_back_takes_its_order_along() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    shop.connect_webhooks().await;
    let held = customer.order(&shop.product_id, 2).await;
    shop.accept(&held.payment_id).await.expect(200);
    // The merchant cancels in PortOne's console.
    let cancel = format!("/sandbox/portone/payments/{}/cancel", held.payment_id);
    let console = [("authorization", "PortOne console"), ("content-type", "application/json")];
    assert_eq!(app.api.send(Method::POST, &cancel, &console, r#"{"reason":"console"}"#).await.status, 200);
    becomes(&shop, &held.payment_id, "cancel").await;
    eventually("the refund is known to be done", 10, || async {
        (shop.history(&held.payment_id).await.last().unwrap() == "refund_succeeded 14000").then_some(())
    })
    .await;
    assert_eq!(shop.stock().await, (5, 0));
    let mail = eventually("the customer hears of it", 10, || async {
        let mails = app.api.mails().await;
        mails.into_iter().find(|m| m["to"] == *customer.email && m["subject"].as_str().unwrap().contains("취소"))
    })
    .await;
    assert!(mail["text"].as_str().unwrap().contains("결제사에서 취소됨"), "{mail}");
}
