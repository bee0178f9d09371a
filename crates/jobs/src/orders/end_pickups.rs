use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;

/// Orders that no store accepted before its pickup ended are canceled and refunded; accepted ones count as picked up when the store closes.
pub(crate) async fn run(services: &Services, actor: &Actor) -> Result<()> {
    let canceled = services.cancel.pickup_over(actor).await?;
    let completed = services.pickup.complete_closed(actor).await?;
    if canceled + completed > 0 {
        tracing::info!(canceled, completed, "pickups ended");
    }
    Ok(())
}
