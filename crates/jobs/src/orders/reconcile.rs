use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;
use chrono::Duration;

/// What a hold, its watch and a first refund may have left behind.
pub(crate) async fn hour(services: &Services) -> Result<()> {
    compare(services, Duration::hours(1), "reconcile").await
}

/// The last two business days, whole: what came late, and what was changed at PortOne since.
pub(crate) async fn night(services: &Services) -> Result<()> {
    compare(services, Duration::hours(50), "reconcile_nightly").await
}

async fn compare(services: &Services, span: Duration, name: &'static str) -> Result<()> {
    let compared = services.reconcile.compare(span, &Actor::job(name)).await?;
    if compared.differing + compared.unread > 0 {
        tracing::warn!(?compared, "our books and PortOne's were compared");
    }
    Ok(())
}
