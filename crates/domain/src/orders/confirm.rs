//! Confirm (`payment/confirm`): the app says that the customer has paid; PortOne's word decides.

use super::{
    checkout::CheckoutService,
    error,
    model::{
        audit::Actor,
        hold::HoldState,
        payment::{PERSON_PATIENCE, Resolution},
        refund::RefundReason,
    },
};
use crate::shared::{Email, PaymentId, Result};

impl CheckoutService {
    /// The app says that the customer has paid.
    ///
    /// # Errors
    /// `payment_not_found`, `payment_not_paid`, `payment_failed`, `payment_mismatch`, `payment_store_closed`,
    /// `payment_expired`, Unavailable where PortOne does not answer.
    pub async fn confirm(&self, customer: &Email, payment: &PaymentId, actor: &Actor) -> Result<PaymentId> {
        let hold = self.own(customer, payment).await?;
        let payment_id = hold.payment_id.clone();
        match self.resolve.resolve(&hold, actor, PERSON_PATIENCE).await? {
            Resolution::Ordered => Ok(payment_id),
            Resolution::NotPaid if self.clock.now() < hold.expires_at && hold.state == HoldState::Held => {
                Err(error::PAYMENT_NOT_PAID.into())
            }
            Resolution::NotPaid => Err(error::PAYMENT_EXPIRED.into()),
            Resolution::Failed => Err(error::PAYMENT_FAILED.into()),
            Resolution::Refunded(reason) => Err(match reason {
                RefundReason::Mismatch => error::PAYMENT_MISMATCH,
                RefundReason::StoreClosed => error::PAYMENT_STORE_CLOSED,
                // Those of a canceled order do not come here: its hold stays `Ordered`.
                _ => error::PAYMENT_EXPIRED,
            }
            .into()),
        }
    }
}
