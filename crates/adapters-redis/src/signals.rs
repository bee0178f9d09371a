use std::sync::atomic::Ordering;

use async_trait::async_trait;
use cheapbob_domain::{
    orders::ports::PickupSignals,
    shared::{Error, PaymentId, Result},
};
use deadpool_redis::redis::cmd;
use futures::stream::BoxStream;

use crate::{PART, Redis, RedisFeed, feed::PICKUPS};

/// Pickup signals over publish/subscribe.
#[derive(Clone)]
pub struct RedisSignals {
    pub(crate) redis: Redis,
    pub(crate) feed: RedisFeed,
}

#[async_trait]
impl PickupSignals for RedisSignals {
    async fn publish(&self, payment: &PaymentId) -> Result<()> {
        self.redis.query(cmd("PUBLISH").arg(format!("{PICKUPS}{payment}")).arg("")).await
    }

    async fn subscribe(&self, payment: &PaymentId) -> Result<BoxStream<'static, ()>> {
        // First into the hub, then the question: a feed lost in between ends the stream.
        let stream = self.feed.heard.hub.subscribe(payment.as_str());
        if self.feed.heard.listening.load(Ordering::SeqCst) { Ok(stream) } else { Err(Error::unavailable(PART, "not subscribed")) }
    }
}
