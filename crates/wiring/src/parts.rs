//! The parts that have a twin: the real one where its settings are there, else the twin.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use cheapbob_adapters_embedded::{Embedded, clock::SandboxClock, feed::Feed};
use cheapbob_adapters_mongo::Mongo;
use cheapbob_adapters_redis::{Redis, RedisSignals};
use cheapbob_domain::{
    orders::ports::{OrderArchive, PickupSignals},
    products::ports::StockReservations,
    stores::ports::SearchHistory,
    users::ports::{Sessions, Withdrawals},
};

use crate::settings::Settings;

/// Makes MongoDB's indexes; a MongoDB that is down must not keep everything else from serving.
pub(crate) async fn prepare(mongo: Mongo) {
    const AGAIN: std::time::Duration = std::time::Duration::from_secs(5);
    let mut said = false;
    while let Err(error) = mongo.prepare().await {
        if !said {
            said = true;
            tracing::error!(%error, "MongoDB's indexes are not made; tried again until they are");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// What passes: Redis, or its twin.
#[derive(Clone)]
pub struct Passing {
    /// Sessions that have ended.
    pub sessions: Arc<dyn Sessions>,
    /// What customers searched for.
    pub history: Arc<dyn SearchHistory>,
}

/// Redis, or its twin.
///
/// # Errors
/// Where there is neither.
pub fn passing(redis: Option<&Redis>, twin: Option<&Embedded>) -> Result<Passing> {
    fn both<T: Sessions + SearchHistory + 'static>(part: T) -> Passing {
        let part = Arc::new(part);
        Passing { sessions: part.clone(), history: part }
    }
    match (redis, twin) {
        (Some(redis), _) => Ok(both(redis.clone())),
        (None, Some(twin)) => Ok(both(twin.clone())),
        (None, None) => Err(anyhow!("neither Redis nor its twin")),
    }
}

/// What is kept for long: MongoDB, or its twin.
#[derive(Clone)]
pub struct Kept {
    /// Orders of days that are over.
    pub archive: Arc<dyn OrderArchive>,
    /// Stock for the next day.
    pub reservations: Arc<dyn StockReservations>,
    /// Requests to be deleted.
    pub withdrawals: Arc<dyn Withdrawals>,
}

/// MongoDB, or its twin.
///
/// # Errors
/// Where there is neither.
pub fn kept(mongo: Option<&Mongo>, twin: Option<&Embedded>) -> Result<Kept> {
    fn all<T: OrderArchive + StockReservations + Withdrawals + 'static>(part: T) -> Kept {
        let part = Arc::new(part);
        Kept { archive: part.clone(), reservations: part.clone(), withdrawals: part }
    }
    match (mongo, twin) {
        (Some(mongo), _) => Ok(all(mongo.clone())),
        (None, Some(twin)) => Ok(all(twin.clone())),
        (None, None) => Err(anyhow!("neither MongoDB nor its twin")),
    }
}

pub(crate) fn signals(
    settings: &Settings,
    url: &str,
    redis: Option<&Redis>,
    embedded: Option<&(Embedded, Arc<SandboxClock>)>,
) -> Result<Arc<dyn PickupSignals>> {
    // The feed runs also beside Redis: it tells of moves of the clock.
    let feed = embedded.map(|(embedded, clock)| Feed::start(url, embedded.clone(), Arc::clone(clock)));
    match (redis, settings.redis_url.as_deref(), feed) {
        (Some(redis), Some(redis_url), feed) => {
            Ok(Arc::new(BesideFeed { signals: RedisSignals::start(redis.clone(), redis_url)?, _feed: feed }))
        }
        (_, _, Some(feed)) => Ok(Arc::new(feed)),
        _ => Err(anyhow!("neither Redis nor its twin")),
    }
}

/// Keeps the feed of the sandbox's clock alive as long as Redis' signals.
struct BesideFeed {
    signals: RedisSignals,
    _feed: Option<Feed>,
}

#[async_trait::async_trait]
impl PickupSignals for BesideFeed {
    async fn publish(&self, payment: &cheapbob_domain::shared::PaymentId) -> cheapbob_domain::shared::Result<()> {
        self.signals.publish(payment).await
    }

    async fn subscribe(
        &self,
        payment: &cheapbob_domain::shared::PaymentId,
    ) -> cheapbob_domain::shared::Result<futures::stream::BoxStream<'static, ()>> {
        self.signals.subscribe(payment).await
    }
}
