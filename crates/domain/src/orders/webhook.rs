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

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::{
        orders::{
            Message,
            ports::{MockInbox, MockWebhooks},
            testing::ReconcilePorts,
        },
        shared::testing::Noon,
        stores::ports::MockStores,
    };

    fn message(kind: &str) -> Message {
        Message { id: "WH-1".into(), kind: kind.into(), payment: PaymentId::parse("PAY1"), body: String::new() }
    }

    /// Reconciliation that is to look so often at a payment, which it does not know.
    fn looking(times: usize) -> Arc<ReconcileService> {
        let mut ports = ReconcilePorts::default();
        ports.holds.expect_find().times(times).returning(|_| Ok(None));
        Arc::new(ports.service())
    }

    /// A message for `store`, where `STR_1` has one secret. `stored`: whether the message must be worked on (`None`: it is not stored).
    async fn receive(store: &str, verified: Result<Message, Unverified>, stored: Option<bool>) -> Result<()> {
        let (mut inbox, mut webhooks, mut stores) = (MockInbox::new(), MockWebhooks::new(), MockStores::new());
        let known = StoreId::parse(store).is_some();
        stores.expect_webhook_secrets().times(usize::from(known)).returning(|_| Ok(vec![SecretString::from("s")]));
        webhooks
            .expect_verify()
            .times(1)
            .withf(move |secrets, _, now| (secrets.len(), *now) == (usize::from(known), Noon.now()))
            .return_once(|_, _, _| verified);
        inbox
            .expect_put()
            .times(usize::from(stored.is_some()))
            .withf(move |store, message, matters, request, now| {
                (store.as_str(), message.id.as_str(), Some(*matters), request, *now) == ("STR_1", "WH-1", stored, "r1", Noon.now())
            })
            .returning(|_, _, _, _, _| Ok(true));
        let service = WebhookService::new(Arc::new(inbox), Arc::new(webhooks), Arc::new(stores), looking(0), Arc::new(Noon));
        service.receive(&Delivery { store: store.to_owned(), ..Delivery::default() }, "r1").await
    }

    #[tokio::test]
    async fn a_signed_message_is_stored_and_worked_on_where_it_matters() {
        receive("STR_1", Ok(message("Transaction.Paid")), Some(true)).await.unwrap();
        receive("STR_1", Ok(message("Transaction.Ready")), Some(false)).await.unwrap();
    }

    #[tokio::test]
    async fn a_message_that_is_not_believed_is_not_stored() {
        for (reason, refusal) in [
            (Unverified::MissingRequiredHeaders, error::WEBHOOK_HEADERS_MISSING),
            (Unverified::InvalidSignature, error::WEBHOOK_UNVERIFIED),
            (Unverified::TimestampTooOld, error::WEBHOOK_UNVERIFIED),
            (Unverified::TimestampTooNew, error::WEBHOOK_UNVERIFIED),
            (Unverified::NoMatchingSignature, error::WEBHOOK_UNVERIFIED),
        ] {
            // A store that is none is answered as one with another secret.
            for store in ["STR_1", "no store"] {
                assert!(receive(store, Err(reason), None).await.unwrap_err().is(&refusal), "{store} {reason:?}");
            }
        }
        assert!(receive("no store", Ok(message("Transaction.Paid")), None).await.unwrap_err().is(&error::WEBHOOK_UNVERIFIED));
    }

    #[tokio::test]
    async fn a_message_is_a_hint_to_look_and_kept_for_a_month() {
        let mut inbox = MockInbox::new();
        inbox.expect_prune().withf(|before| *before == Noon.now() - Duration::days(30)).returning(|_| Ok(3));
        let (webhooks, stores) = (Arc::new(MockWebhooks::new()), Arc::new(MockStores::new()));
        let service = WebhookService::new(Arc::new(inbox), webhooks, stores, looking(1), Arc::new(Noon));
        service.work("WH-1", &PaymentId::parse("PAY1").unwrap()).await.unwrap();
        assert_eq!(service.prune().await.unwrap(), 3);
    }
}
