//! Calls with an Idempotency-Key: the same key and request, the same answer, whatever happened in between.

use std::collections::BTreeSet;

use cheapbob_test_support::{Answer, TestApp};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const INIT: &str = "/api/v1/customer/payment/init";
const CONFIRM: &str = "/api/v1/customer/payment/confirm";

fn replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some_and(|v| v == "true")
}

/// As if the process had died before it stored its answers.
async fn forget_answers(app: &TestApp) {
    app.database.sql("UPDATE idempotency_keys SET status = NULL, body = NULL, leased_until = 'epoch'").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_payment_init_holds_once_for_each_key() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let body = json!({ "product_id": shop.product_id, "quantity": 2 });
    let init = async |key: &str, body: &Value| customer.keyed(Method::POST, INIT, key, body).await;

    // Twenty at once: one holds, the others hear the same or that it is under way.
    let answers = join_all((0..20).map(|_| init("\"key-1\"", &body))).await;
    let held: BTreeSet<_> = answers.iter().filter(|a| a.status == 200).map(|a| a.body["payment_id"].to_string()).collect();
    assert_eq!(held.len(), 1, "{answers:?}");
    for answer in answers.into_iter().filter(|a| a.status != 200) {
        assert_eq!(answer.refused(409), "idempotency_key_in_use");
    }
    assert_eq!(shop.stock().await, (48, 2));
    let again = init("key-1", &body).await;
    assert!(replayed(&again), "with or without the quotes of RFC 8941");
    assert_eq!(BTreeSet::from([again.body["payment_id"].to_string()]), held);
    let whole = again.expect(200);

    // Another body under the key: nothing happens. Another key, another customer: another hold.
    let other = json!({ "product_id": shop.product_id, "quantity": 3 });
    assert_eq!(init("key-1", &other).await.refused(422), "idempotency_key_reused");
    assert_eq!(
        customer.keyed(Method::POST, CONFIRM, "key-1", &json!({ "payment_id": "PAY0" })).await.refused(422),
        "idempotency_key_reused"
    );
    let stranger = app.api.customer().await;
    assert_ne!(stranger.keyed(Method::POST, INIT, "key-1", &body).await.expect(200)["payment_id"], whole["payment_id"]);
    assert_eq!(shop.stock().await, (46, 4));
    // Another key of the same customer: another hold, in the place of the first. The first key still answers the first.
    assert_ne!(init("key-2", &body).await.expect(200)["payment_id"], whole["payment_id"]);
    assert_eq!(shop.stock().await, (46, 4));
    let first = init("key-1", &body).await;
    assert!(replayed(&first));
    assert_eq!(first.expect(200), whole);

    // The process died after the hold and before its answer: the next call finds it.
    forget_answers(&app).await;
    let resumed = init("key-1", &body).await;
    assert!(!replayed(&resumed));
    assert_eq!(resumed.expect(200), whole);
    assert_eq!(shop.stock().await, (46, 4));

    // A refusal is an answer too. Keys that are none.
    let much = json!({ "product_id": shop.product_id, "quantity": 49 });
    assert_eq!(init("key-3", &much).await.refused(400), "insufficient_stock");
    shop.seller.patch(&format!("/api/v1/seller/store/products/{}/stock/up", shop.product_id)).await.expect(200);
    let same = init("key-3", &much).await;
    assert!(replayed(&same));
    assert_eq!(same.refused(400), "insufficient_stock");
    assert_eq!(init("key-4", &much).await.status, 200);
    for bad in ["", "\"\"", "a b", &"k".repeat(256)] {
        assert_eq!(init(bad, &body).await.expect(422)["errors"][0]["code"], "bad_key", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn confirm_and_both_cancellations_answer_the_same_again() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    for by_customer in [true, false] {
        let held = customer.hold(&shop.product_id, 1).await;
        app.api.pay(&held).await;
        let key = |what: &str| format!("{what}-{by_customer}");
        let confirm = json!({ "payment_id": held.payment_id });
        let first = customer.keyed(Method::POST, CONFIRM, &key("confirm"), &confirm).await.expect(200);
        forget_answers(&app).await;
        assert_eq!(customer.keyed(Method::POST, CONFIRM, &key("confirm"), &confirm).await.expect(200), first);

        let (who, path) = if by_customer {
            (&customer, format!("/api/v1/customer/orders/{}/cancel", held.payment_id))
        } else {
            (&shop.seller, format!("/api/v1/seller/store/orders/{}/cancel", held.payment_id))
        };
        let reason = json!({ "reason": "x" });
        let canceled = who.keyed(Method::DELETE, &path, &key("cancel"), &reason).await.expect(200);
        assert_eq!(canceled["refund_status"], "succeeded");
        let again = who.keyed(Method::DELETE, &path, &key("cancel"), &reason).await;
        assert!(replayed(&again));
        assert_eq!(again.expect(200), canceled);
        assert_eq!(who.keyed(Method::DELETE, &path, &key("cancel"), &json!({})).await.refused(422), "idempotency_key_reused");
        // Died after the cancellation and before its answer.
        forget_answers(&app).await;
        assert_eq!(who.keyed(Method::DELETE, &path, &key("cancel"), &reason).await.expect(200), canceled);
        // Another call, with another key or without: whoever has canceled it hears the same.
        assert_eq!(who.keyed(Method::DELETE, &path, &key("other"), &reason).await.expect(200), canceled);
        assert_eq!(who.delete(&path).await.expect(200), canceled);
        assert_eq!(app.database.count("refunds WHERE attempts <> 1").await, 0);
    }
    // Who resumes a call does not get the answer of somebody else's.
    let held = customer.order(&shop.product_id, 1).await;
    let path = format!("/api/v1/customer/orders/{}/cancel", held.payment_id);
    shop.seller.delete(&format!("/api/v1/seller/store/orders/{}/cancel", held.payment_id)).await.expect(200);
    assert_eq!(customer.keyed(Method::DELETE, &path, "late", &json!({})).await.refused(400), "order_canceled");
    forget_answers(&app).await;
    assert_eq!(customer.keyed(Method::DELETE, &path, "late", &json!({})).await.refused(400), "order_canceled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_may_be_tried_again_under_its_key() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(5).await, app.api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&held).await;
    app.api.faults(json!([{ "on": "get", "do": "error500", "times": 1 }])).await;
    let confirm = async || customer.keyed(Method::POST, CONFIRM, "k", &json!({ "payment_id": held.payment_id })).await;
    assert_eq!(confirm().await.refused(503), "unavailable");
    let answer = confirm().await;
    assert!(!replayed(&answer));
    answer.expect(200);
    // Old keys are forgotten.
    assert_eq!(app.database.count("idempotency_keys").await, 1);
    app.api.advance(chrono::Duration::hours(25)).await;
    app.api.run_job("prune_inbox").await;
    assert_eq!(app.database.count("idempotency_keys").await, 0);
}
