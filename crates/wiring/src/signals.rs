//! What a process hears of the others.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use cheapbob_adapters_embedded::fakes::{Feed, SandboxClock};
use cheapbob_adapters_postgres::Address;
use cheapbob_adapters_redis::{RedisSessions, RedisSignals};
use cheapbob_domain::{
    orders::ports::PickupSignals,
    shared::RateLimits,
    stores::ports::SearchHistory,
    users::ports::{Sessions, Streams},
};

use crate::{
    connections::{Connections, connect},
    settings::Settings,
};

/// The ports of the ephemeral stores.
pub(crate) struct Ephemeral {
    pub(crate) signals: Arc<dyn PickupSignals>,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) history: Arc<dyn SearchHistory>,
    pub(crate) limits: Arc<dyn RateLimits>,
    pub(crate) streams: Arc<dyn Streams>,
}

impl Ephemeral {
    /// `part` plays all but signals and sessions.
    fn new<T: SearchHistory + RateLimits + Streams + 'static>(
        signals: impl PickupSignals + 'static,
        sessions: impl Sessions + 'static,
        part: T,
    ) -> Self {
        let part = Arc::new(part);
        Self { signals: Arc::new(signals), sessions: Arc::new(sessions), history: part.clone(), limits: part.clone(), streams: part }
    }
}

/// What the process hears: it listens once, and whoever publishes does so over connections of their own.
#[derive(Clone)]
pub(crate) enum Signals {
    /// Redis'; the feed beside it tells of moves of the clock.
    Redis(RedisSignals, RedisSessions, #[expect(dead_code, reason = "listens as long as it is there")] Option<Feed>),
    /// The fake's.
    Feed(Feed),
}

impl Signals {
    /// Starts listening; needs the process' own runtime.
    pub(crate) fn start(settings: &Settings, address: &Address, parts: &Connections, clock: Option<&Arc<SandboxClock>>) -> Result<Self> {
        let feed =
            parts.embedded.as_ref().zip(clock).map(|(embedded, clock)| Feed::start(&connect(address), embedded.clone(), Arc::clone(clock)));
        match (&parts.redis, &settings.redis, feed) {
            (Some(redis), Some(place), feed) => Ok(Self::Redis(
                RedisSignals::start(redis.clone(), place)?,
                RedisSessions::new(redis.clone(), Arc::new(parts.postgres.clone())),
                feed,
            )),
            (_, _, Some(feed)) => Ok(Self::Feed(feed)),
            _ => Err(anyhow!("neither Redis nor its fake")),
        }
    }

    /// What Redis does, or its fake, over these connections.
    pub(crate) fn over(&self, parts: &Connections) -> Result<Ephemeral> {
        match (self, &parts.redis, &parts.embedded) {
            (Self::Redis(signals, sessions, _), Some(redis), _) => {
                let sessions = sessions.over(redis.clone(), Arc::new(parts.postgres.clone()));
                Ok(Ephemeral::new(signals.over(redis.clone()), sessions, redis.clone()))
            }
            (Self::Feed(feed), _, Some(embedded)) => Ok(Ephemeral::new(feed.over(embedded.clone()), embedded.clone(), embedded.clone())),
            _ => Err(anyhow!("neither Redis nor its fake")),
        }
    }
}
