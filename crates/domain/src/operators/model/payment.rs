//! A payment as an operator sees it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use crate::shared::{Email, PaymentId, StoreId};

/// All that our books have of a payment, but for its order, which may be archived.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PaymentView {
    /// What was held.
    pub hold: HoldView,
    /// The store's name now. `None`: it is gone.
    pub store_name: Option<String>,
    /// The money that goes back.
    pub refund: Option<RefundView>,
    /// What happened, oldest first.
    pub audit: Vec<AuditView>,
    /// Mails, and what waits of PortOne's messages.
    pub tasks: Vec<TaskView>,
    /// PortOne's messages, newest first.
    pub messages: Vec<MessageView>,
    /// The discrepancy that nobody has closed.
    pub discrepancy: Option<String>,
}

/// A hold's row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HoldView {
    /// The payment.
    pub payment_id: PaymentId,
    /// Who bought.
    pub customer_email: Email,
    /// Where.
    pub store_id: StoreId,
    /// Pieces.
    pub quantity: i32,
    /// In won.
    pub total_amount: i64,
    /// Which store of PortOne's it goes to.
    pub portone_store_id: String,
    /// The business day.
    pub business_day: NaiveDate,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it holds stock.
    pub expires_at: DateTime<Utc>,
    /// `held`, `ordered`, `released`, `refunded`.
    pub state: String,
    /// Why it was released.
    pub ended_because: Option<String>,
    /// When PortOne is asked next.
    pub next_look_at: Option<DateTime<Utc>>,
}

/// A refund's row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RefundView {
    /// Why it goes back.
    pub reason: String,
    /// Where it stands.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Since when it is owed.
    pub requested_at: DateTime<Utc>,
    /// When it is tried next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What PortOne said last.
    pub last_answer: Option<String>,
    /// What went back, in won.
    pub amount: Option<i64>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AuditView {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub event: String,
    /// More about it.
    pub detail: Option<String>,
    /// Who, by kind.
    pub actor_role: String,
    /// Who.
    pub actor: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
}

/// A task's row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TaskView {
    /// Its id, which names its cause.
    pub id: String,
    /// `pending`, `running`, `done`, `dead`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Since when it is owed.
    pub created_at: DateTime<Utc>,
    /// When it is tried next, or was tried first.
    pub run_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// In which lane.
    pub lane: Option<String>,
}

impl TaskView {
    /// Whether it is a mail about an order, which can be sent again.
    pub fn is_order_mail(&self) -> bool {
        ["mail:placed:", "mail:accepted:", "mail:canceled:"].iter().any(|mail| self.id.starts_with(mail))
    }
}

/// A message of PortOne's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MessageView {
    /// PortOne's id of it.
    pub webhook_id: String,
    /// The store whose secret it was signed with.
    pub store_id: StoreId,
    /// What it is, in PortOne's words.
    pub kind: String,
    /// Which payment it is about.
    pub payment_id: Option<String>,
    /// When it came.
    pub received_at: DateTime<Utc>,
}
