use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};

use super::end_pickups;

/// Orders of business days that are over and that nobody handed out. Missed pickup ends and closings come first: what a store had
/// taken when it closed is complete.
pub(crate) async fn run(services: &Services, actor: &Actor, due_at: DateTime<Utc>) -> Result<()> {
    end_pickups::run(services, actor).await?;
    let canceled = services.cancel.day_over(due_at, actor).await?;
    if canceled > 0 {
        tracing::info!(canceled, "open orders of ended days canceled and refunded");
    }
    Ok(())
}
