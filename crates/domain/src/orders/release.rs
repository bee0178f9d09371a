//! Release (`DELETE payment/init`): the customer closed the payment window.

use super::{
    checkout::CheckoutService,
    error,
    model::{
        audit::Actor,
        hold::HoldEnd,
        payment::{PERSON_PATIENCE, Resolution},
    },
};
use crate::shared::{Email, PaymentId, Result};

impl CheckoutService {
    /// The customer does not pay. PortOne is asked first: what is paid becomes an order. Where PortOne does not answer the stock
    /// is released all the same, and the payment stays watched.
    ///
    /// # Errors
    /// - `payment_not_found`: there is no such payment, or it is somebody else's.
    /// - `already_ordered`: the payment has become an order.
    pub async fn release(&self, customer: &Email, payment: &PaymentId, actor: &Actor) -> Result<PaymentId> {
        let hold = self.own(customer, payment).await?;
        match self.resolve.resolve(&hold, actor, PERSON_PATIENCE).await {
            Ok(Resolution::Ordered) => return Err(error::ALREADY_ORDERED.into()),
            Ok(Resolution::NotPaid) => {}
            Ok(Resolution::Failed | Resolution::Refunded(_)) => return Ok(hold.payment_id),
            Err(e) => {
                tracing::warn!(payment = %hold.payment_id, error = %e, "PortOne did not answer before a hold was released; the payment stays watched");
            }
        }
        self.holds.release(&hold.payment_id, HoldEnd::Abandoned, self.clock.now(), actor).await?;
        Ok(hold.payment_id)
    }
}
