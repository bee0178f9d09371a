use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;

const KEPT_SECONDS: i64 = 24 * 3600;

/// Runs of the daily rollover: the last 400 days.
const LEDGER_KEPT_SECONDS: i64 = 400 * 24 * 3600;

/// Deletes tasks that were done long ago.
pub(crate) async fn run(services: &Services) -> Result<()> {
    let deleted = services.outbox.prune(KEPT_SECONDS, LEDGER_KEPT_SECONDS).await?;
    tracing::debug!(deleted, "old tasks deleted");
    Ok(())
}
