use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;

/// What no store took before its pickup ended is given up and refunded; what a store took counts as picked up when it closes.
pub(crate) async fn run(services: &Services) -> Result<()> {
    let actor = Actor::job("end_pickups");
    let canceled = services.cancel.pickup_over(&actor).await?;
    let completed = services.pickup.complete_closed(&actor).await?;
    if canceled + completed > 0 {
        tracing::info!(canceled, completed, "pickups ended");
    }
    Ok(())
}
