//! Somebody logged in; what a customer does.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Api, text};

/// Somebody logged in.
#[derive(Clone)]
pub struct Person {
    /// The server.
    pub api: Api,
    /// Their session.
    pub token: String,
    /// Their e-mail.
    pub email: String,
}

/// What payment/init answered.
#[derive(Debug, Clone)]
pub struct Held {
    /// The whole answer.
    pub body: Value,
    /// The payment.
    pub payment_id: String,
}

impl Person {
    /// A request.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.api.call(method, path, Some(&self.token), body).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// PATCH without a body.
    pub async fn patch(&self, path: &str) -> Answer {
        self.call(Method::PATCH, path, None).await
    }

    /// DELETE without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// DELETE with a body.
    pub async fn delete_with(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::DELETE, path, Some(body)).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// A request with an Idempotency-Key.
    pub async fn keyed(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        self.try_keyed(method, path, key, body).await.unwrap()
    }

    /// [`Person::keyed`] where the connection may break.
    pub async fn try_keyed(&self, method: Method, path: &str, key: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", key)];
        self.api.try_send(method, path, &headers, body.to_string()).await
    }

    /// payment/init.
    pub async fn init(&self, product_id: &str, quantity: i64) -> Answer {
        self.post("/api/v1/customer/payment/init", &json!({ "product_id": product_id, "quantity": quantity })).await
    }

    /// payment/init that must succeed.
    pub async fn hold(&self, product_id: &str, quantity: i64) -> Held {
        let body = self.init(product_id, quantity).await.expect(200);
        Held { payment_id: text(&body, "payment_id"), body }
    }

    /// payment/confirm.
    pub async fn confirm(&self, payment_id: &str) -> Answer {
        self.post("/api/v1/customer/payment/confirm", &json!({ "payment_id": payment_id })).await
    }

    /// The customer's cancellation of an order.
    pub async fn cancel(&self, payment_id: &str) -> Answer {
        self.delete(&format!("/api/v1/customer/orders/{payment_id}/cancel")).await
    }

    /// From init to the order.
    pub async fn order(&self, product_id: &str, quantity: i64) -> Held {
        let held = self.hold(product_id, quantity).await;
        self.api.pay(&held).await;
        self.confirm(&held.payment_id).await.expect(200);
        held
    }

    /// The scan of a code.
    pub async fn scan(&self, payment_id: &str, qr_data: &str) -> Answer {
        self.call(Method::PATCH, &format!("/api/v1/customer/orders/{payment_id}/complete"), Some(&json!({ "qr_data": qr_data }))).await
    }
}
