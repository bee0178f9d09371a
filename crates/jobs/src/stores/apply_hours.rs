use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};

/// Reserved opening hours take effect.
pub(crate) async fn run(services: &Services, due_at: DateTime<Utc>) -> Result<()> {
    let stores = services.hours.roll_over(due_at).await?;
    tracing::info!(stores, %due_at, "planned hours took effect");
    Ok(())
}
