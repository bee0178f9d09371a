//! How often something may be done: the generic cell rate algorithm (GCRA), as telephone networks have it (ITU-T I.371).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use super::error::{ErrorKind, Refusal, Result};

/// Somebody calls more often than a person would.
pub const TOO_MANY_REQUESTS: Refusal =
    Refusal::new(ErrorKind::TooMany, "too_many_requests", "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.");

/// Where calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// In each process for itself, in its memory: it costs the call nothing, and of several processes each lets so many through.
    Apart,
    /// In all processes together, which costs a question to Redis.
    Together,
}

/// So many calls at once, and one more after each interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The rule's name, in keys, metrics and logs.
    pub name: &'static str,
    /// Calls at once of somebody who has not called for a while; at least 1.
    pub burst: u32,
    /// Then one more each time that so much has passed; more than zero.
    pub every: Duration,
    /// By whom they are counted.
    pub counted: Counted,
}

/// The counts behind [`Quota`]s.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait RateLimits: Send + Sync {
    /// One more call by `who`. `None`: it is within the quota, and counts. Else after how long one will be; a call that is refused MUST NOT
    /// count, so that whoever goes on asking is not kept out for longer.
    ///
    /// Of calls at once, through whichever process, no more MUST be let through than the quota has. Time is that of the part which counts:
    /// the product's clock may be moved. A count that has recovered MUST be forgotten by itself.
    async fn admit(&self, quota: &Quota, who: &str) -> Result<Option<Duration>>;
}

/// Counts calls where their quota says. Where the part that counts for all processes is away, each goes on for itself: nobody is kept out
/// because nobody counts.
pub struct RateLimiter {
    together: Arc<dyn RateLimits>,
    apart: Arc<dyn RateLimits>,
    away: AtomicBool,
}

impl RateLimiter {
    /// Over what counts for all processes `together`, and what counts for this one.
    pub fn new(together: Arc<dyn RateLimits>, apart: Arc<dyn RateLimits>) -> Self {
        Self { together, apart, away: AtomicBool::new(false) }
    }

    /// `None`: the call is within the quota. Else after how long one will be.
    pub async fn admit(&self, quota: &Quota, who: &str) -> Option<Duration> {
        if quota.counted == Counted::Together {
            match self.together.admit(quota, who).await {
                Ok(answer) => {
                    self.away.store(false, Ordering::Relaxed);
                    return answer;
                }
                Err(error) if !self.away.swap(true, Ordering::Relaxed) => {
                    tracing::warn!(%error, "calls cannot be counted for all processes; each counts for itself until they can");
                }
                Err(_) => {}
            }
        }
        // A memory that cannot count limits nobody.
        self.apart.admit(quota, who).await.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Error;

    fn quota(counted: Counted) -> Quota {
        Quota { name: "tests", burst: 3, every: Duration::from_secs(1), counted }
    }

    fn answering(times: usize, answer: fn() -> Result<Option<Duration>>) -> Arc<dyn RateLimits> {
        let mut limits = MockRateLimits::new();
        limits.expect_admit().times(times).withf(|_, who| who == "w").returning(move |_, _| answer());
        Arc::new(limits)
    }

    const WAIT: Duration = Duration::from_secs(7);

    #[tokio::test]
    async fn what_is_counted_together_is_asked_once_and_nothing_else() {
        let limiter = RateLimiter::new(answering(1, || Ok(Some(WAIT))), answering(0, || Ok(None)));
        assert_eq!(limiter.admit(&quota(Counted::Together), "w").await, Some(WAIT));
        let limiter = RateLimiter::new(answering(0, || Ok(None)), answering(1, || Ok(Some(WAIT))));
        assert_eq!(limiter.admit(&quota(Counted::Apart), "w").await, Some(WAIT));
    }

    #[tokio::test]
    async fn each_process_counts_for_itself_while_nobody_counts_for_all() {
        let away = || Err(Error::unavailable("redis", "away"));
        let limiter = RateLimiter::new(answering(2, away), answering(2, || Ok(Some(WAIT))));
        for _ in 0..2 {
            assert_eq!(limiter.admit(&quota(Counted::Together), "w").await, Some(WAIT));
        }
        let limiter = RateLimiter::new(answering(1, away), answering(1, away));
        assert_eq!(limiter.admit(&quota(Counted::Together), "w").await, None, "nobody is kept out because nobody counts");
    }
}
