use cheapbob_domain::shared::{PaymentId, Result};
use cheapbob_wiring::Services;

/// A message of PortOne's from the inbox.
pub(crate) async fn run(services: &Services, webhook_id: &str, payment: &PaymentId) -> Result<()> {
    services.webhooks.work(webhook_id, payment).await
}
