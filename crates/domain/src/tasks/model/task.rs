//! Work to be done after the fact: a row committed together with what causes it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    disputes::DisputeMail,
    notices::{NoticeBatch, NoticeFanOut},
    orders::OrderMail,
    shared::PaymentId,
    stores::ApprovalMail,
    users::{ExportMail, TakeoverMail, Unlink},
};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TaskPayload {
    /// Send a mail about an order.
    OrderMail(OrderMail),
    /// Look at the payment that a webhook of PortOne's is about.
    Webhook {
        /// PortOne's id of the message: the same at each attempt to deliver it.
        webhook_id: String,
        /// The payment.
        payment_id: PaymentId,
    },
    /// Delete an object of the object storage that nothing names any more.
    DeleteObject {
        /// Key in the bucket; may contain `/`.
        key: String,
    },
    /// Cut the link of a deleted account at its provider.
    Unlink(Unlink),
    /// Mail the link by which somebody takes an account over.
    TakeoverMail(TakeoverMail),
    /// Mail the link to all that is kept of somebody.
    ExportMail(ExportMail),
    /// Tell a seller what an operator has decided about the store.
    ApprovalMail(ApprovalMail),
    /// Tell one side of a dispute what has happened.
    DisputeMail(DisputeMail),
    /// Find whom to tell of something at a favourite store.
    NoticeFanOut(NoticeFanOut),
    /// Tell them.
    NoticeBatch(NoticeBatch),
    /// Run a scheduled job.
    Run {
        /// Name of the job, as `cheapbob-jobs list` shows it.
        job: String,
        /// The instant at which it was due, on the product's clock.
        due_at: DateTime<Utc>,
    },
}

/// One claim of a task: no other has its token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TaskClaim {
    /// Id of the row, which names its cause: `mail:placed:PAY…`.
    pub id: String,
    /// Who claimed it, and a random part.
    pub token: String,
}

/// A task as a worker has claimed it.
#[derive(Debug, Clone)]
pub struct Task {
    /// By this claim it is extended, given back and ended.
    pub claim: TaskClaim,
    /// What to do.
    pub payload: serde_json::Value,
    /// How often it was tried before.
    pub attempts: i32,
    /// After so many attempts it is dead and waits for an operator.
    pub max_attempts: i32,
    /// The HTTP request that caused it.
    pub request_id: Option<String>,
}

/// A task of the outbox that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxTask {
    /// Row id: names what happened.
    pub id: String,
    /// `pending`, `running`, `dead`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Real time of its cause.
    pub created_at: DateTime<Utc>,
    /// Next attempt, on the product's clock.
    pub run_at: DateTime<Utc>,
    /// The HTTP request that caused it.
    pub request_id: Option<String>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// How long the outbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxDepth {
    /// Tasks to be done.
    pub waiting: i64,
    /// Seconds since the cause of the oldest of them.
    pub oldest_seconds: i64,
    /// Tasks that wait for an operator.
    pub dead: i64,
}

/// What became of the end of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEnd {
    /// It is written, now or by a call before whose answer was lost.
    Written,
    /// Nothing is: the worker was taken for dead, and the task is somebody else's.
    TakenOver,
}

/// How a run of a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskOutcome {
    /// Done.
    Done,
    /// Try again at this instant, or never where the attempts are used up.
    Retry {
        /// For the operator.
        error: String,
        /// Next attempt.
        at: DateTime<Utc>,
    },
    /// Useless to try again.
    Dead {
        /// For the operator.
        error: String,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_logged_task_names_no_person_and_no_secret() {
        for payload in [
            json!({ "kind": "unlink", "provider": "kakao", "user_id": "person-1" }),
            json!({ "kind": "takeover_mail", "email": "person-1@example.com", "provider": "naver", "token": "secret-1" }),
        ] {
            let task: TaskPayload = serde_json::from_value(payload.clone()).unwrap();
            let logged = format!("{task:?}");
            assert!(!logged.contains("person-1") && !logged.contains("secret-1"), "{logged}");
            assert_eq!(serde_json::to_value(task).unwrap(), payload);
        }
    }
}
