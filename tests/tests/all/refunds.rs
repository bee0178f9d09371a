//! A refund on its way: every answer PortOne can give, and what an operator sees of one that is stuck.

use cheapbob_test_support::{Held, Person, RealServer, Shop, TestApp, eventually};
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::operator::{beside, operator};

/// An order of one piece, canceled while PortOne has these faults: what the answer says of the refund.
async fn abandoned(app: &TestApp, shop: &Shop, customer: &Person, faults: Value) -> (Held, Value) {
    let held = customer.order(&shop.product_id, 1).await;
    app.api.faults(faults).await;
    let canceled = customer.cancel(&held.payment_id).await.expect(200);
    (held, canceled["refund_status"].clone())
}

/// Moves the clock on until the refund is there.
async fn comes_back(app: &TestApp, shop: &Shop, held: &Held) {
    eventually(&format!("{} comes back", held.payment_id), 30, || async {
        app.api.advance(Duration::seconds(20)).await;
        (shop.history(&held.payment_id).await.last().unwrap() == "refund_succeeded 7000").then_some(())
    })
    .await;
    let payment = app.api.payment(&held.payment_id).await;
    assert_eq!(payment["amount"]["cancelled"], 7_000);
    let done = payment["cancellations"].as_array().unwrap().iter().filter(|c| c["status"] == "SUCCEEDED").count();
    assert_eq!(done, 1, "{payment}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_portone_answers_the_money_comes_back_once() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    for faults in [
        json!([{ "on": "cancel", "do": "error500", "times": 3 }]),
        json!([{ "on": "cancel", "do": "drop_response", "times": 2 }]),
        json!([{ "on": "cancel", "do": "fail_200", "times": 2 }]),
        // It cannot even be looked at for a while.
        json!([{ "on": "cancel", "do": "drop_response", "times": 1 }, { "on": "get", "do": "error500", "times": 2 }]),
        // The same key without an answer, so often that another one is taken.
        json!([{ "on": "cancel", "do": "error500", "times": 6 }]),
    ] {
        let (held, status) = abandoned(&app, &shop, &customer, faults.clone()).await;
        assert_eq!(status, "pending", "{faults}");
        comes_back(&app, &shop, &held).await;
    }
    // Slow: the person does not wait for it.
    let begin = std::time::Instant::now();
    let (held, status) = abandoned(&app, &shop, &customer, json!([{ "on": "cancel", "do": "delay_ms", "ms": 6_000 }])).await;
    let waited = begin.elapsed();
    assert_eq!(status, "pending");
    assert!((2_400..5_500).contains(&waited.as_millis()), "{waited:?}");
    comes_back(&app, &shop, &held).await;
    // Well again: at once.
    let (held, status) = abandoned(&app, &shop, &customer, json!([])).await;
    assert_eq!((status, app.api.cancelled(&held.payment_id).await), (json!("succeeded"), 7_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_decides_later_is_waited_for() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let decide = async |held: &Held, status: &str| {
        let path = format!("/sandbox/portone/payments/{}/decide", held.payment_id);
        app.api.call(Method::POST, &path, None, Some(&json!({ "status": status }))).await.expect(200);
    };
    let requested = || json!([{ "on": "cancel", "do": "requested_200" }]);
    let tried_again = async |held: &Held| {
        let before = shop.history(&held.payment_id).await.len();
        eventually("it is looked at again", 30, || async {
            app.api.advance(Duration::seconds(20)).await;
            (shop.history(&held.payment_id).await.len() > before + 1).then_some(())
        })
        .await;
    };
    let (held, status) = abandoned(&app, &shop, &customer, requested()).await;
    assert_eq!(status, "pending");
    // However often it is looked at, it is asked once.
    tried_again(&held).await;
    assert_eq!(app.api.payment(&held.payment_id).await["cancellations"].as_array().unwrap().len(), 1);
    assert_eq!(shop.history(&held.payment_id).await.last().unwrap(), "refund_processing");
    decide(&held, "SUCCEEDED").await;
    comes_back(&app, &shop, &held).await;

    // The provider says no in the end: asked again, with another key.
    let (held, _) = abandoned(&app, &shop, &customer, requested()).await;
    decide(&held, "FAILED").await;
    comes_back(&app, &shop, &held).await;

    // With a webhook nobody waits for the next look.
    shop.connect_webhooks().await;
    let (held, _) = abandoned(&app, &shop, &customer, requested()).await;
    decide(&held, "SUCCEEDED").await;
    eventually("the webhook tells", 10, || async {
        (shop.history(&held.payment_id).await.last().unwrap() == "refund_succeeded 7000").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_cannot_go_on_is_seen_and_can_be_helped() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let held = customer.order(&shop.product_id, 1).await;
    // PortOne issued another secret, and nobody told us. (The sandbox believes all but those that begin with `invalid`.)
    let settings = "/api/v1/seller/store/settings/payment";
    let with_secret = async |secret: &str| {
        let mut body = shop.seller.get(settings).await.expect(200);
        body["portone_secret_key"] = secret.into();
        shop.seller.put(settings, &body).await.expect(200);
    };
    with_secret("invalid").await;
    let canceled = customer.cancel(&held.payment_id).await.expect(200);
    assert_eq!(canceled["refund_status"], "pending");

    let (ok, said) = operator(&app, &["refunds", "list"]);
    let row = said.lines().find(|l| l.starts_with(&held.payment_id)).unwrap_or_else(|| panic!("{said}")).to_owned();
    assert!(ok && said.contains("1 refunds are not done"), "{said}");
    for cell in [&shop.store_id, "failed", "canceled_by_customer", "UNAUTHORIZED"] {
        assert!(row.contains(cell), "{cell}: {row}");
    }
    assert!(!said.contains("invalid"), "no secret is shown: {said}");
    // An alarm sees it, whichever process it asks.
    let metrics_port = RealServer::free_port();
    let mut settings = beside(&app);
    settings.push(("METRICS_PORT", metrics_port.to_string()));
    let runner = RealServer::spawn("cheapbob-jobs", app.api.base.rsplit(':').next().unwrap().parse().unwrap(), &settings);
    let metrics = eventually("the metrics tell of it", 20, || async {
        let text = reqwest::get(format!("http://127.0.0.1:{metrics_port}/metrics")).await.ok()?.text().await.ok()?;
        text.contains("cheapbob_refunds{state=\"failed\"} 1").then_some(text)
    })
    .await;
    for name in [
        "cheapbob_refunds{state=\"unknown\"} 0",
        "cheapbob_refunds_oldest_seconds{state=\"failed\"} ",
        "cheapbob_reconciliation_discrepancies 0",
    ] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    assert!(runner.interrupt().success());
    // Help that does not help, and help that does.
    let (ok, said) = operator(&app, &["refunds", "retry", &held.payment_id]);
    assert!(!ok && said.contains("is not refunded: "), "{said}");
    with_secret("right again").await;
    let (ok, said) = operator(&app, &["refunds", "retry", &held.payment_id]);
    assert!(ok && said.contains(&format!("{} is refunded", held.payment_id)), "{said}");
    assert_eq!(app.api.cancelled(&held.payment_id).await, 7_000);
    let history = shop.seller.get(&format!("/api/v1/seller/store/orders/{}/history", held.payment_id)).await.expect(200);
    assert_eq!(history["events"].as_array().unwrap().last().unwrap()["actor_role"], "operator");
    for (arguments, why) in [
        (vec!["refunds", "retry", held.payment_id.as_str()], "has no refund that is not done"),
        (vec!["refunds", "retry", "x"], "is no payment id"),
        (vec!["dance"], "Usage: cheapbob-jobs"),
    ] {
        let (ok, said) = operator(&app, &arguments);
        assert!(!ok && said.contains(why), "{arguments:?}: {said}");
    }
    assert!(operator(&app, &["refunds", "list"]).1.contains("0 refunds are not done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_who_names_another_portone_store_strands_no_payment() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(50).await, app.api.customer().await);
    let ordered = customer.order(&shop.product_id, 1).await;
    let paid = customer.hold(&shop.product_id, 1).await;
    app.api.pay(&paid).await;
    let other = json!({ "portone_store_id": "store-new", "portone_channel_id": "channel-new" });
    shop.seller.put("/api/v1/seller/store/settings/payment", &other).await.expect(200);
    customer.confirm(&paid.payment_id).await.expect(200);
    let canceled = customer.cancel(&ordered.payment_id).await.expect(200);
    assert_eq!(canceled["refund_status"], "succeeded");
    assert_eq!(customer.hold(&shop.product_id, 1).await.body["store_id"], "store-new");
}
