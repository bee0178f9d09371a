//! Sends the mails of disputes.

use super::{dispute_service::DisputeService, model::mail::DisputeMail};
use crate::shared::{Result, mail::Delivery};

impl DisputeService {
    /// Tells one side what has happened, if it is still there.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn deliver(&self, mail: &DisputeMail) -> Result<Delivery> {
        let Some(dispute) = self.disputes.find(&mail.payment_id).await? else { return Ok(Delivery::OutOfDate) };
        let Some(reader) = self.disputes.reader(&mail.payment_id, mail.to).await? else { return Ok(Delivery::OutOfDate) };
        self.mailer.send(&mail.message_id(), &mail.compose(&dispute, &reader)?).await
    }
}
