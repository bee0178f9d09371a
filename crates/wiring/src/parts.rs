//! The parts that have a fake: the real one where its settings are there, else the fake.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use cheapbob_adapters_embedded::fakes::{Embedded, Feed, SandboxClock};
use cheapbob_adapters_mongo::Mongo;
use cheapbob_adapters_postgres::Postgres;
use cheapbob_adapters_redis::{Redis, RedisSessions, RedisSignals};
use cheapbob_adapters_s3::S3;
use cheapbob_domain::{
    orders::ports::{OrderArchive, PickupSignals},
    products::ports::StockReservations,
    stores::ports::SearchHistory,
    users::ports::{Sessions, Withdrawals},
};

use crate::settings::Settings;

/// Connections of the fakes.
const EMBEDDED_POOL: usize = 4;

/// The running parts under the services. Their connections are driven by the runtime that opened them: each worker thread has a
/// set of its own, since through another thread's each answer would cost two wake-ups, and fail when that thread ends first.
pub struct Backing {
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
}

impl Backing {
    /// Connects when first used. The pools are shared out to `workers`.
    pub(crate) fn new(settings: &Settings, url: &str, workers: usize) -> Result<Self> {
        let share = |size: usize| size.div_ceil(workers);
        Ok(Self {
            postgres: Postgres::new(url, share(settings.db_pool_size), Arc::clone(&settings.secret_keys))?,
            redis: settings.redis_url.as_deref().map(|url| Redis::new(url, share(settings.redis_pool_size))).transpose()?,
            mongo: settings.mongodb.as_ref().map(Mongo::new).transpose()?,
            s3: settings.s3.as_ref().map(S3::new).transpose()?.map(Arc::new),
            embedded: if settings.production { None } else { Some(Embedded::new(url, share(EMBEDDED_POOL))?) },
        })
    }

    /// Parts that `/health/ready` asks, by name.
    pub(crate) fn probes(&self) -> Vec<(&'static str, Probe)> {
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

/// Ephemeral stores: Redis, or its fake.
#[derive(Clone)]
pub struct EphemeralStores {
    /// Sessions that have ended.
    pub sessions: Arc<dyn Sessions>,
    /// What customers searched for.
    pub history: Arc<dyn SearchHistory>,
}

impl EphemeralStores {
    /// The fake.
    pub fn fake(fake: &Embedded) -> Self {
        let fake = Arc::new(fake.clone());
        Self { sessions: fake.clone(), history: fake }
    }
}

/// Durable stores: MongoDB, or its fake.
#[derive(Clone)]
pub struct DurableStores {
    /// Orders of days that are over.
    pub archive: Arc<dyn OrderArchive>,
    /// Stock for the next day.
    pub reservations: Arc<dyn StockReservations>,
    /// Requests to be deleted.
    pub withdrawals: Arc<dyn Withdrawals>,
}

/// MongoDB, or its fake.
///
/// # Errors
/// Where there is neither.
pub fn durable_stores(mongo: Option<&Mongo>, fake: Option<&Embedded>) -> Result<DurableStores> {
    fn all<T: OrderArchive + StockReservations + Withdrawals + 'static>(part: T) -> DurableStores {
        let part = Arc::new(part);
        DurableStores { archive: part.clone(), reservations: part.clone(), withdrawals: part }
    }
    match (mongo, fake) {
        (Some(mongo), _) => Ok(all(mongo.clone())),
        (None, Some(fake)) => Ok(all(fake.clone())),
        (None, None) => Err(anyhow!("neither MongoDB nor its fake")),
    }
}

/// What the process hears: it listens once, and whoever publishes does so over connections of their own.
#[derive(Clone)]
pub(crate) enum Signals {
    /// Redis', and what the process remembers of accounts; the feed beside them tells of moves of the clock.
    Redis(RedisSignals, RedisSessions, #[expect(dead_code, reason = "listens as long as it is there")] Option<Feed>),
    /// The fake's.
    Feed(Feed),
}

impl Signals {
    /// Starts listening; needs the process' own runtime.
    pub(crate) fn start(settings: &Settings, url: &str, parts: &Backing, clock: Option<&Arc<SandboxClock>>) -> Result<Self> {
        let feed = parts.embedded.as_ref().zip(clock).map(|(embedded, clock)| Feed::start(url, embedded.clone(), Arc::clone(clock)));
        match (&parts.redis, settings.redis_url.as_deref(), feed) {
            (Some(redis), Some(redis_url), feed) => {
                Ok(Self::Redis(RedisSignals::start(redis.clone(), redis_url)?, RedisSessions::new(redis.clone()), feed))
            }
            (_, _, Some(feed)) => Ok(Self::Feed(feed)),
            _ => Err(anyhow!("neither Redis nor its fake")),
        }
    }

    /// Pickup signals and what else passes, over these parts.
    pub(crate) fn over(&self, parts: &Backing) -> Result<(Arc<dyn PickupSignals>, EphemeralStores)> {
        match (self, &parts.redis, &parts.embedded) {
            (Self::Redis(signals, sessions, _), Some(redis), _) => {
                let ephemeral = EphemeralStores { sessions: Arc::new(sessions.over(redis.clone())), history: Arc::new(redis.clone()) };
                Ok((Arc::new(signals.over(redis.clone())), ephemeral))
            }
            (Self::Feed(feed), _, Some(embedded)) => Ok((Arc::new(feed.over(embedded.clone())), EphemeralStores::fake(embedded))),
            _ => Err(anyhow!("neither Redis nor its fake")),
        }
    }
}
