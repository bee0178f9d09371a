//! Signatures of PortOne's webhooks: Standard Webhooks v1 (HMAC-SHA256), in the order in which PortOne's SDK checks.

use base64::{Engine, engine::general_purpose::STANDARD};
use cheapbob_domain::{
    orders::{Delivery, Message, Unverified, ports::Webhooks},
    shared::{PaymentId, remote::readable_json},
};
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::wire::WebhookBody;

/// Seconds that a signature may be old or early, both edges allowed.
const TOLERANCE: i64 = 300;

/// No id of theirs comes near this length, in bytes; a longer one has no place in an index.
const LONGEST_ID: usize = 255;

/// PortOne's webhooks.
pub struct SignedWebhooks;

impl Webhooks for SignedWebhooks {
    fn verify(&self, secrets: &[SecretString], delivery: &Delivery, now: DateTime<Utc>) -> Result<Message, Unverified> {
        let header = |value: &Option<String>| value.clone().filter(|text| !text.is_empty()).ok_or(Unverified::MissingRequiredHeaders);
        let (id, timestamp, signatures) = (header(&delivery.id)?, header(&delivery.timestamp)?, header(&delivery.signature)?);
        if id.len() > LONGEST_ID {
            return Err(Unverified::InvalidSignature);
        }
        let seconds: i64 = timestamp.parse().map_err(|_| Unverified::InvalidSignature)?;
        match now.timestamp().saturating_sub(seconds) {
            age if age > TOLERANCE => return Err(Unverified::TimestampTooOld),
            age if age < -TOLERANCE => return Err(Unverified::TimestampTooNew),
            _ => {}
        }
        if !secrets.iter().any(|secret| is_signed(secret, &id, &timestamp, &delivery.body, &signatures)) {
            return Err(Unverified::NoMatchingSignature);
        }
        // Signed by PortOne: what it means by a body that we cannot read is its affair.
        let body: WebhookBody = serde_json::from_str(&readable_json(&delivery.body)).unwrap_or_default();
        Ok(Message {
            id,
            kind: body.kind,
            payment: body.data.payment_id.as_deref().and_then(PaymentId::parse),
            body: String::from_utf8_lossy(&delivery.body).into_owned(),
        })
    }
}

/// Whether one of the `v1` signatures is by this secret. Compared in constant time; a signature that is no base64 is none.
fn is_signed(secret: &SecretString, id: &str, timestamp: &str, body: &[u8], signatures: &str) -> bool {
    let text = secret.expose_secret();
    let Ok(key) = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)) else { return false };
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    signatures
        .split(' ')
        .filter_map(|entry| entry.strip_prefix("v1,"))
        .filter_map(|signature| STANDARD.decode(signature).ok())
        .any(|signature| mac.clone().verify_slice(&signature).is_ok())
}
