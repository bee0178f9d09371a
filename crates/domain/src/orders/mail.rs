//! Mails about an order, in Korean, text and HTML.

use std::sync::Arc;

use super::{model::mail::OrderMail, order_service::OrderService};
use crate::shared::{Result, mail::Mailer};

/// Use case of sending mails.
pub struct MailService {
    orders: Arc<OrderService>,
    mailer: Arc<dyn Mailer>,
}

impl MailService {
    /// Builds the use cases on their ports.
    pub fn new(orders: Arc<OrderService>, mailer: Arc<dyn Mailer>) -> Self {
        Self { orders, mailer }
    }

    /// Sends the mail of an event, if its order is still there.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn deliver(&self, mail: &OrderMail) -> Result<()> {
        let Some(order) = self.orders.find(&mail.payment_id).await? else {
            tracing::warn!(payment = %mail.payment_id, "no order for a mail; it is not sent");
            return Ok(());
        };
        self.mailer.send(&mail.message_id(), &mail.compose(&order)?).await
    }
}
