use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;

/// Deletes what was told thirty days ago.
pub(crate) async fn run(services: &Services) -> Result<()> {
    let deleted = services.notices.prune().await?;
    tracing::debug!(deleted, "old notices deleted");
    Ok(())
}
