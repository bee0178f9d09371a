use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;

/// Objects that no picture names.
pub(crate) async fn run(services: &Services) -> Result<()> {
    let deleted = services.images.delete_orphans().await?;
    tracing::info!(deleted, "objects without a row deleted");
    Ok(())
}
