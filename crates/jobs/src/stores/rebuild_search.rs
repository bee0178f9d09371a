use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;

/// The index of the searches' words.
pub(crate) async fn run(services: &Services) -> Result<()> {
    services.search.rebuild().await
}
