//! PortOne's JSON, as far as we read it.

use cheapbob_domain::orders::ports::{Paid, PaymentTruth};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payment {
    status: String,
    store_id: String,
    currency: String,
    amount: Amount,
    channel: Option<Channel>,
}

#[derive(Deserialize)]
struct Amount {
    total: i64,
    cancelled: i64,
}

#[derive(Deserialize)]
struct Channel {
    #[serde(rename = "type")]
    kind: String,
}

impl Payment {
    pub(crate) fn truth(self, live_only: bool) -> PaymentTruth {
        match self.status.as_str() {
            "PAID" | "PARTIAL_CANCELLED" if live_only && self.channel.as_ref().is_none_or(|c| c.kind != "LIVE") => {
                tracing::error!(portone_store = self.store_id, "a payment over a test channel in production is no money");
                PaymentTruth::NotPaid
            }
            "PAID" | "PARTIAL_CANCELLED" => PaymentTruth::Paid(Paid {
                store_id: self.store_id,
                currency: self.currency,
                total: self.amount.total,
                cancelled: self.amount.cancelled,
            }),
            "FAILED" => PaymentTruth::Failed,
            "CANCELLED" => PaymentTruth::Cancelled,
            "READY" | "PAY_PENDING" | "PENDING" | "VIRTUAL_ACCOUNT_ISSUED" => PaymentTruth::NotPaid,
            other => {
                tracing::warn!(status = other, "PortOne has a payment status that we do not know");
                PaymentTruth::NotPaid
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CancelBody<'a> {
    pub(crate) reason: &'a str,
    pub(crate) store_id: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct CancelDone {
    pub(crate) cancellation: Cancellation,
}

#[derive(Deserialize)]
pub(crate) struct Cancellation {
    pub(crate) status: String,
}

#[derive(Deserialize)]
pub(crate) struct Failure {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) message: Option<String>,
}
