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

/// Signatures that a message may have: one for each secret that is in force, and there are two at most.
const MOST_SIGNATURES: usize = 5;

/// PortOne's webhooks.
pub struct SignedWebhooks;

/// The headers, where they are what a message that somebody signed has.
struct Headers<'a> {
    id: &'a str,
    timestamp: &'a str,
    signatures: Vec<[u8; 32]>,
}

impl<'a> Headers<'a> {
    fn read(delivery: &'a Delivery, now: DateTime<Utc>) -> Result<Self, Unverified> {
        let header = |value: &'a Option<String>| value.as_deref().filter(|text| !text.is_empty()).ok_or(Unverified::MissingRequiredHeaders);
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
        let signatures = signatures_of(signatures).ok_or(Unverified::NoMatchingSignature)?;
        Ok(Self { id, timestamp, signatures })
    }
}

/// The `v1` signatures; one that is no base64, or of another length, is none. `None`: there is none, or more than anybody makes.
fn signatures_of(header: &str) -> Option<Vec<[u8; 32]>> {
    let entries: Vec<_> = header.split(' ').take(MOST_SIGNATURES + 1).collect();
    let decode = |entry: &&str| STANDARD.decode(entry.strip_prefix("v1,")?).ok()?.try_into().ok();
    let signatures: Vec<_> = entries.iter().filter_map(decode).collect();
    (entries.len() <= MOST_SIGNATURES && !signatures.is_empty()).then_some(signatures)
}

impl Webhooks for SignedWebhooks {
    fn glance(&self, delivery: &Delivery, now: DateTime<Utc>) -> Result<(), Unverified> {
        Headers::read(delivery, now).map(|_| ())
    }

    fn verify(&self, secrets: &[SecretString], delivery: &Delivery, now: DateTime<Utc>) -> Result<Message, Unverified> {
        let headers = Headers::read(delivery, now)?;
        if !secrets.iter().any(|secret| is_signed(secret, &headers, &delivery.body)) {
            return Err(Unverified::NoMatchingSignature);
        }
        // Signed by PortOne: what it means by a body that we cannot read is its affair.
        let body: WebhookBody = serde_json::from_str(&readable_json(&delivery.body)).unwrap_or_default();
        Ok(Message { id: headers.id.to_owned(), kind: body.kind, payment: body.data.payment_id.as_deref().and_then(PaymentId::parse) })
    }
}

/// Whether one of the signatures is by this secret. Compared in constant time.
fn is_signed(secret: &SecretString, headers: &Headers<'_>, body: &[u8]) -> bool {
    let text = secret.expose_secret();
    let Ok(key) = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)) else { return false };
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    mac.update(format!("{}.{}.", headers.id, headers.timestamp).as_bytes());
    mac.update(body);
    headers.signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
}
