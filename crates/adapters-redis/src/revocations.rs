//! Redis' memory of the logouts, and how it is made whole again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cheapbob_domain::{
    shared::{Error, Result},
    users::ports::Revocations,
};
use chrono::{DateTime, Utc};
use redis::{Cmd, cmd};
use tracing::Instrument;

use crate::client::{Generation, PART, Question, Redis};

/// All sessions that were logged out, by the end of their tokens in Redis' own time, in one key: so none can be evicted alone.
pub(crate) const KEY: &str = "sessions:revoked";

/// The member that stands for "nobody is missing".
pub(crate) const WHOLE: &str = "";

/// Adds pairs of a life in milliseconds and a session, and forgets whose time is over. That comes first: a script that has written
/// already may go on in a Redis that is full, so that a logout is told there too.
const ADD: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], 1, now)
for i = 1, #ARGV, 2 do redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[i]), ARGV[i + 1]) end
return 1";

/// Says that nobody is missing, where all that was added since the token is still there.
const FINISH: &str = "
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('ZADD', KEYS[1], '+inf', ARGV[2])
return 1";

/// Sessions that are read and written at once.
const PAGE: usize = 1_000;

/// How long the memory may take to become whole.
const RESTORING: Duration = Duration::from_secs(60);

/// How long until that is tried again.
const AGAIN: Duration = Duration::from_secs(1);

fn millis(life: chrono::Duration) -> i64 {
    life.num_milliseconds().max(1)
}

/// The memory over one connection. A Redis that was restarted may have forgotten the last logouts, or all, and so may one that took
/// over from another: either way there is a new connection. So the memory is believed over a connection over which it was made whole.
pub(crate) struct Memory {
    redis: Redis,
    truth: Arc<dyn Revocations>,
    whole_over: AtomicU64,
    restoring: AtomicBool,
    said: AtomicBool,
}

impl Memory {
    pub(crate) fn new(redis: Redis, truth: Arc<dyn Revocations>) -> Self {
        Self { redis, truth, whole_over: AtomicU64::new(0), restoring: AtomicBool::new(false), said: AtomicBool::new(false) }
    }

    /// Where the memory cannot be told, nobody believes it from now on.
    pub(crate) async fn revoke(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        self.truth.record(session_id, now, until).await?;
        if self.add(&[(until - now, session_id)]).await.is_err() {
            self.redis.query::<()>(cmd("DEL").arg(self.redis.key(KEY))).await?;
        }
        Ok(())
    }

    /// Whether the session is revoked although an answer over this connection did not say so.
    pub(crate) async fn has_missed(self: &Arc<Self>, session_id: &str, now: DateTime<Utc>, answer: (Generation, bool)) -> Result<bool> {
        let (generation, whole) = answer;
        if whole && self.whole_over.load(Ordering::Acquire) == generation {
            return Ok(false);
        }
        if !self.restoring.swap(true, Ordering::AcqRel) {
            tokio::spawn(Arc::clone(self).restore_soon(now).in_current_span());
        }
        self.truth.is_recorded(session_id, now).await
    }

    async fn restore_soon(self: Arc<Self>, now: DateTime<Utc>) {
        match self.restore(now).await {
            Ok(()) => self.said.store(false, Ordering::Relaxed),
            Err(error) => {
                if !self.said.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "Redis cannot be told who has logged out; until it can, PostgreSQL is asked at each request");
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
        self.restoring.store(false, Ordering::Release);
    }

    async fn restore(&self, now: DateTime<Utc>) -> Result<()> {
        let token = format!("restoring:{:016x}", rand::random::<u64>());
        let begun = self.add(&[(chrono::Duration::from_std(RESTORING).map_err(Error::internal)?, &token)]).await?;
        let mut after = None;
        loop {
            let page = self.truth.recorded(now, after.as_deref(), i64::try_from(PAGE).map_err(Error::internal)?).await?;
            if !page.is_empty() {
                self.add(&page.iter().map(|one| (one.until - now, one.session_id.as_str())).collect::<Vec<_>>()).await?;
            }
            if page.len() < PAGE {
                break;
            }
            after = page.into_iter().next_back().map(|last| last.session_id);
        }
        let (ended, whole) = self.redis.ask::<bool>(Question::One(self.script(FINISH).arg(&token).arg(WHOLE))).await?;
        if !whole || ended != begun {
            return Err(Error::unavailable(PART, "it lost its memory again"));
        }
        self.whole_over.store(ended, Ordering::Release);
        Ok(())
    }

    async fn add(&self, sessions: &[(chrono::Duration, &str)]) -> Result<Generation> {
        let mut add = self.script(ADD);
        for (life, session) in sessions {
            add.arg(millis(*life)).arg(*session);
        }
        self.redis.ask::<i64>(Question::One(&add)).await.map(|(generation, _)| generation)
    }

    fn script(&self, text: &str) -> Cmd {
        let mut eval = cmd("EVAL");
        eval.arg(text).arg(1).arg(self.redis.key(KEY));
        eval
    }
}
