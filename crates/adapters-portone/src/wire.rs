//! PortOne's JSON, as far as we read it.

use cheapbob_domain::orders::{Paid, PaymentTruth};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payment {
    id: String,
    status: String,
    store_id: String,
    currency: String,
    amount: Amount,
    channel: Option<Channel>,
    #[serde(default)]
    method: Value,
    #[serde(default)]
    cancellations: Vec<Cancellation>,
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
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn truth(self, live_only: bool) -> PaymentTruth {
        match self.status.as_str() {
            "PAID" | "PARTIAL_CANCELLED" if live_only && self.channel.as_ref().is_none_or(|c| c.kind != "LIVE") => {
                tracing::error!(portone_store = self.store_id, "a payment over a test channel counts as unpaid in production");
                PaymentTruth::NotPaid
            }
            "PAID" | "PARTIAL_CANCELLED" => PaymentTruth::Paid(Paid {
                store_id: self.store_id,
                currency: self.currency,
                total: self.amount.total,
                cancelled: self.amount.cancelled,
                cancel_pending: self.cancellations.iter().any(|c| c.status == "REQUESTED"),
            }),
            "FAILED" => PaymentTruth::Failed,
            "CANCELLED" => PaymentTruth::Cancelled(self.amount.cancelled),
            "READY" | "PAY_PENDING" | "PENDING" | "VIRTUAL_ACCOUNT_ISSUED" => PaymentTruth::Pending { until: self.deadline() },
            other => {
                tracing::warn!(status = other, "PortOne has a payment status that we do not know");
                PaymentTruth::Pending { until: None }
            }
        }
    }

    /// Until when an account takes the deposit, or a shop the cash.
    fn deadline(&self) -> Option<DateTime<Utc>> {
        let at = self.method.get("expiredAt").or_else(|| self.method.get("paymentDeadline"))?.as_str()?;
        Some(DateTime::parse_from_rfc3339(at).ok()?.to_utc())
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
#[serde(rename_all = "camelCase")]
pub(crate) struct Cancellation {
    pub(crate) status: String,
    pub(crate) total_amount: i64,
}

/// What `GET /payments-by-cursor` takes, as JSON in a query parameter.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListBody<'a> {
    pub(crate) store_id: &'a str,
    pub(crate) from: String,
    pub(crate) until: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
    pub(crate) size: usize,
}

/// What `GET /payments` takes, as JSON in a query parameter.
#[derive(Serialize)]
pub(crate) struct PageBody<'a> {
    pub(crate) page: PageInput,
    pub(crate) filter: PageFilter<'a>,
}

#[derive(Serialize)]
pub(crate) struct PageInput {
    pub(crate) number: usize,
    pub(crate) size: usize,
}

/// By the last change of the status; the oldest first, so that what changes once more leaves no gap before what was not read yet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageFilter<'a> {
    pub(crate) store_id: &'a str,
    pub(crate) timestamp_type: &'static str,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) status: [&'static str; 3],
    pub(crate) sort_by: &'static str,
    pub(crate) sort_order: &'static str,
}

#[derive(Deserialize)]
pub(crate) struct PaymentsPage {
    pub(crate) items: Vec<Value>,
}

#[derive(Deserialize)]
pub(crate) struct ListPage {
    pub(crate) items: Vec<ListItem>,
}

#[derive(Deserialize)]
pub(crate) struct ListItem {
    /// One that we cannot read must not hide the others.
    pub(crate) payment: Value,
    pub(crate) cursor: String,
}

/// A webhook's body, version 2024-04-25. Whatever else is in it, and whatever is missing, is no matter.
#[derive(Deserialize, Default)]
pub(crate) struct WebhookBody {
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) data: WebhookData,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookData {
    #[serde(default)]
    pub(crate) payment_id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Failure {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) message: Option<String>,
}
