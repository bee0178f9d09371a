//! What the merchant's console of PortOne's sets about webhooks, and PortOne as it sends them.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use cheapbob_domain::shared::{Clock, Error, Result};
use chrono::SecondsFormat;
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    super::{
        answers::{body, broken, plain_error},
        state::Sandbox,
    },
    answers::{Merchant, error},
    books::{event, find},
};
use crate::fakes::{Embedded, failed};

/// Where a store of PortOne's has its webhooks sent.
#[derive(Deserialize, QueryableByName)]
#[serde(rename_all = "camelCase")]
struct Destination {
    #[diesel(sql_type = t::Text)]
    store_id: String,
    /// Without a host: this server's.
    #[diesel(sql_type = t::Text)]
    url: String,
    #[diesel(sql_type = t::Text)]
    secret: String,
}

/// The console's page of webhooks.
pub(in crate::sandbox) async fn set_webhooks(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let destination = match body::<Destination>(&request, &bytes) {
        Ok(destination) => destination,
        Err(e) => return plain_error(422, &e),
    };
    match sandbox.embedded.send_webhooks(&destination.store_id, &destination.url, &destination.secret).await {
        Ok(()) => HttpResponse::Ok().json(json!({ "storeId": destination.store_id, "url": destination.url })),
        Err(e) => broken(&e),
    }
}

impl Embedded {
    /// Has the sandbox's PortOne send the webhooks of one of its stores to `url` (without a host: this server), signed with `secret`.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn send_webhooks(&self, portone_store: &str, url: &str, secret: &str) -> Result<()> {
        let mut connection = self.connection().await?;
        sql_query(
            "INSERT INTO embedded.portone_webhooks (store_id, url, secret) VALUES ($1, $2, $3)
             ON CONFLICT (store_id) DO UPDATE SET url = $2, secret = $3",
        )
        .bind::<t::Text, _>(portone_store)
        .bind::<t::Text, _>(url)
        .bind::<t::Text, _>(secret)
        .execute(&mut connection)
        .await
        .map(|_| ())
        .map_err(failed)
    }
}

/// How long PortOne waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest waits before the six attempts: PortOne's are minutes, these are seconds.
const WAITS: [u64; 6] = [0, 1, 4, 16, 64, 256];

impl Sandbox {
    /// Tells the merchant what happened to a payment, if they want to be told; again until they answer 200. (What is not delivered
    /// when this process dies is lost: PortOne promises no more than its six attempts either.)
    pub(in crate::sandbox) async fn tell(&self, payment: &Value, kind: &str) {
        match self.destination(payment).await {
            Ok(Some(destination)) => {
                actix_web::rt::spawn(self.delivery(payment, kind, destination).deliver());
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the sandbox cannot read where webhooks go"),
        }
    }

    fn delivery(&self, payment: &Value, kind: &str, destination: Destination) -> Delivery {
        let Destination { url, secret, .. } = destination;
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url };
        Delivery { sandbox: self.clone(), url, secret, body: self.message(payment, kind).to_string() }
    }

    async fn destination(&self, payment: &Value) -> Result<Option<Destination>> {
        let mut connection = self.embedded.connection().await?;
        sql_query("SELECT store_id, url, secret FROM embedded.portone_webhooks WHERE store_id = $1")
            .bind::<t::Text, _>(payment["storeId"].as_str().unwrap_or_default())
            .get_result(&mut connection)
            .await
            .optional()
            .map_err(failed)
    }

    fn message(&self, payment: &Value, kind: &str) -> Value {
        let mut data = json!({ "storeId": payment["storeId"], "paymentId": payment["id"], "transactionId": payment["transactionId"] });
        if kind.contains("Cancel") {
            let last = payment["cancellations"].as_array().and_then(|all| all.last());
            // Given back on PortOne's side, without a call of ours.
            data["cancellationId"] = last.map_or_else(|| json!("cancellation-0"), |cancellation| cancellation["id"].clone());
        }
        let now = self.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        json!({ "type": kind, "timestamp": now, "data": data })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resend {
    webhook_id: Option<String>,
}

/// `POST /payments/{id}/resend-webhook`: tells once more what the payment is. Its older webhooks are not kept.
pub(in crate::sandbox) async fn resend(_: Merchant, sandbox: web::Data<Sandbox>, id: web::Path<String>, bytes: web::Bytes) -> HttpResponse {
    let Ok(resend) = serde_json::from_slice::<Resend>(&bytes) else { return error(StatusCode::BAD_REQUEST, "INVALID_REQUEST") };
    let found = async {
        let mut connection = sandbox.embedded.connection().await?;
        let Some(payment) = find(&mut connection, &id, false).await.map_err(failed)? else { return Ok(None) };
        let destination = sandbox.destination(&payment).await?;
        Result::Ok(Some((payment, destination)))
    };
    let (payment, destination) = match found.await {
        Ok(Some((payment, Some(destination)))) if resend.webhook_id.is_none() => (payment, destination),
        Ok(Some(_)) => return error(StatusCode::NOT_FOUND, "WEBHOOK_NOT_FOUND"),
        Ok(None) => return error(StatusCode::NOT_FOUND, "PAYMENT_NOT_FOUND"),
        Err(e) => return broken(&e),
    };
    let (now, webhook_id) = (sandbox.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true), webhook_id());
    let delivery = sandbox.delivery(&payment, event(&payment), destination);
    let status = match delivery.attempt(&webhook_id).await {
        Ok(true) => "SUCCEEDED",
        Ok(false) => "FAILED_NOT_OK_RESPONSE",
        Err(_) => "FAILED_UNEXPECTED_ERROR",
    };
    HttpResponse::Ok().json(json!({ "webhook": {
        "id": webhook_id, "url": delivery.url, "paymentStatus": payment["status"], "status": status, "isAsync": false,
        "currentExecutionCount": 1, "maxExecutionCount": WAITS.len(), "trigger": "MANUAL", "triggeredAt": now,
        "request": { "body": delivery.body, "requestedAt": now },
    } }))
}

fn webhook_id() -> String {
    format!("WH-{}", ulid::Ulid::r#gen())
}

struct Delivery {
    sandbox: Sandbox,
    url: String,
    secret: String,
    body: String,
}

impl Delivery {
    async fn deliver(self) {
        let id = webhook_id();
        for wait in WAITS {
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..=wait * 1_000))).await;
            match self.attempt(&id).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::debug!(url = self.url, %error, "a webhook of the sandbox's was not delivered"),
            }
        }
        tracing::warn!(url = self.url, "the sandbox's webhook was not delivered in {} attempts; no more follow", WAITS.len());
    }

    /// Whether it was delivered, as far as the sender knows.
    async fn attempt(&self, id: &str) -> std::result::Result<bool, Box<dyn std::error::Error + Send + Sync>> {
        let fault = self.sandbox.fault("webhook").await?;
        let action = fault.as_ref().map(|f| f.action.as_str());
        match (action, &fault) {
            (Some("error500" | "timeout"), _) => return Ok(false),
            (Some("delay_ms"), Some(fault)) => tokio::time::sleep(Duration::from_millis(fault.delay_ms.unsigned_abs())).await,
            _ => {}
        }
        let timestamp = self.sandbox.clock.now().timestamp().to_string();
        let signature = sign(&self.secret, id, &timestamp, &self.body)?;
        let request = reqwest::Client::new()
            .post(&self.url)
            .timeout(PATIENCE)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(self.body.clone());
        let delivered = request.send().await?.status() == reqwest::StatusCode::OK;
        Ok(delivered && action != Some("drop_response"))
    }
}

/// A signature as Standard Webhooks v1 has it. The tests sign with it too.
///
/// # Errors
/// Where the secret is no base64.
pub fn sign(secret: &str, id: &str, timestamp: &str, body: &str) -> Result<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).map_err(Error::internal)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(Error::internal)?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}
