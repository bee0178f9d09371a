//! What one connection hears for the whole process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use cheapbob_domain::orders::SignalHub;
use deadpool_redis::redis::{self, Msg, aio::PubSubSink, cmd};
use futures::{FutureExt, StreamExt};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Redis, RedisSessions, RedisSignals,
    memory::{Memory, TRUST},
};

/// Pickups, each on a channel of its own.
pub(crate) const PICKUPS: &str = "pickup:";

/// How often Redis is asked whether it is still there: several times before what is remembered counts no more.
const PING_EVERY: Duration = Duration::from_millis(250);

/// Who has heard of a change; nobody asks a minute later.
const HEARD: &str = "redis.call('SADD', KEYS[1], ARGV[1]) redis.call('PEXPIRE', KEYS[1], 60000)";

/// One subscription of the process: pickup signals, and changes of what it remembers of sessions.
#[derive(Clone)]
pub struct RedisFeed {
    pub(crate) heard: Arc<Heard>,
    _task: Arc<AbortOnDropHandle<()>>,
}

/// What the listener tells everybody else in the process.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) hub: SignalHub,
    pub(crate) memory: Memory,
    pub(crate) listening: AtomicBool,
}

impl RedisFeed {
    /// Starts listening at `url`; needs a tokio runtime. `redis`, of the same runtime, tells what was heard.
    ///
    /// # Errors
    /// Where the URL is none.
    pub fn start(redis: Redis, url: &str) -> Result<Self, redis::RedisError> {
        let client = redis::Client::open(url)?;
        let heard = Arc::<Heard>::default();
        let listener = Listener { client, redis, me: rand::random(), heard: Arc::clone(&heard) };
        let task = tokio::spawn(async move { listener.listen().await });
        Ok(Self { heard, _task: Arc::new(AbortOnDropHandle::new(task)) })
    }

    /// Pickup signals, published over `redis`.
    pub fn signals(&self, redis: Redis) -> RedisSignals {
        RedisSignals { redis, feed: self.clone() }
    }

    /// Sessions, kept over `redis`.
    pub fn sessions(&self, redis: Redis) -> RedisSessions {
        RedisSessions { redis, feed: self.clone() }
    }
}

/// The key of who has heard of a change.
pub(crate) fn listeners_of(change: &str) -> String {
    format!("heard:{change}")
}

struct Listener {
    client: redis::Client,
    redis: Redis,
    /// This feed among all.
    me: u64,
    heard: Arc<Heard>,
}

impl Listener {
    async fn listen(&self) {
        let mut said = false;
        loop {
            let ended = self.feed().await;
            // Said once for an outage, not twice a second.
            said &= !self.heard.listening.swap(false, Ordering::SeqCst);
            self.heard.memory.lose();
            self.heard.hub.lose();
            if let Err(e) = ended
                && !said
            {
                said = true;
                tracing::warn!(error = %e, "Redis does not answer; until it does, screens poll their order each second and each request asks for its session");
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    async fn feed(&self) -> Result<(), redis::RedisError> {
        let mut pubsub = self.client.get_async_pubsub().await?;
        pubsub.psubscribe(format!("{PICKUPS}*")).await?;
        pubsub.subscribe(self.redis.changes()).await?;
        self.heard.listening.store(true, Ordering::SeqCst);
        let (mut sink, mut messages) = pubsub.split();
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.hear(&message),
                    None => return Ok(()),
                },
                _ = pings.tick() => {
                    let asked = Instant::now();
                    ping(&mut sink).await?;
                    // What was said before the answer waits here.
                    while let Some(Some(message)) = messages.next().now_or_never() {
                        self.hear(&message);
                    }
                    self.heard.memory.trust_from(asked);
                }
            }
        }
    }

    fn hear(&self, message: &Msg) {
        if let Some(payment) = message.get_channel_name().strip_prefix(PICKUPS) {
            self.heard.hub.deliver(payment);
            return;
        }
        let Ok(payload) = message.get_payload::<String>() else { return };
        let Some((change, what)) = payload.split_once(' ') else { return };
        self.heard.memory.forget(what);
        let (redis, me, change) = (self.redis.clone(), self.me, listeners_of(change));
        tokio::spawn(async move {
            // Unheard, who waits goes on when nobody trusts his memory any more.
            let _: Result<(), _> = redis.query(cmd("EVAL").arg(HEARD).arg(1).arg(change).arg(me)).await;
        });
    }
}

async fn ping(sink: &mut PubSubSink) -> Result<(), redis::RedisError> {
    let silent = |_| redis::RedisError::from((redis::ErrorKind::Io, "no answer within a second"));
    timeout(TRUST, sink.ping::<redis::Value>()).await.map_err(silent)?.map(|_| ())
}
