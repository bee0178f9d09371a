use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;

/// Messages of PortOne's and answers to calls with a key that nobody will repeat any more, and what streams tell nobody any more.
pub(crate) async fn run(services: &Services) -> Result<()> {
    let messages = services.webhooks.prune().await?;
    let keys = services.idempotency.prune().await?;
    let events = services.live.prune().await?;
    tracing::debug!(messages, keys, events, "old messages, keys and events deleted");
    Ok(())
}
