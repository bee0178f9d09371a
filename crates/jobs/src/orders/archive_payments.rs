use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;

/// Settled payments that are old go to the archive.
pub(crate) async fn run(services: &Services) -> Result<()> {
    let payments = services.past.move_settled().await?;
    tracing::info!(payments, "settled payments archived");
    Ok(())
}
