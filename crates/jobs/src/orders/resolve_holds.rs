use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;
use futures::StreamExt;

/// Holds resolved in one run; the next one takes the rest.
const BATCH: i64 = 1_000;

/// Each asks PortOne for 5 s at most: with so many at once a silent PortOne cannot keep stock beyond the promised 10 s.
const AT_ONCE: usize = 250;

/// Holds whose time is over, and payments watched after that.
pub(crate) async fn run(services: &Services, actor: &Actor) -> Result<()> {
    let due = services.resolve.due(BATCH).await?;
    futures::stream::iter(&due)
        .for_each_concurrent(AT_ONCE, |payment| async move {
            match services.resolve.expire(payment, actor).await {
                Ok(true) => metrics::counter!("cheapbob_holds_expired_total").increment(1),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%payment, %error, "an expired hold was not resolved; the next run tries again");
                }
            }
        })
        .await;
    Ok(())
}
