//! Calls that are counted in this process' memory, for itself or while nobody counts for all.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    num::NonZeroU32,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cheapbob_domain::shared::{Error, Quota as OurQuota, RateLimits, Result};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DashMapStateStore,
};

/// Calls of a rule between two looks at how much it remembers.
const LOOK_EVERY: usize = 1_024;

/// What is remembered of a rule before what has recovered is forgotten.
const FEW: usize = 10_000;

/// What this process counts. It remembers a number for each caller, not who they are, and forgets who has recovered: memory is bounded by the calls
/// that are let through in the time of one recovery.
#[derive(Default)]
pub struct ProcessLimits {
    /// One for each quota, of which there are as many as rules.
    counters: RwLock<HashMap<&'static str, Arc<Counter>>>,
    /// Random, so that nobody can choose to be counted as somebody else.
    hasher: RandomState,
}

struct Counter {
    limiter: RateLimiter<u64, DashMapStateStore<u64>, DefaultClock>,
    clock: DefaultClock,
    calls: AtomicUsize,
    /// Callers remembered beyond which those who have recovered are forgotten.
    most: AtomicUsize,
}

impl Counter {
    fn new(quota: &OurQuota) -> Result<Self> {
        let burst = NonZeroU32::new(quota.burst).ok_or_else(|| Error::internal("a quota of nothing"))?;
        let quota = Quota::with_period(quota.every).ok_or_else(|| Error::internal("a quota without an interval"))?.allow_burst(burst);
        let clock = DefaultClock::default();
        let limiter = RateLimiter::dashmap_with_clock(quota, clock.clone());
        Ok(Self { limiter, clock, calls: AtomicUsize::new(0), most: AtomicUsize::new(FEW) })
    }

    fn admit(&self, who: u64) -> Option<Duration> {
        if self.calls.fetch_add(1, Ordering::Relaxed) % LOOK_EVERY == LOOK_EVERY - 1 {
            self.forget();
        }
        self.limiter.check_key(&who).err().map(|refused| refused.wait_time_from(self.clock.now()))
    }

    /// Costs as much as all that is remembered: so not before that has doubled.
    fn forget(&self) {
        if self.limiter.len() > self.most.load(Ordering::Relaxed) {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
            self.most.store((2 * self.limiter.len()).max(FEW), Ordering::Relaxed);
        }
    }
}

impl ProcessLimits {
    fn counter(&self, quota: &OurQuota) -> Result<Arc<Counter>> {
        if let Some(counter) = self.counters.read().unwrap_or_else(PoisonError::into_inner).get(quota.name) {
            return Ok(Arc::clone(counter));
        }
        let fresh = Arc::new(Counter::new(quota)?);
        let mut counters = self.counters.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(counters.entry(quota.name).or_insert(fresh)))
    }
}

#[async_trait]
impl RateLimits for ProcessLimits {
    async fn admit(&self, quota: &OurQuota, who: &str) -> Result<Option<Duration>> {
        Ok(self.counter(quota)?.admit(self.hasher.hash_one(who)))
    }
}

#[cfg(test)]
mod tests {
    use cheapbob_domain::shared::Counted;

    use super::*;

    #[test]
    fn who_has_recovered_is_forgotten() {
        let quota = OurQuota { name: "tests", burst: 1, every: Duration::from_nanos(1), counted: Counted::Apart };
        let counter = Counter::new(&quota).unwrap();
        for who in 0..100_000 {
            counter.admit(who);
        }
        assert!(counter.limiter.len() <= FEW + LOOK_EVERY, "{}", counter.limiter.len());
    }
}
