//! The PortOne in memory against the sandbox's behind the real adapter: the same questions, the same answers.

use std::time::Duration;

use async_trait::async_trait;
use cheapbob_adapters_portone::PortOne;
use cheapbob_domain::{
    orders::{CancelAnswer, Paid, PaymentTruth, ports::Payments},
    shared::{ErrorKind, PaymentId},
};
use cheapbob_test_support::{TestApp, noon, suites};
use reqwest::Method;
use serde_json::json;

use super::portone::{FakePortOne, Fault, Payment, Status};

/// Whoever plays PortOne.
#[async_trait]
trait OtherSide {
    async fn pay(&self, id: &str, status: Status);
    async fn plan(&self, on_get: bool, fault: Fault);
    async fn decide(&self, id: &str, yes: bool);
}

#[async_trait]
impl OtherSide for FakePortOne {
    async fn pay(&self, id: &str, status: Status) {
        let payment = Payment { store_id: "store-1".into(), currency: "KRW", total: 7_000, status, cancelled: 0, times: 0, pending: false };
        assert!(FakePortOne::pay(self, id, payment));
    }

    async fn plan(&self, on_get: bool, fault: Fault) {
        FakePortOne::plan(self, on_get, fault, 1);
    }

    async fn decide(&self, id: &str, yes: bool) {
        assert!(FakePortOne::decide(self, id, yes));
    }
}

#[async_trait]
impl OtherSide for TestApp {
    async fn pay(&self, id: &str, status: Status) {
        let status = match status {
            Status::Ready => "READY",
            Status::Failed => "FAILED",
            Status::Paid => "PAID",
        };
        let checkout = json!({ "paymentId": id, "storeId": "store-1", "channelKey": "c", "totalAmount": 7_000, "status": status });
        self.api.call(Method::POST, "/sandbox/portone/checkout", None, Some(&checkout)).await.expect(200);
    }

    async fn plan(&self, on_get: bool, fault: Fault) {
        let action = match fault {
            Fault::Nothing => "error500",
            Fault::DropResponse => "drop_response",
            Fault::Fail200 => "fail_200",
            Fault::Requested200 => "requested_200",
            Fault::Delay => "delay_ms",
        };
        self.api.faults(json!([{ "on": if on_get { "get" } else { "cancel" }, "do": action, "ms": 40 }])).await;
    }

    async fn decide(&self, id: &str, yes: bool) {
        let status = if yes { "SUCCEEDED" } else { "FAILED" };
        let path = format!("/sandbox/portone/payments/{id}/decide");
        self.api.call(Method::POST, &path, None, Some(&json!({ "status": status }))).await.expect(200);
    }
}

async fn answers(payments: &dyn Payments, other: &dyn OtherSide) {
    let account = suites::portone();
    let id = |n: u32| PaymentId::trusted(format!("PAY{n}"));
    let get = async |n| payments.get(&account, &id(n), Duration::from_secs(5)).await;
    let cancel = async |n: u32, key: &str| payments.cancel(&account, &id(n), "이유", &format!("refund-PAY{n}-{key}")).await;
    let paid = |cancel_pending| {
        PaymentTruth::Paid(Paid { store_id: "store-1".into(), currency: "KRW".into(), total: 7_000, cancelled: 0, cancel_pending })
    };
    let failed = |answer| matches!(answer, CancelAnswer::Failed(_));
    let unknown = |answer| matches!(answer, CancelAnswer::Unknown(_));

    assert_eq!(get(0).await.unwrap(), PaymentTruth::Unknown);
    assert!(failed(cancel(0, "1").await));
    other.pay("PAY1", Status::Ready).await;
    assert_eq!(get(1).await.unwrap(), PaymentTruth::Pending { until: None });
    assert!(failed(cancel(1, "1").await));
    other.pay("PAY1", Status::Failed).await;
    assert_eq!(get(1).await.unwrap(), PaymentTruth::Failed);
    other.pay("PAY1", Status::Paid).await;
    assert_eq!(get(1).await.unwrap(), paid(false));
    assert_eq!(cancel(1, "2").await, CancelAnswer::Succeeded(7_000));
    assert_eq!(get(1).await.unwrap(), PaymentTruth::Cancelled(7_000));
    assert_eq!(cancel(1, "2").await, CancelAnswer::Succeeded(7_000), "the same key, the same answer");
    assert_eq!(cancel(1, "3").await, CancelAnswer::AlreadyCancelled);
    assert!(failed(cancel(1, "1").await), "a refusal is repeated, too");

    // HTTP 200 that says no.
    other.pay("PAY2", Status::Paid).await;
    other.plan(false, Fault::Fail200).await;
    assert!(failed(cancel(2, "1").await));
    assert!(failed(cancel(2, "1").await));
    assert_eq!(get(2).await.unwrap(), paid(false));
    // Not done, without an answer: the key is as good as new. Done, without an answer.
    other.plan(false, Fault::Nothing).await;
    assert!(unknown(cancel(2, "2").await));
    assert_eq!(get(2).await.unwrap(), paid(false));
    other.plan(false, Fault::DropResponse).await;
    assert!(unknown(cancel(2, "2").await));
    assert_eq!(get(2).await.unwrap(), PaymentTruth::Cancelled(7_000));
    assert_eq!(cancel(2, "2").await, CancelAnswer::Succeeded(7_000));

    // Decided later, against and for.
    other.pay("PAY3", Status::Paid).await;
    for (key, yes) in [("1", false), ("2", true)] {
        other.plan(false, Fault::Requested200).await;
        assert_eq!(cancel(3, key).await, CancelAnswer::Requested);
        assert_eq!(get(3).await.unwrap(), paid(true));
        assert!(failed(cancel(3, &format!("{key}x")).await), "nothing remains to be cancelled");
        assert_eq!(cancel(3, key).await, CancelAnswer::Requested);
        other.decide("PAY3", yes).await;
        assert_eq!(get(3).await.unwrap(), if yes { PaymentTruth::Cancelled(7_000) } else { paid(false) });
    }
    // Not to be seen.
    for fault in [Fault::Nothing, Fault::DropResponse] {
        other.plan(true, fault).await;
        assert_eq!(get(3).await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    other.plan(true, Fault::Delay).await;
    assert!(get(3).await.is_ok());
    let day = chrono::Duration::days(1);
    let mut cursor = None;
    let mut listed = Vec::new();
    loop {
        let page = payments.list(&account, noon() - day, noon() + day, cursor).await.unwrap();
        listed.extend(page.payments);
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    listed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut changed = payments.list_changed(&account, noon() - day, noon() + day, None).await.unwrap().payments;
    changed.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(changed, listed);
    let all = (1..=3).map(|n| (format!("PAY{n}"), PaymentTruth::Cancelled(7_000))).collect::<Vec<_>>();
    assert_eq!(listed, all);
}

#[tokio::test]
async fn portone_in_memory_answers_as_the_sandboxs() {
    let fake = FakePortOne::default();
    answers(&fake, &fake).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandboxs_portone_answers_through_the_adapter() {
    let app = TestApp::start().await;
    let base = format!("{}/sandbox/portone", app.api.base);
    answers(&PortOne::new(base.parse().unwrap(), false).unwrap(), &app).await;
}
