use std::sync::atomic::{AtomicBool, Ordering};

use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;
use futures::StreamExt;

/// Holds resolved in one round.
const ENDED: i64 = 200;

/// Watched payments looked at in one round, beside them.
const WATCHED: i64 = 50;

/// Rounds of one run; the next one takes the rest.
const ROUNDS: usize = 4;

/// Holds whose time is over, and payments watched after that. All of a round are asked about at once: it ends within the 5 s that PortOne
/// has for an answer, and the next round takes first what has come due meanwhile. So a silent PortOne cannot keep stock beyond the
/// promised 10 s, and a PortOne store with a thousand holds not that of another.
pub(crate) async fn run(services: &Services, actor: &Actor) -> Result<()> {
    for _ in 0..ROUNDS {
        let due = services.resolve.due(ENDED, WATCHED).await?;
        let failed = AtomicBool::new(false);
        let unresolved = &failed;
        futures::stream::iter(&due)
            .for_each_concurrent(None, |payment| async move {
                match services.resolve.expire(payment, actor).await {
                    Ok(true) => metrics::counter!("cheapbob_holds_expired_total").increment(1),
                    Ok(false) => {}
                    Err(error) => {
                        unresolved.store(true, Ordering::Relaxed);
                        tracing::error!(%payment, %error, "an expired hold was not resolved; the next run tries again");
                    }
                }
            })
            .await;
        // Neither share was full; or what is still due would be tried again at once.
        if due.len() < WATCHED as usize || failed.into_inner() {
            break;
        }
    }
    Ok(())
}
