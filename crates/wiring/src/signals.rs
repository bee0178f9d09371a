//! What a process hears of the others.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use cheapbob_adapters_embedded::fakes::{Feed, SandboxClock};
use cheapbob_adapters_postgres::Address;
use cheapbob_adapters_redis::{RedisSessions, RedisSignals};
use cheapbob_domain::{orders::ports::PickupSignals, stores::ports::SearchHistory, users::ports::Sessions};

use crate::{
    connections::{Connections, connect},
    settings::Settings,
};

/// The ports of the ephemeral stores.
pub(crate) type Ephemeral = (Arc<dyn PickupSignals>, Arc<dyn Sessions>, Arc<dyn SearchHistory>);

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
                Ok((Arc::new(signals.over(redis.clone())), Arc::new(sessions), Arc::new(redis.clone())))
            }
            (Self::Feed(feed), _, Some(embedded)) => {
                let fake = Arc::new(embedded.clone());
                Ok((Arc::new(feed.over(embedded.clone())), fake.clone(), fake))
            }
            _ => Err(anyhow!("neither Redis nor its fake")),
        }
    }
}
