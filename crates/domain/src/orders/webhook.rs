//! What PortOne tells by itself. A message is only a hint to ask: it carries no amount and no status, comes late, twice or never.

use std::sync::Arc;

use chrono::Duration;

use super::{
    error,
    model::{
        audit::Actor,
        webhook::{Delivery, Unverified},
    },
    ports::{Inbox, Webhooks},
    reconcile::ReconcileService,
};
use crate::{
    shared::{Clock, PaymentId, Result, StoreId},
    stores::ports::Stores,
};

/// How long messages are kept. PortOne repeats one for less than six hours; an operator may look back for a month.
const MESSAGES_KEPT: Duration = Duration::days(30);

/// Use cases of PortOne's messages.
pub struct WebhookService {
    inbox: Arc<dyn Inbox>,
    webhooks: Arc<dyn Webhooks>,
    stores: Arc<dyn Stores>,
    reconcile: Arc<ReconcileService>,
    clock: Arc<dyn Clock>,
}

impl WebhookService {
    /// Builds the use cases on their ports.
    pub fn new(
        inbox: Arc<dyn Inbox>,
        webhooks: Arc<dyn Webhooks>,
        stores: Arc<dyn Stores>,
        reconcile: Arc<ReconcileService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { inbox, webhooks, stores, reconcile, clock }
    }

    /// Takes a message for a store, to be worked on by the jobs. Once more the same: nothing new.
    ///
    /// # Errors
    /// `webhook_headers_missing`, `webhook_unverified`, also where the store is not there or has no webhook secret.
    pub async fn receive(&self, delivery: &Delivery, request_id: &str) -> Result<()> {
        let now = self.clock.now();
        let store = StoreId::parse(&delivery.store);
        let secrets = match &store {
            Some(store) => self.stores.webhook_secrets(store).await?,
            None => Vec::new(),
        };
        let message = match self.webhooks.verify(&secrets, delivery, now) {
            Ok(message) => message,
            Err(reason) => {
                tracing::warn!(
                    store = store.as_ref().map(StoreId::as_str),
                    reason = reason.as_str(),
                    secrets = secrets.len(),
                    "a webhook is refused"
                );
                return Err(match reason {
                    Unverified::MissingRequiredHeaders => error::WEBHOOK_HEADERS_MISSING,
                    _ => error::WEBHOOK_UNVERIFIED,
                }
                .into());
            }
        };
        // Without a store there are no secrets, and nothing is verified.
        let store = store.ok_or(error::WEBHOOK_UNVERIFIED)?;
        let fresh = self.inbox.put(&store, &message, message.matters(), request_id, now).await?;
        tracing::info!(%store, webhook = message.id, kind = message.kind, payment = message.payment.as_ref().map(PaymentId::as_str), fresh, "webhook");
        Ok(())
    }

    /// Works on a message: asks PortOne what is true.
    ///
    /// # Errors
    /// Unavailable, where PortOne or our database does not answer.
    pub async fn work(&self, webhook_id: &str, payment: &PaymentId) -> Result<()> {
        self.reconcile.payment(payment, &Actor::webhook(webhook_id)).await
    }

    /// Forgets old messages; gives their number.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn prune(&self) -> Result<u64> {
        self.inbox.prune(self.clock.now() - MESSAGES_KEPT).await
    }
}
