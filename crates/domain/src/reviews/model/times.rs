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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::testing::order,
        shared::{Clock, Error, testing::Noon},
    };

    fn code(checked: Result<()>) -> &'static str {
        match checked {
            Ok(()) => "",
            Err(Error::Refused(refusal)) => refusal.code,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_order_can_be_reviewed_for_14_days_after_its_pickup() {
        let now = Noon.now();
        for (status, days, seconds, refused) in [
            (OrderStatus::Complete, 0, 0, ""),
            (OrderStatus::Complete, 14, 0, ""),
            (OrderStatus::Complete, 14, 1, "review_too_late"),
            (OrderStatus::Accept, 0, 0, "order_not_picked_up"),
            (OrderStatus::Reservation, 0, 0, "order_not_picked_up"),
            (OrderStatus::Cancel, 0, 0, "order_not_picked_up"),
        ] {
            let completed_at = Some(now - Duration::days(days) - Duration::seconds(seconds)).filter(|_| status == OrderStatus::Complete);
            let order = Order { completed_at, ..order("PAY1", status) };
            assert_eq!(code(can_be_reviewed(&order, now)), refused, "{status:?} {days} {seconds}");
        }
    }

    #[test]
    fn a_review_can_be_changed_for_seven_days() {
        let now = Noon.now();
        assert_eq!(code(can_be_changed(now - Duration::days(7), now)), "");
        assert_eq!(code(can_be_changed(now - Duration::days(7) - Duration::seconds(1), now)), "review_change_too_late");
    }
}
