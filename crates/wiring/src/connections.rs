//! Connections to the parts: the real one where its settings are there, else its fake.

use std::sync::Arc;

use anyhow::Result;
use cheapbob_adapters_embedded::fakes::{self, Embedded};
use cheapbob_adapters_mongo::Mongo;
use cheapbob_adapters_postgres::{Address, Postgres, Waiting};
use cheapbob_adapters_redis::Redis;
use cheapbob_adapters_s3::S3;

use crate::{breakers::Breakers, settings::Settings};

/// Connections to PostgreSQL that a worker thread has at least, where there are so many: one that a slow report has must not be its only
/// one.
const LEAST_OF_A_WORKER: usize = 4;

/// Worker threads over `size` connections to PostgreSQL: all of them together open no more.
pub(crate) fn workers(size: usize, cores: usize) -> usize {
    cores.min(size / LEAST_OF_A_WORKER).max(1)
}

/// Connections of the fakes.
const EMBEDDED_POOL: usize = 4;

/// How the fakes reach PostgreSQL.
pub fn connect(address: &Address) -> fakes::Connect {
    let address = address.clone();
    Arc::new(move || {
        let address = address.clone();
        Box::pin(async move { address.establish().await })
    })
}

/// Connections to every part that runs. They are driven by the runtime that opened them: each worker thread has a
/// set of its own, since through another thread's each answer would cost two wake-ups, and fail when that thread ends first.
#[derive(Clone)]
pub struct Connections {
    /// The transactional store.
    pub postgres: Postgres,
    /// Where Redis serves.
    pub redis: Option<Redis>,
    /// Where MongoDB serves.
    pub mongo: Option<Mongo>,
    /// Where an object storage serves.
    pub s3: Option<Arc<S3>>,
    /// Where a fake serves.
    pub embedded: Option<Embedded>,
    pub(crate) breakers: Breakers,
}

impl Connections {
    /// Pools that connect when first used; their sizes are shared out to `workers`.
    pub(crate) fn new(settings: &Settings, address: &Address, workers: usize, waiting: Waiting, breakers: &Breakers) -> Result<Self> {
        let share = |size: usize| (size / workers).max(1);
        let postgres = Postgres::new(address, share(settings.db_pool_size), waiting, Arc::clone(&settings.secret_keys))?;
        Ok(Self {
            postgres: match (&settings.postgres_replica, waiting) {
                (Some(replica), Waiting::Person) => {
                    postgres.with_replica(replica, share(settings.db_pool_size), Arc::clone(&breakers.replica))?
                }
                // Jobs act on what they read.
                _ => postgres,
            },
            redis: settings.redis.as_ref().map(|redis| Redis::new(redis, share(settings.redis_pool_size))).transpose()?,
            mongo: settings.mongodb.as_ref().map(Mongo::new).transpose()?.map(|mongo| mongo.with_breaker(Arc::clone(&breakers.mongodb))),
            s3: settings.s3.as_ref().map(S3::new).transpose()?.map(|s3| Arc::new(s3.with_breaker(Arc::clone(&breakers.s3)))),
            embedded: if settings.production { None } else { Some(Embedded::new(&connect(address), share(EMBEDDED_POOL))?) },
            breakers: breakers.clone(),
        })
    }

    /// Parts that `/health/ready` asks, by name.
    pub fn probes(&self) -> Vec<(&'static str, Probe)> {
        fn probe<T, F>(part: &T, ping: impl Fn(T) -> F + Send + Sync + 'static) -> Probe
        where
            T: Clone + Send + Sync + 'static,
            F: Future<Output = cheapbob_domain::shared::Result<()>> + Send + 'static,
        {
            let part = part.clone();
            Arc::new(move || Box::pin(ping(part.clone())))
        }
        let Self { postgres, redis, mongo, s3, .. } = self;
        let mut probes = vec![("postgres", probe(postgres, |p| async move { p.ping().await }))];
        probes.extend(redis.as_ref().map(|part| ("redis", probe(part, |p| async move { p.ping().await }))));
        probes.extend(mongo.as_ref().map(|part| ("mongodb", probe(part, |p| async move { p.ping().await }))));
        probes.extend(s3.as_ref().map(|part| ("s3", probe(part, |p| async move { p.ping().await }))));
        probes
    }
}

/// Asks one part whether it answers.
pub type Probe = Arc<dyn Fn() -> futures::future::BoxFuture<'static, cheapbob_domain::shared::Result<()>> + Send + Sync>;

/// Makes MongoDB's indexes; a MongoDB that is down must not keep everything else from serving.
pub(crate) async fn prepare(mongo: Mongo) {
    const AGAIN: std::time::Duration = std::time::Duration::from_secs(5);
    let mut said = false;
    while let Err(error) = mongo.prepare().await {
        if !said {
            said = true;
            tracing::error!(%error, "MongoDB's indexes could not be made; tried again");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_what_the_setting_says_on_any_machine() {
        for size in 1..=200 {
            for cores in [1, 2, 3, 8, 64, 192] {
                let workers = workers(size, cores);
                let share = (size / workers).max(1);
                assert!((1..=cores).contains(&workers) && workers * share <= size, "{size} for {cores} cores");
                assert!(share >= LEAST_OF_A_WORKER.min(size), "{size} for {cores} cores: {share} for each of {workers}");
            }
        }
        assert_eq!((workers(16, 2), workers(16, 64), workers(3, 64), workers(256, 64)), (2, 4, 1, 64));
    }
}
