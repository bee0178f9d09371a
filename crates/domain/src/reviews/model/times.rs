//! Until when a review can be written and changed (additions, Reviews).

use chrono::{DateTime, Duration, Utc};

use crate::{
    orders::{Order, OrderStatus},
    reviews::error,
    shared::Result,
};

/// How long after the pickup a review can be written.
pub const REVIEWED_WITHIN: Duration = Duration::days(14);

/// How long after it was written a review can be changed.
pub const CHANGED_WITHIN: Duration = Duration::days(7);

/// Whether the order can be reviewed at `now`.
///
/// # Errors
/// `order_not_picked_up`, `review_too_late`.
pub fn can_be_reviewed(order: &Order, now: DateTime<Utc>) -> Result<()> {
    match order.completed_at.filter(|_| order.status == OrderStatus::Complete) {
        None => Err(error::ORDER_NOT_PICKED_UP.into()),
        Some(at) if now > at + REVIEWED_WITHIN => Err(error::REVIEW_TOO_LATE.into()),
        Some(_) => Ok(()),
    }
}

/// Whether a review written at `created_at` can be changed at `now`.
///
/// # Errors
/// `review_change_too_late`.
pub fn can_be_changed(created_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    if now > created_at + CHANGED_WITHIN { Err(error::REVIEW_CHANGE_TOO_LATE.into()) } else { Ok(()) }
}
