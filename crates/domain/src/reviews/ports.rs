//! What this feature needs from outside.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::model::review::{ChangeReview, Reported, Review};
use crate::shared::{Email, PaymentId, Result, ReviewId, StoreId};

/// Reviews of stores. Each change MUST change the store's rating in the same transaction, whatever happens at once: its number and sum are
/// those of the reviews that are not hidden. Those of a deleted account MUST go with it.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Reviews: Send + Sync {
    /// Stores a review. `false`, and nothing stored: the order has one, or its store or customer is gone.
    async fn add(&self, review: &Review) -> Result<bool>;
    /// The review of an order.
    async fn of_payment(&self, payment: &PaymentId) -> Result<Option<Review>>;
    /// Changes what is named of what it says: of two changes at once that name different things both MUST stand. `None`: it is not there.
    async fn change(&self, id: &ReviewId, change: &ChangeReview, at: DateTime<Utc>) -> Result<Option<Review>>;
    /// Deletes it with its reply and reports. `false`: it was not there.
    async fn delete(&self, id: &ReviewId) -> Result<bool>;
    /// A store's reviews, newest first, those before `before`, up to `limit`; hidden ones only where `with_hidden`. `None`: there is no such
    /// store.
    async fn of_store<'a>(
        &self,
        store: &StoreId,
        before: Option<&'a ReviewId>,
        limit: i64,
        with_hidden: bool,
    ) -> Result<Option<Vec<Review>>>;
    /// Puts the reply in place of what there is, or takes it away. `None`: the store has no such review.
    async fn reply<'a>(&self, store: &StoreId, id: &ReviewId, text: Option<&'a str>, at: DateTime<Utc>) -> Result<Option<Review>>;
    /// Reports a review that is not hidden: `Some(false)` where this person has reported it before, `None` where it is not there.
    async fn report(&self, id: &ReviewId, by: &Email, reason: &str, at: DateTime<Utc>) -> Result<Option<bool>>;
    /// Reviews with reports or hidden, the most reported first, up to `limit`.
    async fn reported(&self, limit: i64) -> Result<Vec<Reported>>;
    /// Hides a review, or shows it again. `false`: it is not there.
    async fn hide(&self, id: &ReviewId, hidden: bool, at: DateTime<Utc>) -> Result<bool>;
}
