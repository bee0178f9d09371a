//! What orders are made of: types, and the rules that need no port.

pub mod audit;
pub mod cancellation;
pub mod discrepancy;
pub mod hold;
pub mod idempotency;
pub mod live;
pub mod mail;
pub mod order;
pub mod payment;
pub mod pickup_code;
pub mod pickup_feed;
pub mod records;
pub mod refund;
pub mod settlement;
pub(super) mod turns;
pub mod webhook;

#[cfg(test)]
mod tests {
    use super::{
        discrepancy::Discrepancy,
        hold::HoldEnd,
        order::OrderStatus,
        refund::{RefundReason, RefundState},
        webhook::Unverified,
    };

    /// The words come from the variants' names; rows, PortOne and the apps keep them for longer than a name lives.
    #[test]
    fn words_in_rows_outlive_the_names_in_code() {
        for (status, word) in [
            (OrderStatus::Reservation, "reservation"),
            (OrderStatus::Accept, "accept"),
            (OrderStatus::Complete, "complete"),
            (OrderStatus::Cancel, "cancel"),
        ] {
            assert_eq!((status.as_str(), OrderStatus::parse(word)), (word, Some(status)));
        }
        for (end, word) in [(HoldEnd::Expired, "expired"), (HoldEnd::Abandoned, "abandoned"), (HoldEnd::Failed, "failed")] {
            assert_eq!((end.as_str(), HoldEnd::parse(word)), (word, Some(end)));
        }
        for (reason, word) in [
            (RefundReason::Mismatch, "mismatch"),
            (RefundReason::StoreClosed, "store_closed"),
            (RefundReason::Late, "late"),
            (RefundReason::CanceledByCustomer, "canceled_by_customer"),
            (RefundReason::CanceledByStore, "canceled_by_store"),
            (RefundReason::StoreClosing, "store_closing"),
            (RefundReason::PickupOver, "pickup_over"),
            (RefundReason::DayOver, "day_over"),
            (RefundReason::CanceledAtProvider, "canceled_at_provider"),
        ] {
            assert_eq!((reason.as_str(), RefundReason::parse(word)), (word, Some(reason)));
        }
        for (state, word) in [
            (RefundState::Requested, "requested"),
            (RefundState::Processing, "processing"),
            (RefundState::Succeeded, "succeeded"),
            (RefundState::Failed, "failed"),
            (RefundState::Unknown, "unknown"),
        ] {
            assert_eq!((state.as_str(), RefundState::parse(word)), (word, Some(state)));
        }
        let told = [Discrepancy::UnknownPayment, Discrepancy::OrderWithoutMoney, Discrepancy::PartlyRefunded, Discrepancy::OtherAmount];
        assert_eq!(told.map(Discrepancy::as_str), ["unknown_payment", "order_without_money", "partly_refunded", "other_amount"]);
        assert_eq!(Unverified::MissingRequiredHeaders.as_str(), "MISSING_REQUIRED_HEADERS");
        for no_word in ["", "Accept", "ACCEPT", " accept", "accepted"] {
            assert_eq!(OrderStatus::parse(no_word), None, "{no_word}");
        }
    }
}
