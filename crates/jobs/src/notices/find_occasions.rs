use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;

/// Looks what has happened at favourite stores since the last look, and writes a task for each.
pub(crate) async fn run(services: &Services) -> Result<()> {
    let found = services.notices.find().await?;
    if found > 0 {
        tracing::info!(found, "occasions found");
    }
    Ok(())
}
