//! Traces, as a collector gets them.

use std::collections::BTreeMap;

use cheapbob_test_support::{RealServer, TestDatabase, eventually};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

/// All spans that have come, with the service of each.
async fn spans(collector: &MockServer) -> Vec<(String, Value)> {
    let mut spans = Vec::new();
    for request in collector.received_requests().await.unwrap() {
        let body: Value = request.body_json().unwrap();
        for resource in body["resourceSpans"].as_array().unwrap() {
            let attributes = resource["resource"]["attributes"].as_array().unwrap();
            let service = attributes.iter().find(|a| a["key"] == "service.name").unwrap()["value"]["stringValue"].as_str().unwrap();
            let scopes = resource["scopeSpans"].as_array().unwrap().iter();
            spans.extend(scopes.flat_map(|scope| scope["spans"].as_array().unwrap()).map(|span| (service.to_owned(), span.clone())));
        }
    }
    spans
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_one_trace_down_to_what_jobs_do_for_it() {
    let collector = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/traces"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .mount(&collector)
        .await;
    let database = TestDatabase::create().await;
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.uri()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json".to_owned()),
        ("OTEL_BSP_SCHEDULE_DELAY", "200".to_owned()),
    ];
    let port = RealServer::free_port();
    let http = RealServer::http(port, &settings).await;
    let jobs = RealServer::spawn("cheapbob-jobs", port, &settings);

    let (shop, customer) = (http.api.shop(9).await, http.api.customer().await);
    let held = customer.hold(&shop.product_id, 1).await;
    http.api.pay(&held).await;
    let confirmed = customer.confirm(&held.payment_id).await;
    let request_id = confirmed.headers["x-request-id"].to_str().unwrap().to_owned();
    confirmed.expect(200);

    // The request's id is the trace's.
    let trace = format!("{:032x}", ulid::Ulid::from_string(&request_id).unwrap().0);
    let found = eventually("the trace is whole", 30, || async {
        let ours: Vec<_> = spans(&collector).await.into_iter().filter(|(_, span)| span["traceId"] == trace.as_str()).collect();
        // What a process sends last is what ended last: children come before their parents.
        let is_there = |wanted: &dyn Fn(&Value) -> bool| ours.iter().any(|(_, span)| wanted(span));
        (is_there(&|span| span["kind"] == 2) && is_there(&|span| span["name"] == "order_mail")).then_some(ours)
    });
    let found = found.await;
    let (service, root) = found.iter().find(|(_, span)| span["kind"] == 2).unwrap();
    assert_eq!((service.as_str(), &root["name"]), ("cheapbob-http", &json!("POST /api/v1/customer/payment/confirm")));
    assert_eq!(root["parentSpanId"].as_str().unwrap_or_default(), "");
    let mut children: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (service, span) in found.iter().filter(|(_, span)| span["parentSpanId"] == root["spanId"]) {
        *children.entry((service.clone(), span["name"].as_str().unwrap().to_owned())).or_default() += 1;
    }
    let child = |service: &str, name: &str| children.get(&(service.to_owned(), name.to_owned())).copied().unwrap_or_default();
    assert_eq!((child("cheapbob-http", "portone"), child("cheapbob-jobs", "order_mail")), (1, 1), "{children:?}");
    assert!(child("cheapbob-http", "postgresql") > 1, "{children:?}");
    // The mail's own statements are the mail's children.
    let mail = &found.iter().find(|(_, span)| span["name"] == "order_mail").unwrap().1;
    assert!(found.iter().any(|(_, span)| span["name"] == "postgresql" && span["parentSpanId"] == mail["spanId"]));

    // Statements without their values.
    let sent: Vec<_> = collector.received_requests().await.unwrap().into_iter().map(|r| String::from_utf8(r.body).unwrap()).collect();
    assert!(sent.iter().any(|body| body.contains("db.query.text")));
    assert!(!sent.iter().any(|body| body.contains(&customer.email) || body.contains(&customer.token)));
    // What is under way goes out before the end.
    let last = customer.get("/api/v1/customer/profile/me").await.headers["x-request-id"].to_str().unwrap().to_owned();
    assert!(http.interrupt().success() && jobs.interrupt().success());
    let last = format!("{:032x}", ulid::Ulid::from_string(&last).unwrap().0);
    assert!(spans(&collector).await.iter().any(|(_, span)| span["traceId"] == last.as_str()));
}
