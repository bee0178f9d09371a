use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};

/// Accounts whose withdrawal was asked for are deleted.
pub(crate) async fn run(services: &Services, due_at: DateTime<Utc>) -> Result<()> {
    let deleted = services.deletion.roll_over(due_at).await?;
    tracing::info!(gone = deleted.gone, waiting = deleted.waiting, %due_at, "withdrawn accounts deleted");
    Ok(())
}
