use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{SignalHub, ports::PickupSignals},
    shared::{Error, PaymentId, Result},
};
use deadpool_redis::redis::{self, cmd};
use futures::{StreamExt, stream::BoxStream};

use crate::{PART, Redis};

const CHANNEL: &str = "pickup:";

/// Pickup signals over publish/subscribe: one connection listens for the process.
#[derive(Clone)]
pub struct RedisSignals {
    redis: Redis,
    hub: Arc<SignalHub>,
    listening: Arc<AtomicBool>,
    _feed: Arc<AbortOnDrop>,
}

impl RedisSignals {
    /// Starts listening; needs a tokio runtime.
    ///
    /// # Errors
    /// Where the URL is none.
    pub fn start(redis: Redis, url: &str) -> std::result::Result<Self, redis::RedisError> {
        let client = redis::Client::open(url)?;
        let (hub, listening) = (Arc::new(SignalHub::default()), Arc::new(AtomicBool::new(false)));
        let feed = tokio::spawn(listen(client, Arc::clone(&hub), Arc::clone(&listening)));
        Ok(Self { redis, hub, listening, _feed: Arc::new(AbortOnDrop(feed)) })
    }

    /// The same signals, published over another connection.
    #[must_use]
    pub fn over(&self, redis: Redis) -> Self {
        Self { redis, ..self.clone() }
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(client: redis::Client, hub: Arc<SignalHub>, listening: Arc<AtomicBool>) {
    let mut said = false;
    loop {
        let ended = feed(&client, &hub, &listening).await;
        // Said once for an outage, not twice a second.
        said &= !listening.swap(false, Ordering::SeqCst);
        if let Err(e) = ended
            && !said
        {
            said = true;
            tracing::warn!(error = %e, "no pickup signals from redis; screens read their order each second until they come again");
        }
        hub.lose();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn feed(client: &redis::Client, hub: &SignalHub, listening: &AtomicBool) -> std::result::Result<(), redis::RedisError> {
    let mut pubsub = client.get_async_pubsub().await?;
    pubsub.psubscribe(format!("{CHANNEL}*")).await?;
    listening.store(true, Ordering::SeqCst);
    let mut messages = pubsub.into_on_message();
    while let Some(message) = messages.next().await {
        if let Some(payment) = message.get_channel_name().strip_prefix(CHANNEL) {
            hub.deliver(payment);
        }
    }
    Ok(())
}

#[async_trait]
impl PickupSignals for RedisSignals {
    async fn publish(&self, payment: &PaymentId) -> Result<()> {
        self.redis.query(cmd("PUBLISH").arg(format!("{CHANNEL}{payment}")).arg("")).await
    }

    async fn subscribe(&self, payment: &PaymentId) -> Result<BoxStream<'static, ()>> {
        // First into the hub, then the question: a feed lost in between ends the stream.
        let stream = self.hub.subscribe(payment.as_str());
        if self.listening.load(Ordering::SeqCst) { Ok(stream) } else { Err(Error::unavailable(PART, "not subscribed")) }
    }
}
