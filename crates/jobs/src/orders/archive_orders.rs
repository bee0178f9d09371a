use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};

/// Orders of ended days go to the archive.
pub(crate) async fn run(services: &Services, due_at: DateTime<Utc>) -> Result<()> {
    let orders = services.archive.roll_over(due_at).await?;
    tracing::info!(orders, %due_at, "orders archived");
    Ok(())
}
