use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::time::timeout;

/// Refunds read at once.
const BATCH: i64 = 200;

/// Calls to PortOne at once, and about the payments of one store: a provider that takes a minute for each keeps no other store waiting.
const AT_ONCE: usize = 32;
const OF_A_STORE: i64 = 4;

/// So often what has come due meanwhile is read.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// So long a run begins attempts. The last of them may take a look and a cancellation more: together less than the lane's limit.
const LONGEST: Duration = Duration::from_secs(50);

/// Refunds that are due for an attempt, the stores in turn, until none is.
pub(crate) async fn run(services: &Services, actor: &Actor) -> Result<()> {
    let begun = Instant::now();
    let (mut queue, mut looked, mut failed) = (VecDeque::new(), begun, false);
    let mut under_way = FuturesUnordered::new();
    loop {
        // What our own database did not take is still due: the next run tries it.
        if !failed && begun.elapsed() < LONGEST {
            if queue.is_empty() || looked.elapsed() >= LOOK_AGAIN {
                queue = services.refunds.due(BATCH, OF_A_STORE).await?.into();
                looked = Instant::now();
            }
            while under_way.len() < AT_ONCE
                && let Some(payment) = queue.pop_front()
            {
                under_way.push(async move {
                    let attempt = services.refunds.attempt(&payment, actor).await;
                    attempt.inspect_err(|error| tracing::error!(%payment, %error, "a refund was not tried; the next run tries again"))
                });
            }
        }
        if under_way.is_empty() {
            return Ok(());
        }
        if let Ok(Some(Err(_))) = timeout(LOOK_AGAIN, under_way.next()).await {
            failed = true;
        }
    }
}
