use cheapbob_domain::{orders::Cause, shared::Result};
use cheapbob_wiring::Services;

/// What no store took before its pickup ended is given up and refunded; what a store took counts as picked up when it closes.
pub(crate) async fn run(services: &Services) -> Result<()> {
    let cause = Cause::job("end_pickups");
    let canceled = services.cancel.pickup_over(&cause).await?;
    let completed = services.pickup.complete_closed(&cause).await?;
    if canceled + completed > 0 {
        tracing::info!(canceled, completed, "pickups ended");
    }
    Ok(())
}
