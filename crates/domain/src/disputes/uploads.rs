//! Pictures for a dispute: uploaded for an order before it is opened, and named when it is.

use std::collections::HashSet;

use super::{
    dispute_service::DisputeService,
    error,
    model::dispute::{MOST_PICTURES, can_be_disputed},
};
use crate::{
    shared::{Email, PaymentId, Result},
    stores::{DISPUTES, Upload},
};

/// Pictures that wait for the dispute: whoever chooses others may upload again. A job deletes those that no dispute names.
const MOST_WAITING: usize = 3 * MOST_PICTURES;

impl DisputeService {
    /// Begins an upload for one of the customer's orders.
    ///
    /// # Errors
    /// - `order_not_found`, also for another's; `dispute_not_picked_up`, `dispute_too_late`.
    /// - `dispute_exists`: it is opened already.
    pub async fn begin_pictures(&self, customer: &Email, payment: &PaymentId) -> Result<Upload> {
        let order = self.orders.of_customer(customer, payment).await?;
        can_be_disputed(&order, self.clock.now())?;
        if self.disputes.find(payment).await?.is_some() {
            return Err(error::DISPUTE_EXISTS.into());
        }
        let waiting = self.waiting(payment).await?.len();
        let room = MOST_PICTURES.min(MOST_WAITING.saturating_sub(waiting));
        Ok(Upload::into(DISPUTES, payment.as_str(), room, error::TOO_MANY_DISPUTE_PICTURES))
    }

    /// The keys of what was uploaded, for the dispute to name.
    ///
    /// # Errors
    /// `no_images`: the upload had no picture.
    pub fn finish_pictures(&self, upload: &Upload) -> Result<Vec<String>> {
        upload.stored().map(<[String]>::to_vec)
    }

    /// Whether each of these is a picture that was uploaded for this order.
    pub(super) async fn are_uploaded(&self, payment: &PaymentId, keys: &[String]) -> Result<bool> {
        if keys.is_empty() {
            return Ok(true);
        }
        let waiting = self.waiting(payment).await?;
        Ok(keys.iter().all(|key| waiting.contains(key)))
    }

    async fn waiting(&self, payment: &PaymentId) -> Result<HashSet<String>> {
        let folder = format!("{DISPUTES}{payment}/");
        let objects = self.storage.list(&folder, None, 2 * MOST_WAITING).await?;
        Ok(objects.into_iter().map(|object| object.key).collect())
    }
}
