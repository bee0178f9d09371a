//! Pickup signals: one subscription a process, whose feed every waiting screen reads.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cheapbob_domain::{
    orders::ports::PickupSignals,
    shared::{Error, PaymentId, Result},
};
use deadpool_redis::redis::{self, aio::PubSubSink, cmd};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use crate::client::{PART, PATIENCE, Redis};

/// Pickups, each on a channel of its own.
const PICKUPS: &str = "pickup:";

/// How often Redis is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(1);

/// How long until a lost feed is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// Pickups that a screen may be behind; one that is further behind reads its order once more than it would have to.
const BEHIND: usize = 256;

/// Payments that were picked up, as this process hears of them. `None` while it hears nothing: dropping the sender ends every stream.
type Heard = Arc<watch::Sender<Option<broadcast::Sender<String>>>>;

/// Pickup signals over publish/subscribe.
#[derive(Clone)]
pub struct RedisSignals {
    redis: Redis,
    heard: Heard,
    _task: Arc<AbortOnDropHandle<()>>,
}

impl RedisSignals {
    /// Starts listening at `url`, on the tokio runtime of the caller; publishes over `redis`.
    ///
    /// # Errors
    /// Where `url` is not one of Redis.
    pub fn start(redis: Redis, url: &str) -> Result<Self, redis::RedisError> {
        let client = redis::Client::open(url)?;
        let heard = Heard::new(watch::Sender::new(None));
        let task = tokio::spawn(listen(client, Arc::clone(&heard)));
        Ok(Self { redis, heard, _task: Arc::new(AbortOnDropHandle::new(task)) })
    }

    /// The same feed, published over another connection.
    #[must_use]
    pub fn over(&self, redis: Redis) -> Self {
        Self { redis, ..self.clone() }
    }
}

async fn listen(client: redis::Client, heard: Heard) {
    let mut said = false;
    loop {
        let ended = feed(&client, &heard).await;
        // Said once for an outage, not twice a second.
        said &= heard.send_replace(None).is_none();
        if let Err(e) = ended
            && !said
        {
            said = true;
            tracing::warn!(error = %e, "Redis does not answer; until it does, screens poll their order each second");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn feed(client: &redis::Client, heard: &Heard) -> Result<(), redis::RedisError> {
    let mut pubsub = client.get_async_pubsub().await?;
    pubsub.psubscribe(format!("{PICKUPS}*")).await?;
    let sender = broadcast::Sender::new(BEHIND);
    heard.send_replace(Some(sender.clone()));
    let (mut sink, mut messages) = pubsub.split();
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => if let Some(payment) = message.get_channel_name().strip_prefix(PICKUPS) {
                    // Fails where no screen waits.
                    let _ = sender.send(payment.to_owned());
                },
                None => return Ok(()),
            },
            _ = pings.tick() => ping(&mut sink).await?,
        }
    }
}

async fn ping(sink: &mut PubSubSink) -> Result<(), redis::RedisError> {
    let silent = |_| redis::RedisError::from((redis::ErrorKind::Io, "no answer within a second"));
    timeout(PATIENCE, sink.ping::<redis::Value>()).await.map_err(silent)?.map(|_| ())
}

#[async_trait]
impl PickupSignals for RedisSignals {
    async fn publish(&self, payment: &PaymentId) -> Result<()> {
        self.redis.query(cmd("PUBLISH").arg(format!("{PICKUPS}{payment}")).arg("")).await
    }

    async fn subscribe(&self, payment: &PaymentId) -> Result<BoxStream<'static, ()>> {
        let payments = self.heard.borrow().as_ref().map(broadcast::Sender::subscribe);
        let payments = payments.ok_or_else(|| Error::unavailable(PART, "not subscribed"))?;
        Ok(pickups_of(payment.clone(), payments))
    }
}

fn pickups_of(payment: PaymentId, payments: broadcast::Receiver<String>) -> BoxStream<'static, ()> {
    let next = |(payment, mut payments): (PaymentId, broadcast::Receiver<String>)| async move {
        loop {
            match payments.recv().await {
                Ok(picked_up) if picked_up != payment.as_str() => {}
                // What was missed may have been this one.
                Ok(_) | Err(RecvError::Lagged(_)) => return Some(((), (payment, payments))),
                Err(RecvError::Closed) => return None,
            }
        }
    };
    stream::unfold((payment, payments), next).boxed()
}
