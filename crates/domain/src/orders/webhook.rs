//! What PortOne tells by itself. A message is only a hint to ask: it carries no amount and no status, comes late, twice or never.

use std::sync::Arc;

use chrono::Duration;

use super::{
    error,
    ports::{Inbox, Webhooks},
    reconcile::ReconcileService,
    trail::Cause,
};
use crate::{
    shared::{Clock, PaymentId, Result, StoreId},
    stores::ports::Stores,
};

/// A message as it came over HTTP, nothing of it believed yet.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// Header `webhook-id`: the same at each attempt to deliver the message.
    pub id: Option<String>,
    /// Header `webhook-timestamp`: Unix seconds of the attempt.
    pub timestamp: Option<String>,
    /// Header `webhook-signature`.
    pub signature: Option<String>,
    /// The bytes that were signed.
    pub body: Vec<u8>,
}

/// Why a message is not believed: the reasons of PortOne's own SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unverified {
    /// A header is missing.
    MissingRequiredHeaders,
    /// The timestamp is no number.
    InvalidSignature,
    /// Signed more than 300 s ago.
    TimestampTooOld,
    /// Signed more than 300 s from now.
    TimestampTooNew,
    /// None of the signatures is by one of the secrets.
    NoMatchingSignature,
}

impl Unverified {
    /// The SDK's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingRequiredHeaders => "MISSING_REQUIRED_HEADERS",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::TimestampTooOld => "TIMESTAMP_TOO_OLD",
            Self::TimestampTooNew => "TIMESTAMP_TOO_NEW",
            Self::NoMatchingSignature => "NO_MATCHING_SIGNATURE",
        }
    }
}

/// A verified message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// `Transaction.Paid` and the like; empty where the body says none.
    pub kind: String,
    /// The payment it is about, if that can be one of ours.
    pub payment: Option<PaymentId>,
    /// The body, for the operator.
    pub body: String,
}

impl Message {
    /// Whether somebody has to look at the payment. A window that was opened, a billing key, a type of tomorrow: no.
    pub fn matters(&self) -> bool {
        const IGNORED: [&str; 2] = ["Transaction.Ready", "Transaction.Confirm"];
        self.payment.is_some() && self.kind.starts_with("Transaction.") && !IGNORED.contains(&self.kind.as_str())
    }
}

/// How long messages are kept. PortOne repeats one for less than six hours; an operator may look back for a month.
const KEPT: Duration = Duration::days(30);

/// Use cases of PortOne's messages.
pub struct WebhookService {
    inbox: Arc<dyn Inbox>,
    webhooks: Arc<dyn Webhooks>,
    stores: Arc<dyn Stores>,
    reconcile: Arc<ReconcileService>,
    clock: Arc<dyn Clock>,
}

impl WebhookService {
    /// Wires the service.
    pub fn new(
        inbox: Arc<dyn Inbox>,
        webhooks: Arc<dyn Webhooks>,
        stores: Arc<dyn Stores>,
        reconcile: Arc<ReconcileService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { inbox, webhooks, stores, reconcile, clock }
    }

    /// Takes a message for this store, to be worked on by the jobs. Once more the same: nothing new.
    ///
    /// # Errors
    /// `webhook_headers_missing`, `webhook_unverified`, also where the store is not there or has no webhook secret.
    pub async fn receive(&self, store: Option<&StoreId>, delivery: &Delivery, request_id: &str) -> Result<()> {
        let now = self.clock.now();
        let secrets = match store {
            Some(store) => self.stores.webhook_secrets(store).await?,
            None => Vec::new(),
        };
        let message = match self.webhooks.verify(&secrets, delivery, now) {
            Ok(message) => message,
            Err(reason) => {
                tracing::warn!(
                    store = store.map(StoreId::as_str),
                    reason = reason.as_str(),
                    secrets = secrets.len(),
                    "a webhook is refused"
                );
                return Err(match reason {
                    Unverified::MissingRequiredHeaders => error::WEBHOOK_HEADERS_MISSING,
                    _ => error::WEBHOOK_UNVERIFIED,
                }
                .into());
            }
        };
        // Without a store there are no secrets, and nothing is verified.
        let store = store.ok_or(error::WEBHOOK_UNVERIFIED)?;
        let fresh = self.inbox.put(store, &message, message.matters(), request_id, now).await?;
        tracing::info!(%store, webhook = message.id, kind = message.kind, payment = message.payment.as_ref().map(PaymentId::as_str), fresh, "webhook");
        Ok(())
    }

    /// Works on a message: asks PortOne what is true.
    ///
    /// # Errors
    /// Unavailable, where PortOne or our database does not answer.
    pub async fn work(&self, webhook_id: &str, payment: &PaymentId) -> Result<()> {
        self.reconcile.payment(payment, &Cause::webhook(webhook_id)).await
    }

    /// Forgets old messages; gives their number.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn prune(&self) -> Result<u64> {
        self.inbox.prune(self.clock.now() - KEPT).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_a_payment_of_ours_has_to_be_looked_at() {
        let message = |kind: &str, payment: Option<&str>| Message {
            id: "WH-1".into(),
            kind: kind.into(),
            payment: payment.and_then(PaymentId::parse),
            body: String::new(),
        };
        for kind in [
            "Transaction.Paid",
            "Transaction.Failed",
            "Transaction.Cancelled",
            "Transaction.PartialCancelled",
            "Transaction.CancelPending",
            "Transaction.VirtualAccountIssued",
            "Transaction.DisputeCreated",
            "Transaction.OfTomorrow",
        ] {
            assert!(message(kind, Some("PAY1")).matters(), "{kind}");
            assert!(!message(kind, None).matters(), "{kind}");
        }
        for kind in ["Transaction.Ready", "Transaction.Confirm", "BillingKey.Issued", "Store.Changed", ""] {
            assert!(!message(kind, Some("PAY1")).matters(), "{kind}");
        }
    }
}
