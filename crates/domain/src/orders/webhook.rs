//! What PortOne tells by itself. A message is only a hint to ask: it carries no amount and no status, comes late, twice or never.

use std::sync::Arc;

use chrono::Duration;

use super::{
    error,
    model::{
        audit::Actor,
        webhook::{Delivery, Message, MessagePut, Unverified},
    },
    ports::{Inbox, Webhooks},
    reconcile::ReconcileService,
};
use crate::{
    shared::{Clock, Error, PaymentId, Result, Sampled, StoreId},
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
    refusals: Sampled<Unverified>,
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
        Self { inbox, webhooks, stores, reconcile, clock, refusals: Sampled::default() }
    }

    /// Refuses what nobody can have signed, at the price of reading its headers: before its body is read, and before anything is asked.
    ///
    /// # Errors
    /// `webhook_headers_missing`, `webhook_unverified`.
    pub fn glance(&self, delivery: &Delivery) -> Result<()> {
        self.webhooks.glance(delivery, self.clock.now()).map_err(|reason| self.refuse(None, reason))
    }

    /// The message, and the store whose secret signed it.
    ///
    /// # Errors
    /// `webhook_headers_missing`, `webhook_unverified`, also where the store is not there or has no webhook secret.
    pub async fn verify(&self, delivery: &Delivery) -> Result<(StoreId, Message)> {
        self.glance(delivery)?;
        // Without a store there are no secrets, and nothing is verified.
        let Some(store) = StoreId::parse(&delivery.store) else { return Err(self.refuse(None, Unverified::NoMatchingSignature)) };
        let secrets = self.stores.webhook_secrets(&store).await?;
        match self.webhooks.verify(&secrets, delivery, self.clock.now()) {
            Ok(message) => Ok((store, message)),
            Err(reason) => Err(self.refuse(Some((&store, secrets.len())), reason)),
        }
    }

    /// Takes a message that was verified, to be worked on by the jobs. Once more the same: nothing new.
    ///
    /// # Errors
    /// `webhook_unverified`: it is about another store's payment.
    pub async fn take(&self, store: &StoreId, message: &Message, request_id: &str) -> Result<()> {
        let put = self.inbox.put(store, message, message.matters(), request_id, self.clock.now()).await?;
        if put == MessagePut::OfAnotherStore {
            return Err(self.refuse(Some((store, 1)), Unverified::PaymentOfAnotherStore));
        }
        let fresh = put == MessagePut::Kept;
        tracing::info!(%store, webhook = message.id, kind = message.kind, payment = message.payment.as_ref().map(PaymentId::as_str), fresh, "webhook");
        Ok(())
    }

    /// The answer, which says nothing, and for the operator one line a second for each reason. `store`: whose, and how many secrets it has.
    fn refuse(&self, store: Option<(&StoreId, usize)>, reason: Unverified) -> Error {
        if let Some(left_out) = self.refusals.line(reason) {
            let (store, secrets) = store.map(|(store, secrets)| (store.as_str(), secrets)).unzip();
            tracing::warn!(store, reason = reason.as_str(), secrets, left_out, "a webhook is refused");
        }
        match reason {
            Unverified::MissingRequiredHeaders => error::WEBHOOK_HEADERS_MISSING.into(),
            _ => error::WEBHOOK_UNVERIFIED.into(),
        }
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
            ports::{MockInbox, MockWebhooks},
            testing::ReconcilePorts,
        },
        shared::testing::Noon,
        stores::ports::MockStores,
    };

    fn message(kind: &str) -> Message {
        Message { id: "WH-1".into(), kind: kind.into(), payment: PaymentId::parse("PAY1") }
    }

    /// Reconciliation that is to look so often at a payment, which it does not know.
    fn looking(times: usize) -> Arc<ReconcileService> {
        let mut ports = ReconcilePorts::default();
        ports.holds.expect_find().times(times).returning(|_| Ok(None));
        Arc::new(ports.service())
    }

    fn service(inbox: MockInbox, webhooks: MockWebhooks, stores: MockStores) -> WebhookService {
        WebhookService::new(Arc::new(inbox), Arc::new(webhooks), Arc::new(stores), looking(0), Arc::new(Noon))
    }

    /// A message for `store`, where `STR_1` has one secret; `asked`: whether its secret is needed.
    async fn verify(
        store: &str,
        glance: Result<(), Unverified>,
        verified: Result<Message, Unverified>,
        asked: bool,
    ) -> Result<(StoreId, Message)> {
        let (mut webhooks, mut stores) = (MockWebhooks::new(), MockStores::new());
        stores.expect_webhook_secrets().times(usize::from(asked)).returning(|_| Ok(vec![SecretString::from("s")]));
        webhooks.expect_glance().times(1).withf(|_, now| *now == Noon.now()).return_once(move |_, _| glance);
        webhooks
            .expect_verify()
            .times(usize::from(asked))
            .withf(|secrets, _, now| (secrets.len(), *now) == (1, Noon.now()))
            .return_once(|_, _, _| verified);
        service(MockInbox::new(), webhooks, stores).verify(&Delivery { store: store.to_owned(), ..Delivery::default() }).await
    }

    const REASONS: [(Unverified, crate::shared::Refusal); 5] = [
        (Unverified::MissingRequiredHeaders, error::WEBHOOK_HEADERS_MISSING),
        (Unverified::InvalidSignature, error::WEBHOOK_UNVERIFIED),
        (Unverified::TimestampTooOld, error::WEBHOOK_UNVERIFIED),
        (Unverified::TimestampTooNew, error::WEBHOOK_UNVERIFIED),
        (Unverified::NoMatchingSignature, error::WEBHOOK_UNVERIFIED),
    ];

    #[tokio::test]
    async fn what_nobody_can_have_signed_asks_nobody() {
        for (reason, refusal) in REASONS {
            for store in ["STR_1", "no store"] {
                let refused = verify(store, Err(reason), Ok(message("Transaction.Paid")), false).await.unwrap_err();
                assert!(refused.is(&refusal), "{store} {reason:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_message_is_believed_that_the_stores_secret_signed() {
        let (store, verified) = verify("STR_1", Ok(()), Ok(message("Transaction.Paid")), true).await.unwrap();
        assert_eq!((store.as_str(), verified), ("STR_1", message("Transaction.Paid")));
        for (reason, refusal) in REASONS {
            assert!(verify("STR_1", Ok(()), Err(reason), true).await.unwrap_err().is(&refusal), "{reason:?}");
        }
        // A store that is none is answered as one with another secret.
        let refused = verify("no store", Ok(()), Ok(message("Transaction.Paid")), false).await.unwrap_err();
        assert!(refused.is(&error::WEBHOOK_UNVERIFIED));
    }

    async fn take(kind: &str, matters: bool, put: MessagePut) -> Result<()> {
        let mut inbox = MockInbox::new();
        inbox
            .expect_put()
            .times(1)
            .withf(move |store, message, work, request, now| {
                (store.as_str(), message.id.as_str(), *work, request, *now) == ("STR_1", "WH-1", matters, "r1", Noon.now())
            })
            .returning(move |_, _, _, _, _| Ok(put));
        let service = service(inbox, MockWebhooks::new(), MockStores::new());
        service.take(&StoreId::parse("STR_1").unwrap(), &message(kind), "r1").await
    }

    #[tokio::test]
    async fn a_signed_message_is_stored_and_worked_on_where_it_matters() {
        take("Transaction.Paid", true, MessagePut::Kept).await.unwrap();
        take("Transaction.Paid", true, MessagePut::WasThere).await.unwrap();
        take("Transaction.Ready", false, MessagePut::Kept).await.unwrap();
    }

    #[tokio::test]
    async fn nobody_is_told_of_another_stores_payment() {
        assert!(take("Transaction.Paid", true, MessagePut::OfAnotherStore).await.unwrap_err().is(&error::WEBHOOK_UNVERIFIED));
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
