//! What is played around the product: PortOne's side, mails, clock, jobs.

use cheapbob_adapters_embedded::sandbox::sign;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    client::{Answer, Api, text},
    person::Held,
};

impl Api {
    /// A webhook of PortOne's for this store, signed now with this secret.
    pub async fn webhook(&self, store_id: &str, secret: &str, id: &str, body: &Value) -> Answer {
        let (body, timestamp) = (body.to_string(), self.now().await.timestamp().to_string());
        let signature = sign(secret, id, &timestamp, &body).unwrap();
        let headers = [("webhook-id", id), ("webhook-timestamp", &timestamp), ("webhook-signature", &signature)];
        self.send(Method::POST, &format!("/api/v1/webhooks/portone/{store_id}"), &headers, body).await
    }

    /// PortOne's books: every payment of the sandbox.
    pub async fn books(&self) -> Vec<Value> {
        self.get("/sandbox/portone/payments").await.expect(200)["payments"].as_array().unwrap().clone()
    }

    /// One payment in PortOne's books.
    pub async fn payment(&self, payment_id: &str) -> Value {
        self.books().await.into_iter().find(|payment| payment["id"] == payment_id).unwrap()
    }

    /// How much of a payment PortOne's books say went back, in won.
    pub async fn cancelled(&self, payment_id: &str) -> i64 {
        self.payment(payment_id).await["amount"]["cancelled"].as_i64().unwrap()
    }

    /// The mails sent, newest first.
    pub async fn mails(&self) -> Vec<Value> {
        self.get("/sandbox/mail").await.expect(200).as_array().unwrap().clone()
    }

    /// Plays a bad day.
    pub async fn faults(&self, next: Value) {
        self.call(Method::PUT, "/sandbox/portone/faults", None, Some(&json!({ "next": next }))).await.expect(200);
    }

    /// Moves the product's clock.
    pub async fn set_clock(&self, now: DateTime<Utc>) {
        self.call(Method::PUT, "/sandbox/clock", None, Some(&json!({ "now": now.to_rfc3339() }))).await.expect(200);
    }

    /// The product's clock.
    pub async fn now(&self) -> DateTime<Utc> {
        text(&self.get("/sandbox/clock").await.expect(200), "now").parse().unwrap()
    }

    /// Moves the product's clock on.
    pub async fn advance(&self, by: chrono::Duration) {
        self.set_clock(self.now().await + by).await;
    }

    /// Runs a job now.
    pub async fn run_job(&self, name: &str) {
        let run = self.call(Method::POST, &format!("/sandbox/jobs/{name}"), None, None).await.expect(200);
        assert_eq!(run["status"], "done", "{run}");
    }

    /// Plays the customer paying what was asked for, with some fields other than right.
    pub async fn pay_with(&self, held: &Held, other: &Value) -> Answer {
        let mut checkout = json!({
            "paymentId": held.payment_id, "storeId": held.body["store_id"], "channelKey": held.body["channel_id"],
            "orderName": "test", "totalAmount": held.body["total_amount"],
        });
        for (name, value) in other.as_object().unwrap() {
            checkout[name] = value.clone();
        }
        self.call(Method::POST, "/sandbox/portone/checkout", None, Some(&checkout)).await
    }

    /// Plays the customer paying what was asked for.
    pub async fn pay(&self, held: &Held) {
        self.pay_with(held, &json!({})).await.expect(200);
    }
}
