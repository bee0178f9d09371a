//! What PortOne tells by itself, before and after it is verified.

use strum::IntoStaticStr;

use crate::shared::PaymentId;

/// A message as it came over HTTP, nothing of it believed yet.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// The store that the path names.
    pub store: String,
    /// Header `webhook-id`: the same at each attempt to deliver the message.
    pub id: Option<String>,
    /// Header `webhook-timestamp`: Unix seconds of the attempt.
    pub timestamp: Option<String>,
    /// Header `webhook-signature`.
    pub signature: Option<String>,
    /// The bytes that were signed.
    pub body: Vec<u8>,
}

/// Why a message is not believed: the reasons of PortOne's own SDK, and one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Unverified {
    /// A header is missing.
    MissingRequiredHeaders,
    /// The timestamp is no number, or the id is longer than any of theirs.
    InvalidSignature,
    /// Signed more than 300 s ago.
    TimestampTooOld,
    /// Signed more than 300 s from now.
    TimestampTooNew,
    /// None of the signatures is by one of the secrets.
    NoMatchingSignature,
    /// It is about a payment of another store of ours than the one whose secret signed it.
    PaymentOfAnotherStore,
}

impl Unverified {
    /// The reason in capitals, as PortOne's own SDK names it, for the log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A message that one of the store's secrets signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// PortOne's id of the message: the same at each attempt to deliver it.
    pub id: String,
    /// `Transaction.Paid` and the like; empty where the body says none.
    pub kind: String,
    /// The payment it is about, if that can be one of ours.
    pub payment: Option<PaymentId>,
}

/// What became of a message that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagePut {
    /// It was new, and is kept.
    Kept,
    /// It was there already.
    WasThere,
    /// It is about a payment of another store, and was not kept.
    OfAnotherStore,
}

impl Message {
    /// Whether somebody has to look at the payment. A window that was opened, a billing key, a type of tomorrow: no.
    pub fn matters(&self) -> bool {
        const IGNORED: [&str; 2] = ["Transaction.Ready", "Transaction.Confirm"];
        self.payment.is_some() && self.kind.starts_with("Transaction.") && !IGNORED.contains(&self.kind.as_str())
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
