//! Cancelling an order: who may, from which states, and what the customer is told.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    super::error,
    audit::Actor,
    mail::OrderEvent,
    order::{Order, OrderStatus},
    refund::RefundReason,
};
use crate::shared::{
    Refusal, Result, Rule,
    text::{Text, typed},
};

const REASON: Text = typed!("취소 사유는", 1 to 255, lines);

/// Who cancels the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CanceledBy {
    /// The customer, while the store has not accepted it.
    Customer,
    /// The store, until it is picked up.
    Store,
    /// The store, by closing for today.
    Closing,
    /// The clock: the store did not accept it before its pickup ended.
    PickupOver,
    /// The daily rollover: nobody picked it up, and nothing says that it was handed out.
    DayOver,
    /// PortOne's side: canceled in its console, or charged back. The money is gone already.
    Provider,
    /// Somebody who runs the service, until it is picked up.
    Operator,
}

impl CanceledBy {
    /// The states of an order from which this may cancel it.
    pub fn from_states(self) -> &'static [OrderStatus] {
        match self {
            Self::Customer | Self::PickupOver => &[OrderStatus::Reservation],
            Self::Store | Self::Closing | Self::DayOver | Self::Provider | Self::Operator => {
                &[OrderStatus::Reservation, OrderStatus::Accept]
            }
        }
    }

    /// Why the money goes back.
    pub fn refund_reason(self) -> RefundReason {
        match self {
            Self::Customer => RefundReason::CanceledByCustomer,
            Self::Store => RefundReason::CanceledByStore,
            Self::Closing => RefundReason::StoreClosing,
            Self::PickupOver => RefundReason::PickupOver,
            Self::DayOver => RefundReason::DayOver,
            Self::Provider => RefundReason::CanceledAtProvider,
            Self::Operator => RefundReason::CanceledByOperator,
        }
    }

    /// What the customer is told (contract, e-mail): everything but their own cancellation is told as the store's, with its reason.
    pub fn event(self) -> OrderEvent {
        match self {
            Self::Customer => OrderEvent::CanceledByCustomer,
            Self::Store | Self::Closing | Self::PickupOver | Self::DayOver | Self::Provider | Self::Operator => OrderEvent::CanceledByStore,
        }
    }

    /// The refusal where the order stands in a state from which it may not be canceled.
    pub fn refusal(self, status: OrderStatus) -> Refusal {
        match status {
            OrderStatus::Cancel => error::ORDER_CANCELED,
            OrderStatus::Complete => error::ORDER_COMPLETE,
            OrderStatus::Accept | OrderStatus::Reservation => error::ORDER_ACCEPTED,
        }
    }
}

/// A reason that a person typed.
///
/// # Errors
/// `too_short`, `too_long` (255 characters), `bad_character`.
pub fn reason(typed: &str) -> Result<String, Rule> {
    REASON.parse(typed)
}

/// A cancellation as it is stored, with stock, refund and mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// On whose behalf the order is canceled.
    pub by: CanceledBy,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The current business day: only its orders give stock back.
    pub today: NaiveDate,
    /// The instant of the change, by the product's clock.
    pub at: DateTime<Utc>,
    /// For the audit log.
    pub actor: Actor,
}

/// A canceled order and whether its money is back already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canceled {
    /// The order as it is after the change.
    pub order: Order,
    /// `false`: the refund goes on by itself.
    pub refunded: bool,
}

/// How a person asks for it.
#[derive(Debug, Clone)]
pub struct CancelCommand<'a> {
    /// The reason that the person typed; shown to the other side.
    pub reason: Option<String>,
    /// For the audit log.
    pub actor: &'a Actor,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_may_cancel_from_its_states_and_for_its_reason() {
        use OrderEvent as E;
        use RefundReason as R;
        let (waiting, open) = (&[OrderStatus::Reservation][..], &[OrderStatus::Reservation, OrderStatus::Accept][..]);
        for (by, states, reason, told) in [
            (CanceledBy::Customer, waiting, R::CanceledByCustomer, E::CanceledByCustomer),
            (CanceledBy::Store, open, R::CanceledByStore, E::CanceledByStore),
            (CanceledBy::Closing, open, R::StoreClosing, E::CanceledByStore),
            (CanceledBy::PickupOver, waiting, R::PickupOver, E::CanceledByStore),
            (CanceledBy::DayOver, open, R::DayOver, E::CanceledByStore),
            (CanceledBy::Provider, open, R::CanceledAtProvider, E::CanceledByStore),
            (CanceledBy::Operator, open, R::CanceledByOperator, E::CanceledByStore),
        ] {
            assert_eq!((by.from_states(), by.refund_reason(), by.event()), (states, reason, told), "{by:?}");
        }
    }

    #[test]
    fn a_reason_is_what_was_typed_up_to_255_characters() {
        assert_eq!(reason(" 재료\n소진 ").unwrap(), "재료\n소진");
        assert!(reason(&"가".repeat(255)).is_ok());
        assert_eq!((reason("").unwrap_err().code, reason(&"가".repeat(256)).unwrap_err().code), ("too_short", "too_long"));
    }
}
