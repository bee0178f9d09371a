//! What this feature needs from outside.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::model::{
    dispute::{Answer, Decided, Dispute},
    mail::{Reader, Side},
};
use crate::{
    orders::Actor,
    shared::{PaymentId, Result, StoreId},
};

/// Disputes. Each change MUST store the tasks of telling who is to be told with it, all or nothing. Of a deleted customer's the words and
/// pictures MUST go and the rest stay under the pseudonym; a store's go with it.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Disputes: Send + Sync {
    /// Opens a dispute; the store is told. `false`, and nothing stored: the order has one, or its store is gone.
    async fn open(&self, dispute: &Dispute) -> Result<bool>;
    /// The dispute of an order.
    async fn find(&self, payment: &PaymentId) -> Result<Option<Dispute>>;
    /// A store's, the newest order first, those before `before`, up to `limit`.
    async fn of_store<'a>(&self, store: &StoreId, before: Option<&'a PaymentId>, limit: i64) -> Result<Vec<Dispute>>;
    /// Stores the answer; the customer is told. `false`, and nothing stored: it is answered or decided by now.
    async fn answer(&self, payment: &PaymentId, answer: &Answer) -> Result<bool>;
    /// Stores the decision; both are told. One to refund MUST store the refund and its entry in the audit log with it, unless the
    /// payment goes back already. `false`, and nothing stored: it is decided by now.
    async fn decide(&self, payment: &PaymentId, decided: &Decided, actor: &Actor) -> Result<bool>;
    /// Those that are not decided, the oldest first, opened before `opened_before` or answered, up to `limit`.
    async fn undecided(&self, opened_before: DateTime<Utc>, limit: i64) -> Result<Vec<Dispute>>;
    /// Who of the two sides reads a mail. `None`: nobody any more.
    async fn reader(&self, payment: &PaymentId, side: Side) -> Result<Option<Reader>>;
}
