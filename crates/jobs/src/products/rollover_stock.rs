use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};

/// Every product begins its business day.
pub(crate) async fn run(services: &Services, due_at: DateTime<Utc>) -> Result<()> {
    let products = services.products.roll_over(due_at).await?;
    tracing::info!(products, %due_at, "stock rolled over");
    Ok(())
}
