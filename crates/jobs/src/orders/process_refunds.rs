use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;
use futures::StreamExt;

/// Refunds tried in one run; the next one takes the rest.
const BATCH: i64 = 200;

/// Calls to PortOne at once.
const AT_ONCE: usize = 16;

/// Refunds that are due for an attempt.
pub(crate) async fn run(services: &Services, actor: &Actor) -> Result<()> {
    let due = services.refunds.due(BATCH).await?;
    futures::stream::iter(&due)
        .for_each_concurrent(AT_ONCE, |payment| async move {
            if let Err(error) = services.refunds.attempt(payment, actor).await {
                tracing::error!(%payment, %error, "a refund was not tried; the next run tries again");
            }
        })
        .await;
    Ok(())
}
