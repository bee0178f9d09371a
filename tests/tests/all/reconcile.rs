//! Our books against PortOne's, both ways.

use cheapbob_domain::{orders::ports::Books, shared::StoreId};
use cheapbob_test_support::{Held, Shop, TestApp, TestDatabase, eventually};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
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
    let closed = app.api.customer().await.hold(&shop.product_id, 1).await;
    app.api.pay(&closed).await;
    // Wrong, never confirmed.
    let wrong = app.api.customer().await.hold(&shop.product_id, 1).await;
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
        app.api.advance(Duration::seconds(5)).await;
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

/// What PortOne's books say once an account was given, which takes the deposit until then.
fn issued(until: DateTime<Utc>) -> String {
    let method = json!({ "type": "PaymentMethodVirtualAccount", "accountNumber": "110-123", "expiredAt": until.to_rfc3339() });
    json!({ "status": "VIRTUAL_ACCOUNT_ISSUED", "method": method }).to_string()
}

/// What they say when the deposit has come.
fn deposited(at: DateTime<Utc>) -> String {
    json!({ "status": "PAID", "statusChangedAt": at.to_rfc3339_opts(SecondsFormat::Millis, true), "paidAt": at.to_rfc3339(), "disputes": [] }).to_string()
}

async fn watched(app: &TestApp, held: &Held) -> bool {
    app.database.count(&format!("holds WHERE payment_id = '{}' AND next_look_at IS NOT NULL", held.payment_id)).await == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_that_nobody_tells_of_is_found_while_its_account_lives() {
    let app = TestApp::start().await;
    let (shop, customer, noon) = (app.api.shop(9).await, app.api.customer().await, app.api.now().await);
    let (early, late) = (customer.hold(&shop.product_id, 1).await, customer.hold(&shop.product_id, 1).await);
    for (held, hours) in [(&early, 100), (&late, 300)] {
        app.api.pay_with(held, &json!({ "status": "VIRTUAL_ACCOUNT_ISSUED" })).await.expect(200);
        rewrite(&app, held, &issued(noon + Duration::hours(hours))).await;
    }
    // The window that stays open, and one that was never opened.
    let (open, unopened) = (customer.hold(&shop.product_id, 1).await, customer.hold(&shop.product_id, 1).await);
    app.api.pay_with(&open, &json!({ "status": "READY" })).await.expect(200);
    let at = async |hours: i64| {
        app.api.set_clock(noon + Duration::hours(hours)).await;
        app.api.run_job("resolve_holds").await;
    };
    for hours in [1, 7, 13, 26, 70] {
        at(hours).await;
    }
    let all =
        async || [watched(&app, &early).await, watched(&app, &late).await, watched(&app, &open).await, watched(&app, &unopened).await];
    assert_eq!(all().await, [true, true, true, false]);
    assert_eq!(shop.stock().await, (9, 0));
    // No webhook, no app: 70 hours later the money is there, and goes back.
    rewrite(&app, &early, &deposited(noon + Duration::hours(70))).await;
    at(77).await;
    eventually("the refund", 20, || async { (booked(&app, &early).await == ("CANCELLED".into(), 7_000)).then_some(()) }).await;
    assert_eq!(all().await, [false, true, true, false]);
    // PortOne is away, and back: nobody has said that it is over.
    app.api.faults(json!([{ "on": "get", "do": "error500", "times": 50 }])).await;
    at(180).await;
    assert_eq!(all().await, [false, true, true, false]);
    app.api.faults(json!([])).await;
    at(190).await;
    assert_eq!(all().await, [false, true, false, false], "an open window is watched for a week");
    rewrite(&app, &late, &deposited(noon + Duration::hours(299))).await;
    at(320).await;
    eventually("the refund", 20, || async { (booked(&app, &late).await == ("CANCELLED".into(), 7_000)).then_some(()) }).await;
    assert_eq!(app.database.count("orders").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_after_the_watch_is_found_at_night() {
    let app = TestApp::start().await;
    let (shop, customer, noon) = (app.api.shop(9).await, app.api.customer().await, app.api.now().await);
    let held = customer.hold(&shop.product_id, 1).await;
    app.api.pay_with(&held, &json!({ "status": "VIRTUAL_ACCOUNT_ISSUED" })).await.expect(200);
    rewrite(&app, &held, &issued(noon + Duration::hours(20))).await;
    // More payments than fit on one page of theirs, all of them changed then, and of an id like ours that we do not know.
    for hours in [1, 30, 60, 400] {
        app.api.set_clock(noon + Duration::hours(hours)).await;
        app.api.run_job("resolve_holds").await;
    }
    assert!(!watched(&app, &held).await);
    rewrite(&app, &held, &deposited(noon + Duration::hours(399))).await;
    app.database
        .sql(&format!(
            "INSERT INTO embedded.portone_payments (id, payment) SELECT 'OTHER' || n, payment || jsonb_build_object('id', 'OTHER' || n)
             FROM embedded.portone_payments, generate_series(1, 120) n WHERE id = '{0}';
             INSERT INTO embedded.portone_payments (id, payment) SELECT 'PAY0UNKNOWN', payment || '{{\"id\":\"PAY0UNKNOWN\"}}'
             FROM embedded.portone_payments WHERE id = '{0}'",
            held.payment_id
        ))
        .await;
    for job in ["reconcile", "reconcile_nightly", "reconcile_nightly"] {
        app.api.run_job(job).await;
    }
    eventually("the refund", 20, || async { (booked(&app, &held).await == ("CANCELLED".into(), 7_000)).then_some(()) }).await;
    assert_eq!(app.database.count("refunds WHERE reason = 'store_closed'").await, 1);
    assert_eq!(app.database.count("audit_log WHERE event = 'discrepancy' AND payment_id = 'PAY0UNKNOWN'").await, 1);
    assert_eq!(app.database.count("orders").await, 0);
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
    last = app.api.customer().await.hold(&shop.product_id, 1).await;
    app.api.pay(&last).await;
    app.api.run_job("reconcile").await;
    assert_eq!((status(&shop, &first).await, status(&shop, &last).await), ("reservation".into(), "reservation".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stores_payments_are_read_by_their_index() {
    const MANY: &str = "INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id,
            business_day, created_at, expires_at, state)
        SELECT 'PAY' || n, 'c@example.com', 'PRD_1', 'STR_' || lpad((n % 500)::text, 26, '0'), 1, 10000, 30, 7000, 's', '2026-11-24',
            timestamptz '2026-11-01T00:00:00Z' + n * interval '40 seconds', timestamptz '2026-11-01T00:05:00Z' + n * interval '40 seconds', 'ordered'
        FROM generate_series(0, 49999) n";
    let database = TestDatabase::create().await;
    database.sql(MANY).await;
    database.sql("ANALYZE holds").await;
    let scans = "SELECT idx_scan AS n FROM pg_stat_user_indexes WHERE indexrelname = 'holds_store_created'";
    assert_eq!(database.number(scans).await, 0);
    let store = StoreId::parse(&format!("STR_{:026}", 7)).unwrap();
    let (from, until) = ("2026-11-10T00:00:00Z".parse().unwrap(), "2026-11-12T02:00:00Z".parse().unwrap());
    let found = database.postgres().of_store(&store, from, until).await.unwrap();
    assert_eq!(found.len(), 9);
    eventually("the index is used", 20, || async { (database.number(scans).await > 0).then_some(()) }).await;
}
