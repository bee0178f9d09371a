use cheapbob_domain::{
    orders::{Actor, Compared},
    shared::Result,
};
use cheapbob_wiring::Services;
use chrono::Duration;

/// What a hold, its watch and a first refund may have left behind.
pub(crate) async fn hour(services: &Services, actor: &Actor) -> Result<()> {
    log(services.reconcile.compare(Duration::hours(1), actor).await)
}

/// The last two business days, whole: what was begun in them, and money that came or went in them of what was begun long before.
pub(crate) async fn night(services: &Services, actor: &Actor) -> Result<()> {
    const SPAN: Duration = Duration::hours(50);
    log(services.reconcile.compare(SPAN, actor).await)?;
    log(services.reconcile.compare_changed(SPAN, actor).await)
}

fn log(compared: Result<Compared>) -> Result<()> {
    let compared = compared?;
    if compared.differing + compared.unread > 0 {
        let Compared { stores, unread, differing } = compared;
        tracing::warn!(stores, unread, differing, "our books and PortOne's differed or could not be read; the lines before say where");
    }
    Ok(())
}
