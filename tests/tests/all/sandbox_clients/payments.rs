//! PortOne, as its SDKs use it.

use cheapbob_test_support::{Answer, Api, TestApp};
use chrono::{DateTime, Duration, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::{form, text};

/// A call as PortOne's SDKs make it: without a content type.
async fn portone(api: &Api, method: Method, path: &str, body: Value) -> Answer {
    let body = if method == Method::GET { String::new() } else { body.to_string() };
    api.send(method, path, &[("authorization", "PortOne s")], body).await
}

async fn page(api: &Api, prefix: &str, asked: Value) -> Answer {
    portone(api, Method::GET, &format!("{prefix}/payments?{}", form(&[("requestBody", &asked.to_string())])), Value::Null).await
}

async fn pay(api: &Api, id: &str, total: i64, status: &str) -> Answer {
    let checkout = json!({ "paymentId": id, "storeId": "store-1", "channelKey": "c", "orderName": "새봄 도시락", "totalAmount": total, "status": status });
    api.call(Method::POST, "/sandbox/portone/checkout", None, Some(&checkout)).await
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|payment| text(payment, "id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn portones_api_stands_at_the_root_too() {
    let app = TestApp::start().await;
    pay(&app.api, "P1", 9_000, "PAID").await.expect(200);
    for prefix in ["", "/sandbox/portone"] {
        let call = async |method, path: &str, body| portone(&app.api, method, &format!("{prefix}{path}"), body).await;
        assert_eq!(call(Method::GET, "/payments/P1?", Value::Null).await.expect(200)["id"], "P1");
        for unknown in ["/payments/P2?", "/payments/P2%2F3?storeId=s", "/payments/%00", "/payments/P2/transactions?"] {
            let answer = call(Method::GET, unknown, Value::Null).await.expect(404);
            assert!(answer["type"] == "PAYMENT_NOT_FOUND" && answer["message"].is_string(), "{answer}");
        }
        assert_eq!(call(Method::POST, "/payments/P1/pre-register", json!({})).await.expect(409)["type"], "ALREADY_PAID");
        assert_eq!(call(Method::POST, "/payments/P1/cancel", json!({})).await.expect(400)["type"], "INVALID_REQUEST");
        assert_eq!(call(Method::GET, "/payments-by-cursor", Value::Null).await.expect(200)["items"].as_array().unwrap().len(), 1);
        assert_eq!(page(&app.api, prefix, json!({})).await.expect(200)["page"], json!({ "number": 0, "size": 10, "totalCount": 1 }));
        for authorization in ["portone s", "PORTONE s"] {
            let path = format!("{prefix}/payments/P1");
            assert_eq!(app.api.get_with(&path, &[("Authorization", authorization)]).await.status, 200, "{authorization}");
        }
        for authorization in ["s", "PortOne", "PortOne ", "Bearer s", "PortOne invalid"] {
            let answer = app.api.get_with(&format!("{prefix}/payments"), &[("authorization", authorization)]).await;
            assert_eq!(answer.expect(401)["type"], "UNAUTHORIZED", "{authorization}");
        }
    }
    assert_eq!(app.api.get("/payments").await.expect(401)["type"], "UNAUTHORIZED");
    // Who shows no secret looks into the books.
    assert_eq!(app.api.get("/sandbox/portone/payments").await.expect(200)["payments"][0]["id"], "P1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_payments_is_what_the_filter_finds() {
    let app = TestApp::start().await;
    let start: DateTime<Utc> = app.api.now().await;
    for (id, status) in [("P1", "PAID"), ("P2", "PAY_PENDING"), ("P3", "FAILED"), ("P4", "PAID"), ("P5", "PAID")] {
        pay(&app.api, id, 9_000, status).await.expect(200);
        app.api.advance(Duration::minutes(1)).await;
    }
    portone(&app.api, Method::POST, "/payments/P1/cancel", json!({ "reason": "r", "amount": 1_000 })).await.expect(200);
    let minute = |n: i64| (start + Duration::minutes(n)).to_rfc3339();
    for (asked, found) in [
        (json!({}), vec!["P5", "P4", "P3", "P2", "P1"]),
        (json!({ "page": { "size": 2 } }), vec!["P5", "P4"]),
        (json!({ "page": { "number": 1, "size": 2 } }), vec!["P3", "P2"]),
        (json!({ "page": { "number": 9 } }), vec![]),
        (json!({ "filter": { "status": ["PAID"] } }), vec!["P5", "P4"]),
        (json!({ "filter": { "status": ["PENDING", "FAILED"] } }), vec!["P3", "P2"]),
        (json!({ "filter": { "status": ["PARTIAL_CANCELLED"] } }), vec!["P1"]),
        (json!({ "filter": { "sortBy": "STATUS_CHANGED_AT" } }), vec!["P1", "P5", "P4", "P3", "P2"]),
        (json!({ "filter": { "sortOrder": "ASC" } }), vec!["P1", "P2", "P3", "P4", "P5"]),
        // By change of status, unless it is said: P1 changed last.
        (json!({ "filter": { "from": minute(3) } }), vec!["P5", "P4", "P1"]),
        (json!({ "filter": { "timestampType": "CREATED_AT", "from": minute(3) } }), vec!["P5", "P4"]),
        (json!({ "filter": { "timestampType": "CREATED_AT", "until": minute(1) } }), vec!["P1"]),
        (json!({ "filter": { "storeId": "store-1" } }), vec!["P5", "P4", "P3", "P2", "P1"]),
        (json!({ "filter": { "storeId": "store-2" } }), vec![]),
        (json!({ "filter": { "isTest": false } }), vec![]),
        (json!({ "filter": { "currency": "USD" } }), vec![]),
        (json!({ "filter": { "methods": ["TRANSFER"] } }), vec![]),
        (json!({ "filter": { "textSearch": [{ "field": "PAYMENT_ID", "value": "P2" }] } }), vec!["P2"]),
    ] {
        let page = page(&app.api, "", asked.clone()).await.expect(200);
        assert_eq!(ids(&page), found, "{asked}");
        if asked["page"].is_null() {
            assert_eq!(page["page"]["totalCount"], found.len(), "{asked}");
        }
    }
    for asked in [
        json!({ "page": { "number": 60_000, "size": 10 } }),
        json!({ "page": { "size": 0 } }),
        json!({ "page": { "number": -1 } }),
        json!({ "filter": { "status": ["NEW"] } }),
    ] {
        assert_eq!(page(&app.api, "", asked).await.expect(400)["type"], "INVALID_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_opens_for_what_was_registered() {
    let app = TestApp::start().await;
    let register = async |id: &str, body| portone(&app.api, Method::POST, &format!("/payments/{id}/pre-register"), body).await;
    let asked = json!({ "storeId": "store-1", "totalAmount": 9_000, "currency": "KRW" });
    assert_eq!(register("P1", asked.clone()).await.expect(200), json!({}));
    let payment = portone(&app.api, Method::GET, "/payments/P1", Value::Null).await.expect(200);
    assert_eq!((&payment["status"], &payment["storeId"], &payment["amount"]["total"]), (&json!("READY"), &json!("store-1"), &json!(9_000)));
    assert_eq!(pay(&app.api, "P1", 100, "PAID").await.expect(409)["type"], "INFORMATION_MISMATCH");
    // Registered anew while nothing is paid, also after an attempt that failed.
    register("P1", json!({ "totalAmount": 8_000 })).await.expect(200);
    pay(&app.api, "P1", 9_000, "PAID").await.expect(409);
    pay(&app.api, "P1", 8_000, "FAILED").await.expect(200);
    register("P1", asked.clone()).await.expect(200);
    pay(&app.api, "P1", 9_000, "PAID").await.expect(200);
    assert_eq!(register("P1", asked).await.expect(409)["type"], "ALREADY_PAID");
    for wrong in [json!({ "totalAmount": -1 }), json!({ "totalAmount": "9000" }), json!([])] {
        assert_eq!(register("P2", wrong).await.expect(400)["type"], "INVALID_REQUEST");
    }
    // Without an amount any will do.
    register("P3", json!({})).await.expect(200);
    pay(&app.api, "P3", 1, "PAID").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attempt_is_a_transaction() {
    let app = TestApp::start().await;
    for (total, status) in [(9_000, "FAILED"), (9_000, "FAILED"), (9_000, "VIRTUAL_ACCOUNT_ISSUED"), (9_000, "PAID")] {
        pay(&app.api, "P1", total, status).await.expect(200);
    }
    let payment = portone(&app.api, Method::GET, "/payments/P1", Value::Null).await.expect(200);
    let items = portone(&app.api, Method::GET, "/payments/P1/transactions", Value::Null).await.expect(200)["items"].clone();
    let items = items.as_array().unwrap();
    let statuses: Vec<_> = items.iter().map(|item| text(item, "status")).collect();
    assert_eq!(statuses, ["FAILED", "FAILED", "PAID"], "an account and the money on it are one attempt");
    assert!(items.iter().all(|item| item["paymentId"] == "P1"));
    let mut own: Vec<_> = items.iter().map(|item| text(item, "id")).collect();
    assert_eq!(own[2], payment["transactionId"]);
    own.dedup();
    assert_eq!(own.len(), 3);
    assert!(!payment.to_string().contains("sandboxAttempts"), "{payment}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancellations_have_their_taxes_and_can_be_stopped() {
    let app = TestApp::start().await;
    pay(&app.api, "P1", 11_000, "PAID").await.expect(200);
    let cancel = async |body| portone(&app.api, Method::POST, "/payments/P1/cancel", body).await;
    for (body, kind) in [
        (json!({ "reason": "r", "amount": 1_000, "vatAmount": 1_001 }), "SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT"),
        (json!({ "reason": "r", "amount": 1_000, "taxFreeAmount": 100 }), "CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT"),
        (json!({ "reason": "r", "currentCancellableAmount": 10_000 }), "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN"),
        (json!({ "reason": "r", "amount": 11_001 }), "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT"),
    ] {
        assert_eq!(cancel(body.clone()).await.expect(409)["type"], kind, "{body}");
    }
    let full =
        json!({ "reason": "r", "amount": 1_000, "vatAmount": 50, "requester": "CUSTOMER", "storeId": "store-1", "skipWebhook": true });
    let done = cancel(full).await.expect(200);
    assert_eq!((&done["cancellation"]["vatAmount"], &done["cancellation"]["totalAmount"]), (&json!(50), &json!(1_000)));
    // One that waits for the provider.
    app.api.faults(json!([{ "on": "cancel", "do": "requested_200" }])).await;
    let waiting = cancel(json!({ "reason": "r", "amount": 2_000 })).await.expect(200)["cancellation"].clone();
    let stop = async |id: &str| portone(&app.api, Method::POST, &format!("/payments/P1/cancellations/{id}/stop"), json!({})).await;
    assert_eq!(stop("none").await.expect(404)["type"], "PAYMENT_CANCELLATION_NOT_FOUND");
    assert!(stop(text(&waiting, "id")).await.expect(200)["stoppedAt"].is_string());
    assert_eq!(stop(text(&waiting, "id")).await.expect(409)["type"], "PAYMENT_CANCELLATION_NOT_PENDING");
    assert_eq!(cancel(json!({ "reason": "r" })).await.expect(200)["cancellation"]["totalAmount"], 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_closed_and_a_webhook_sent_again() {
    let app = TestApp::start().await;
    let receiver = wiremock::MockServer::start().await;
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(wiremock::ResponseTemplate::new(200)).mount(&receiver).await;
    let console = json!({ "storeId": "store-1", "url": receiver.uri(), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
    pay(&app.api, "P1", 9_000, "VIRTUAL_ACCOUNT_ISSUED").await.expect(200);
    let resend = async |id: &str, body| portone(&app.api, Method::POST, &format!("/payments/{id}/resend-webhook"), body).await;
    assert_eq!(resend("P1", json!({})).await.expect(404)["type"], "WEBHOOK_NOT_FOUND");
    app.api.call(Method::PUT, "/sandbox/portone/webhooks", None, Some(&console)).await.expect(200);
    let webhook = resend("P1", json!({ "storeId": "store-1" })).await.expect(200)["webhook"].clone();
    assert_eq!((text(&webhook, "status"), text(&webhook, "trigger")), ("SUCCEEDED", "MANUAL"));
    assert_eq!(resend("P2", json!({})).await.expect(404)["type"], "PAYMENT_NOT_FOUND");
    assert_eq!(resend("P1", json!({ "webhookId": "WH-0" })).await.expect(404)["type"], "WEBHOOK_NOT_FOUND");
    let sent = &receiver.received_requests().await.unwrap()[0];
    assert_eq!(sent.headers["webhook-id"], text(&webhook, "id"));
    let message: Value = sent.body_json().unwrap();
    assert_eq!(text(&message, "type"), "Transaction.VirtualAccountIssued");
    // A payment that never had money has no cancellation of ours; its webhook names one, as PortOne's SDKs require.
    let close = async |id: &str| portone(&app.api, Method::POST, &format!("/payments/{id}/virtual-account/close"), json!({})).await;
    assert!(close("P1").await.expect(200)["closedAt"].is_string());
    assert_eq!(close("P1").await.expect(409)["type"], "PAYMENT_NOT_WAITING_FOR_DEPOSIT");
    resend("P1", json!({})).await.expect(200);
    let last: Value = receiver.received_requests().await.unwrap().last().unwrap().body_json().unwrap();
    assert_eq!(text(&last, "type"), "Transaction.Cancelled");
    assert!(last["data"]["cancellationId"].is_string(), "{last}");
    pay(&app.api, "P3", 9_000, "PARTIAL_CANCELLED").await.expect(200);
    resend("P3", json!({})).await.expect(200);
    let last: Value = receiver.received_requests().await.unwrap().last().unwrap().body_json().unwrap();
    assert_eq!((text(&last, "type"), text(&last["data"], "paymentId")), ("Transaction.PartialCancelled", "P3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_came_and_went_is_listed_as_events() {
    let app = TestApp::start().await;
    let start = app.api.now().await;
    pay(&app.api, "P1", 9_000, "PAID").await.expect(200);
    pay(&app.api, "P2", 9_000, "FAILED").await.expect(200);
    app.api.advance(Duration::minutes(1)).await;
    for amount in [1_000, 8_000] {
        let cancel = json!({ "reason": "r", "amount": amount });
        portone(&app.api, Method::POST, "/payments/P1/cancel", cancel).await.expect(200);
        app.api.advance(Duration::minutes(1)).await;
    }
    let list = async |asked: Value| {
        let path = format!("/payment-events-by-cursor?{}", form(&[("requestBody", &asked.to_string())]));
        portone(&app.api, Method::GET, &path, Value::Null).await
    };
    let events = async |asked: Value| -> Vec<(String, i64)> {
        let answer = list(asked).await.expect(200);
        let event = |item: &Value| (text(&item["paymentEvent"], "type").to_owned(), item["paymentEvent"]["eventAmount"].as_i64().unwrap());
        answer["items"].as_array().unwrap().iter().map(event).collect()
    };
    let all = [("PAID", 9_000), ("PARTIAL_CANCELLED", -1_000), ("CANCELLED", -8_000)].map(|(kind, sum)| (kind.to_owned(), sum));
    assert_eq!(events(json!({})).await, all);
    assert_eq!(events(json!({ "storeId": "store-2" })).await, []);
    assert_eq!(events(json!({ "from": (start + Duration::seconds(30)).to_rfc3339() })).await, all[1..]);
    assert_eq!(events(json!({ "until": (start + Duration::seconds(30)).to_rfc3339() })).await, all[..1]);
    let first = list(json!({ "size": 1 })).await.expect(200)["items"][0].clone();
    assert_eq!(events(json!({ "cursor": first["cursor"] })).await, all[1..]);
    assert_eq!(list(json!({ "size": 1_001 })).await.expect(400)["type"], "INVALID_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_has_its_method_its_data_and_its_currency() {
    let app = TestApp::start().await;
    let checkout = json!({
        "paymentId": "P1", "storeId": "s", "channelKey": "c", "totalAmount": 9_000, "status": "VIRTUAL_ACCOUNT_ISSUED",
        "currency": "CURRENCY_KRW", "customData": { "item": "새봄" },
    });
    let payment = app.api.call(Method::POST, "/sandbox/portone/checkout", None, Some(&checkout)).await.expect(200);
    assert_eq!((text(&payment["method"], "type"), text(&payment, "currency")), ("PaymentMethodVirtualAccount", "KRW"));
    assert_eq!(serde_json::from_str::<Value>(text(&payment, "customData")).unwrap(), json!({ "item": "새봄" }));
    let found = page(&app.api, "", json!({ "filter": { "methods": ["VIRTUAL_ACCOUNT"] } })).await.expect(200);
    assert_eq!(ids(&found), ["P1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn portones_tokens_open_until_they_end() {
    let app = TestApp::start().await;
    let post = async |path: &str, body: Value| app.api.send(Method::POST, path, &[], body.to_string()).await;
    let opens = async |token: &str| app.api.get_with("/payments", &[("authorization", &format!("Bearer {token}"))]).await.status;
    assert_eq!(post("/login/api-secret", json!({})).await.expect(400)["type"], "INVALID_REQUEST");
    assert_eq!(post("/login/api-secret", json!({ "apiSecret": "invalid" })).await.expect(401)["type"], "UNAUTHORIZED");
    let tokens = post("/sandbox/portone/login/api-secret", json!({ "apiSecret": "s" })).await.expect(200);
    let (access, refresh) = (text(&tokens, "accessToken"), text(&tokens, "refreshToken"));
    assert_eq!((opens(access).await, opens(refresh).await, opens("sandbox-access-9999999999-x").await), (200, 401, 401));
    app.api.advance(Duration::minutes(31)).await;
    assert_eq!(opens(access).await, 401);
    let tokens = post("/token/refresh", json!({ "refreshToken": refresh })).await.expect(200);
    assert_eq!(opens(text(&tokens, "accessToken")).await, 200);
    assert_eq!(post("/token/refresh", json!({ "refreshToken": access })).await.expect(401)["type"], "UNAUTHORIZED");
}
