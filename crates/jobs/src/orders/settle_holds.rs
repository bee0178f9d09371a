use cheapbob_domain::{orders::Cause, shared::Result};
use cheapbob_wiring::Services;
use futures::StreamExt;

/// Payments settled in one run; the next one takes the rest.
const BATCH: i64 = 1_000;

/// Each asks PortOne for 5 s at most: with so many at once a silent PortOne cannot keep stock beyond the promised 10 s.
const AT_ONCE: usize = 250;

/// Holds whose time is over, and payments watched after that.
pub(crate) async fn run(services: &Services) -> Result<()> {
    let cause = Cause::job("settle_holds");
    let due = services.settle.due(BATCH).await?;
    futures::stream::iter(&due)
        .for_each_concurrent(AT_ONCE, |payment| {
            let cause = &cause;
            async move {
                match services.settle.expire(payment, cause).await {
                    Ok(true) => metrics::counter!("cheapbob_holds_expired_total").increment(1),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::error!(%payment, %error, "a hold whose time is over was not settled; the next run tries again");
                    }
                }
            }
        })
        .await;
    Ok(())
}
