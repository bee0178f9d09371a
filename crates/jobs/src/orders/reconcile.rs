use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;
use chrono::Duration;

/// What a hold, its watch and a first refund may have left behind.
pub(crate) async fn hour(services: &Services, actor: &Actor) -> Result<()> {
    compare(services, actor, Duration::hours(1)).await
}

/// The last two business days, whole: what came late, and what was changed at PortOne since.
pub(crate) async fn night(services: &Services, actor: &Actor) -> Result<()> {
    compare(services, actor, Duration::hours(50)).await
}

async fn compare(services: &Services, actor: &Actor, span: Duration) -> Result<()> {
    let compared = services.reconcile.compare(span, actor).await?;
    if compared.differing + compared.unread > 0 {
        tracing::warn!(?compared, "our books and PortOne's were compared");
    }
    Ok(())
}
