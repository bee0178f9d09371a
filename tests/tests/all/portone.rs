//! PortOne's dialect: the table of errors and what each answer means.

use std::time::Duration;

use cheapbob_adapters_portone::PortOne;
use cheapbob_domain::{
    orders::{CancelAnswer, Paid, PaymentTruth, ports::Payments},
    shared::{ErrorKind, PaymentId},
    stores::{PortOneAccount, PortOneIds},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

fn account() -> PortOneAccount {
    PortOneAccount { ids: PortOneIds { store_id: "store-1".into(), channel_id: "c".into() }, secret: SecretString::from("secret-1") }
}

fn id() -> PaymentId {
    PaymentId::parse("PAY1").unwrap()
}

async fn portone(answer: ResponseTemplate, live_only: bool) -> (MockServer, PortOne) {
    cheapbob_wiring::prepare_process();
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let portone = PortOne::new(server.uri().parse().unwrap(), live_only).unwrap();
    (server, portone)
}

fn payment(status: &str) -> Value {
    json!({
        "status": status, "id": "PAY1", "storeId": "store-1", "currency": "KRW", "channel": { "type": "TEST", "pgProvider": "X", "pgMerchantId": "m" },
        "amount": { "total": 9800, "taxFree": 0, "discount": 800, "paid": 9000, "cancelled": 0, "cancelledTaxFree": 0 }, "somethingNew": { "a": 1 },
    })
}

async fn truth(body: Value, live_only: bool) -> PaymentTruth {
    let (_server, portone) = portone(ResponseTemplate::new(200).set_body_json(body), live_only).await;
    portone.get(&account(), &id(), Duration::from_secs(5)).await.unwrap()
}

#[tokio::test]
async fn each_status_means_one_thing() {
    // The total counts, not what a card's discount left of it.
    let paid =
        PaymentTruth::Paid(Paid { store_id: "store-1".into(), currency: "KRW".into(), total: 9800, cancelled: 0, cancel_pending: false });
    let pending = PaymentTruth::Pending { until: None };
    for (status, meaning) in [
        ("PAID", paid.clone()),
        ("PARTIAL_CANCELLED", paid.clone()),
        ("FAILED", PaymentTruth::Failed),
        ("CANCELLED", PaymentTruth::Cancelled(0)),
        ("READY", pending.clone()),
        ("PAY_PENDING", pending.clone()),
        ("PENDING", pending.clone()),
        ("VIRTUAL_ACCOUNT_ISSUED", pending.clone()),
        ("OF_TOMORROW", pending),
    ] {
        assert_eq!(truth(payment(status), false).await, meaning, "{status}");
    }
    assert_eq!(truth(payment("PAID"), true).await, PaymentTruth::NotPaid, "a test channel in production");
    let mut live = payment("PAID");
    live["channel"]["type"] = "LIVE".into();
    assert_eq!(truth(live, true).await, paid);
}

#[tokio::test]
async fn an_account_takes_the_deposit_until_its_end() {
    let until = |text: &str| Some(text.parse().unwrap());
    for (method, expected) in [
        (
            json!({ "type": "PaymentMethodVirtualAccount", "accountNumber": "1", "expiredAt": "2026-11-30T14:59:59.000Z" }),
            until("2026-11-30T14:59:59Z"),
        ),
        (
            json!({ "type": "PaymentMethodVirtualAccount", "accountNumber": "1", "expiredAt": "2026-11-30T23:59:59+09:00" }),
            until("2026-11-30T14:59:59Z"),
        ),
        (json!({ "type": "PaymentMethodConvenienceStore", "paymentDeadline": "2026-11-30T14:59:59Z" }), until("2026-11-30T14:59:59Z")),
        (json!({ "type": "PaymentMethodVirtualAccount", "accountNumber": "1" }), None),
        (json!({ "type": "PaymentMethodVirtualAccount", "accountNumber": "1", "expiredAt": null }), None),
        (json!({ "type": "PaymentMethodVirtualAccount", "accountNumber": "1", "expiredAt": "soon" }), None),
        (json!(["no object"]), None),
        (json!(null), None),
    ] {
        let mut issued = payment("VIRTUAL_ACCOUNT_ISSUED");
        issued["method"] = method.clone();
        assert_eq!(truth(issued, false).await, PaymentTruth::Pending { until: expected }, "{method}");
    }
}

#[tokio::test]
async fn changes_of_status_are_asked_for_page_by_page() {
    let items =
        |number: usize| json!({ "items": vec![payment("PAID"); number], "page": { "number": 0, "size": 100, "totalCount": number } });
    let (from, until) = ("2026-11-22T03:00:00Z".parse().unwrap(), "2026-11-24T05:00:00Z".parse().unwrap());
    for (number, next) in [(100, Some("1".to_owned())), (99, None), (0, None)] {
        let (server, portone) = portone(ResponseTemplate::new(200).set_body_json(items(number)), false).await;
        let page = portone.list_changed(&account(), from, until, None).await.unwrap();
        assert_eq!((page.payments.len(), &page.next), (number, &next));
        portone.list_changed(&account(), from, until, Some("7".to_owned())).await.unwrap();
        let requests = server.received_requests().await.unwrap();
        for (request, page) in requests.iter().zip([0, 7]) {
            assert_eq!(request.url.path(), "/payments");
            let (name, body) = request.url.query_pairs().next().unwrap();
            let filter = json!({
                "storeId": "store-1", "timestampType": "STATUS_CHANGED_AT", "from": "2026-11-22T03:00:00.000Z", "until": "2026-11-24T05:00:00.000Z",
                "status": ["PAID", "PARTIAL_CANCELLED", "CANCELLED"], "sortBy": "STATUS_CHANGED_AT", "sortOrder": "ASC",
            });
            assert_eq!(name, "requestBody");
            assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({ "page": { "number": page, "size": 100 }, "filter": filter }));
        }
    }
}

#[tokio::test]
async fn requests_are_as_portone_wants_them() {
    let (server, portone) = portone(ResponseTemplate::new(200).set_body_json(payment("PAID")), false).await;
    portone.get(&account(), &id(), Duration::from_secs(5)).await.unwrap();
    portone.cancel(&account(), &id(), "이유", "refund-PAY1-1").await;
    let [get, cancel] = &server.received_requests().await.unwrap()[..] else { panic!("two requests") };
    assert_eq!(
        (get.url.path(), get.url.query(), get.headers["authorization"].to_str().unwrap()),
        ("/payments/PAY1", Some("storeId=store-1"), "PortOne secret-1")
    );
    assert_eq!((cancel.url.path(), cancel.headers["idempotency-key"].to_str().unwrap()), ("/payments/PAY1/cancel", "\"refund-PAY1-1\""));
    assert_eq!(cancel.body_json::<Value>().unwrap(), json!({ "reason": "이유", "storeId": "store-1" }));
}

#[tokio::test]
async fn no_answer_is_unavailable_and_not_found_is_unknown() {
    let get = async |answer| {
        let (_server, portone) = portone(answer, false).await;
        portone.get(&account(), &id(), Duration::from_millis(500)).await
    };
    let failure = |status, kind: &str| ResponseTemplate::new(status).set_body_json(json!({ "type": kind }));
    assert_eq!(get(failure(404, "PAYMENT_NOT_FOUND")).await.unwrap(), PaymentTruth::Unknown);
    for answer in [
        failure(401, "UNAUTHORIZED"),
        failure(403, "FORBIDDEN"),
        failure(400, "INVALID_REQUEST"),
        failure(500, "X"),
        ResponseTemplate::new(404).set_body_string("<html>a gateway's page"),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(200).set_body_bytes(vec![b' '; 2 << 20]),
        ResponseTemplate::new(200).set_body_json(payment("PAID")).set_delay(Duration::from_secs(5)),
    ] {
        let error = get(answer).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(!error.to_string().contains("secret-1"));
    }
    let nobody = PortOne::new("http://127.0.0.1:1".parse().unwrap(), false).unwrap();
    assert_eq!(nobody.get(&account(), &id(), Duration::from_secs(5)).await.unwrap_err().kind(), ErrorKind::Unavailable);
}

/// JavaScript writes half of a character where it cuts a name in two; a database of theirs may hold NUL. Neither hides what is beside it.
#[tokio::test]
async fn a_name_that_nobody_can_read_hides_nothing() {
    let odd = r#","orderName":"\ud83d","customer":{"name":"\u0000\udc00"}}"#;
    let json = |text: String| ResponseTemplate::new(200).set_body_raw(text, "application/json");
    let with_odd = |value: &Value| format!("{}{odd}", value.to_string().strip_suffix('}').unwrap());
    let (_server, get) = portone(json(with_odd(&payment("PAID"))), false).await;
    assert!(matches!(get.get(&account(), &id(), Duration::from_secs(5)).await.unwrap(), PaymentTruth::Paid(_)));

    let page = format!(
        r#"{{"items":[{{"payment":{},"cursor":"c\ud800"}},{{"payment":{{"id":"\ud800"}},"cursor":"d"}}]}}"#,
        with_odd(&payment("PAID"))
    );
    let (_server, list) = portone(json(page), false).await;
    let (from, until) = ("2026-11-24T00:00:00Z".parse().unwrap(), "2026-11-25T00:00:00Z".parse().unwrap());
    assert_eq!(list.list(&account(), from, until, None).await.unwrap().payments.len(), 1);

    let refusal = |status, text: &str| ResponseTemplate::new(status).set_body_raw(text.to_owned(), "application/json");
    let (_server, unknown) = portone(refusal(404, r#"{"type":"PAYMENT_NOT_FOUND","message":"\udfff"}"#), false).await;
    assert_eq!(unknown.get(&account(), &id(), Duration::from_secs(5)).await.unwrap(), PaymentTruth::Unknown);
    let (_server, refused) = portone(refusal(400, r#"{"type":"INVALID_REQUEST","message":"a\u0000\ud800b"}"#), false).await;
    let CancelAnswer::Failed(why) = refused.cancel(&account(), &id(), "r", "k").await else { panic!("a refusal") };
    assert!(why.contains("a\u{fffd}\u{fffd}b"), "{why}");
}

#[tokio::test]
async fn each_answer_to_a_cancellation_means_one_thing() {
    let cancel = async |answer| {
        let (_server, portone) = portone(answer, false).await;
        portone.cancel(&account(), &id(), "r", "k").await
    };
    let done = |status: &str| {
        ResponseTemplate::new(200).set_body_json(json!({ "cancellation": { "status": status, "id": "c", "totalAmount": 1 } }))
    };
    let failure =
        |status, kind: &str| ResponseTemplate::new(status).set_body_json(json!({ "type": kind, "pgCode": "1", "pgMessage": "m" }));
    assert_eq!(cancel(done("SUCCEEDED")).await, CancelAnswer::Succeeded(1));
    assert_eq!(cancel(done("REQUESTED")).await, CancelAnswer::Requested);
    assert!(matches!(cancel(done("FAILED")).await, CancelAnswer::Failed(_)), "HTTP 200 can carry a failure");
    assert!(matches!(cancel(done("NEW")).await, CancelAnswer::Unknown(_)));
    assert_eq!(cancel(failure(409, "PAYMENT_ALREADY_CANCELLED")).await, CancelAnswer::AlreadyCancelled);
    assert_eq!(cancel(failure(409, "IDEMPOTENCY_OUTSTANDING_REQUEST")).await, CancelAnswer::Outstanding);
    for (status, kind) in
        [(400, "INVALID_REQUEST"), (401, "UNAUTHORIZED"), (403, "FORBIDDEN"), (404, "PAYMENT_NOT_FOUND"), (409, "PAYMENT_NOT_PAID")]
    {
        assert!(matches!(cancel(failure(status, kind)).await, CancelAnswer::Failed(_)), "{kind}");
    }
    for answer in
        [failure(502, "PG_PROVIDER"), failure(429, "X"), ResponseTemplate::new(500), ResponseTemplate::new(200).set_body_string("{")]
    {
        assert!(matches!(cancel(answer).await, CancelAnswer::Unknown(_)));
    }
}
