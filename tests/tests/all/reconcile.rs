//! Our books against PortOne's, both ways.

use cheapbob_test_support::{Held, Shop, TestApp, eventually};
use serde_json::json;

async fn booked(app: &TestApp, held: &Held) -> (String, i64) {
    let payment = app.api.payment(&held.payment_id).await;
    (payment["status"].as_str().unwrap().to_owned(), payment["amount"]["cancelled"].as_i64().unwrap())
}

async fn status(shop: &Shop, held: &Held) -> String {
    let today = shop.seller.get("/api/v1/seller/store/orders/today").await.expect(200);
    let order = today["orders"].as_array().unwrap().iter().find(|o| o["payment_id"] == *held.payment_id).cloned();
    order.map_or_else(|| "none".to_owned(), |o| o["status"].as_str().unwrap().to_owned())
}

/// Changes PortOne's books behind everybody's back.
async fn rewrite(app: &TestApp, held: &Held, to: &str) {
    app.database.sql(&format!("UPDATE embedded.portone_payments SET payment = payment || '{to}' WHERE id = '{}'", held.payment_id)).await;
}

const WHOLE: &str = r#"{"status":"PAID","amount":{"total":7000,"taxFree":0,"discount":0,"paid":7000,"cancelled":0,"cancelledTaxFree":0},"cancellations":[]}"#;
const GONE: &str =
    r#"{"status":"CANCELLED","amount":{"total":7000,"taxFree":0,"discount":0,"paid":7000,"cancelled":7000,"cancelledTaxFree":0}}"#;
const PART: &str =
    r#"{"status":"PARTIAL_CANCELLED","amount":{"total":7000,"taxFree":0,"discount":0,"paid":7000,"cancelled":3000,"cancelledTaxFree":0}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_can_mend_is_mended() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    // Paid, the tab closed, no webhook: found before the hold's end.
    let closed = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&closed).await;
    // Wrong, never confirmed.
    let wrong = customer.hold(&shop.product_id, 1).await;
    app.api.pay_with(&wrong, &json!({ "totalAmount": 100 })).await.expect(200);
    // Canceled in the console, and the webhook was lost.
    let console = customer.order(&shop.product_id, 1).await;
    rewrite(&app, &console, GONE).await;
    // Counts as refunded, but PortOne has the money.
    let back = customer.order(&shop.product_id, 1).await;
    customer.cancel(&back.payment_id).await.expect(200);
    rewrite(&app, &back, WHOLE).await;
    // Nothing wrong with these.
    let (fine, idle) = (customer.order(&shop.product_id, 1).await, customer.hold(&shop.product_id, 1).await);

    app.api.run_job("reconcile").await;
    assert_eq!(status(&shop, &closed).await, "reservation");
    assert_eq!((status(&shop, &wrong).await, booked(&app, &wrong).await), ("none".into(), ("CANCELLED".into(), 100)));
    assert_eq!(status(&shop, &console).await, "cancel");
    eventually("the refunds are done", 20, || async {
        app.api.advance(chrono::Duration::seconds(5)).await;
        (app.database.count("refunds WHERE state <> 'succeeded'").await == 0).then_some(())
    })
    .await;
    assert_eq!(booked(&app, &back).await, ("CANCELLED".into(), 7_000));
    assert!(shop.history(&back.payment_id).await.contains(&"refund_reopened".to_owned()));
    assert_eq!((status(&shop, &fine).await, status(&shop, &idle).await), ("reservation".into(), "none".into()));
    let audit = shop.history(&fine.payment_id).await;
    // Once more: nothing is left to do.
    app.api.run_job("reconcile").await;
    app.api.run_job("reconcile_nightly").await;
    assert_eq!(shop.history(&fine.payment_id).await, audit);
    assert_eq!(shop.stock().await, (47, 3));
    assert_eq!(app.database.count("audit_log WHERE event = 'discrepancy'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_rule_can_mend_is_reported_once() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let done = customer.order(&shop.product_id, 1).await;
    shop.accept(&done.payment_id).await.expect(200);
    customer.scan(&done.payment_id, &shop.code(&done.payment_id).await).await.expect(200);
    rewrite(&app, &done, GONE).await;
    let part = customer.order(&shop.product_id, 1).await;
    rewrite(&app, &part, PART).await;
    let less = customer.order(&shop.product_id, 1).await;
    rewrite(&app, &less, r#"{"amount":{"total":10,"taxFree":0,"discount":0,"paid":10,"cancelled":0,"cancelledTaxFree":0}}"#).await;
    let gone = customer.order(&shop.product_id, 1).await;
    app.database.sql(&format!("DELETE FROM embedded.portone_payments WHERE id = '{}'", gone.payment_id)).await;
    // An id like ours that we have never seen, and one of the merchant's other shop.
    let unknown = Held { payment_id: "PAY0UNKNOWN".to_owned(), ..part.clone() };
    let foreign = Held { payment_id: "other-shop-1".to_owned(), ..part.clone() };
    app.api.pay(&unknown).await;
    app.api.pay(&foreign).await;
    let expected = [
        (&done, "order_without_money"),
        (&part, "partly_refunded"),
        (&less, "other_amount"),
        (&gone, "order_without_money"),
        (&unknown, "unknown_payment"),
    ];
    for job in ["reconcile", "reconcile", "reconcile_nightly"] {
        app.api.run_job(job).await;
        for (held, discrepancy) in expected {
            let said: Vec<_> = shop.history(&held.payment_id).await.into_iter().filter(|e| e.starts_with("discrepancy")).collect();
            assert_eq!(said, [format!("discrepancy {discrepancy}")], "{job}");
        }
    }
    assert_eq!(app.database.count("audit_log WHERE event = 'discrepancy'").await, 5);
    assert_eq!((status(&shop, &part).await, booked(&app, &part).await.1), ("reservation".into(), 3_000), "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_read_keeps_no_other_from_it() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(500).await, app.api.customer().await);
    let broken = app.api.shop(5).await;
    customer.hold(&broken.product_id, 1).await;
    let settings = "/api/v1/seller/store/settings/payment";
    let mut body = broken.seller.get(settings).await.expect(200);
    body["portone_secret_key"] = "invalid".into();
    broken.seller.put(settings, &body).await.expect(200);
    // More payments than fit on one page of theirs.
    let mut last = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&last).await;
    app.database
        .sql(&format!(
            "INSERT INTO embedded.portone_payments (id, payment) SELECT 'PAYX' || n, payment || jsonb_build_object('id', 'PAYX' || n, 'status', 'READY')
             FROM embedded.portone_payments, generate_series(1, 250) n WHERE id = '{}'",
            last.payment_id
        ))
        .await;
    let first = last.clone();
    last = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&last).await;
    app.api.run_job("reconcile").await;
    assert_eq!((status(&shop, &first).await, status(&shop, &last).await), ("reservation".into(), "reservation".into()));
}
