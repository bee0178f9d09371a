//! Pickup signals: one subscription a process, whose feed every waiting screen reads.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{PickupFeed, ports::PickupSignals},
    shared::{Error, PaymentId, Result},
};
use futures::{StreamExt, stream::BoxStream};
use redis::{aio::PubSubSink, cmd};
use tokio::time::{MissedTickBehavior, error::Elapsed, interval, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    client::{PART, PATIENCE, Redis, failed},
    place::{Place, RedisSettings},
};

/// Pickups, each on a channel of its own. Whoever publishes and whoever listens is at the server that has our keys; where that has just
/// changed, replicas and the other nodes of a Cluster are told what is published as well.
const PICKUPS: &str = "pickup:";

/// How often Redis is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(1);

/// How long until a lost feed is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// Pickup signals over publish/subscribe.
#[derive(Clone)]
pub struct RedisSignals {
    redis: Redis,
    feed: PickupFeed,
    _task: Arc<AbortOnDropHandle<()>>,
}

impl RedisSignals {
    /// Starts listening where the settings say, on the tokio runtime of the caller; publishes over `redis`.
    ///
    /// # Errors
    /// Where the settings name no Redis.
    pub fn start(redis: Redis, settings: &RedisSettings) -> Result<Self, redis::RedisError> {
        let place = settings.place()?;
        let feed = PickupFeed::default();
        let task = tokio::spawn(listen(place, feed.clone()));
        Ok(Self { redis, feed, _task: Arc::new(AbortOnDropHandle::new(task)) })
    }

    /// The same feed, published over another connection.
    #[must_use]
    pub fn over(&self, redis: Redis) -> Self {
        Self { redis, ..self.clone() }
    }
}

async fn listen(place: Place, feed: PickupFeed) {
    let mut said = false;
    loop {
        let ended = hear(&place, &feed).await;
        // Said once for an outage, not twice a second.
        said &= !feed.close();
        if let Err(e) = ended
            && !said
        {
            said = true;
            tracing::warn!(error = %failed(&e), "Redis does not answer; until it does, screens poll their order each second");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn hear(place: &Place, feed: &PickupFeed) -> Result<(), redis::RedisError> {
    let subscribed = async {
        let mut pubsub = place.find().await?.get_async_pubsub().await?;
        pubsub.psubscribe(format!("{PICKUPS}*")).await?;
        Ok::<_, redis::RedisError>(pubsub)
    };
    let pubsub = timeout(PATIENCE, subscribed).await.map_err(silent)??;
    feed.open();
    let (mut sink, mut messages) = pubsub.split();
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => if let Some(payment) = message.get_channel_name().strip_prefix(PICKUPS) {
                    feed.tell(payment);
                },
                None => return Ok(()),
            },
            _ = pings.tick() => ping(&mut sink).await?,
        }
    }
}

fn silent(_: Elapsed) -> redis::RedisError {
    redis::RedisError::from((redis::ErrorKind::Io, "no answer within a second"))
}

async fn ping(sink: &mut PubSubSink) -> Result<(), redis::RedisError> {
    timeout(PATIENCE, sink.ping::<redis::Value>()).await.map_err(silent)?.map(|_| ())
}

#[async_trait]
impl PickupSignals for RedisSignals {
    async fn publish(&self, payment: &PaymentId) -> Result<()> {
        self.redis.query(cmd("PUBLISH").arg(format!("{PICKUPS}{payment}")).arg("")).await
    }

    async fn subscribe(&self, payment: &PaymentId) -> Result<BoxStream<'static, ()>> {
        self.feed.subscribe(payment).ok_or_else(|| Error::unavailable(PART, "not subscribed"))
    }
}
