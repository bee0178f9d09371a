//! What is counted for all processes: calls, and streams that are open.

use std::time::Duration;

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Quota, RateLimits, Result},
    users::ports::Streams,
};
use redis::{Cmd, cmd};

use crate::client::Redis;

/// GCRA in microseconds of Redis' own time. The key has the instant at which everything that was let through has recovered; it goes then. 0: one
/// more call is let through. Else after how long one will be. (MGET and not GET: README's ACL has it already.)
const ADMIT: &str = "
local time = redis.call('TIME')
local now, every, burst = time[1] * 1000000 + time[2], tonumber(ARGV[1]), tonumber(ARGV[2])
local recovered = math.max(tonumber(redis.call('MGET', KEYS[1])[1] or 0), now) + every
local wait = recovered - every * burst - now
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', recovered), 'PX', math.ceil((recovered - now) / 1000))
return 0";

/// Leases by their end, in milliseconds of Redis' own time. One that has ended frees its place. (They are all of one length, so that the key goes with the
/// last one.)
const OPEN: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now)
if #redis.call('ZREVRANGE', KEYS[1], 0, -1) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1";

const EXTEND: &str = "
local time = redis.call('TIME')
local until_then = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
redis.call('ZADD', KEYS[1], string.format('%.0f', until_then), ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1";

const CLOSE: &str = "return redis.call('ZREM', KEYS[1], ARGV[1])";

impl Redis {
    /// A script on one key: one question, whole or not at all.
    fn script(&self, text: &str, key: String) -> Cmd {
        let mut eval = cmd("EVAL");
        eval.arg(text).arg(1).arg(key);
        eval
    }

    fn streams_key(&self, account: &Email) -> String {
        self.key(format_args!("streams:{account}"))
    }
}

#[async_trait]
impl RateLimits for Redis {
    async fn admit(&self, quota: &Quota, who: &str) -> Result<Option<Duration>> {
        let every = u64::try_from(quota.every.as_micros()).map_err(Error::internal)?;
        let mut ask = self.script(ADMIT, self.key(format_args!("limit:{}:{who}", quota.name)));
        let wait: u64 = self.query(ask.arg(every).arg(quota.burst)).await?;
        Ok(Some(wait).filter(|wait| *wait > 0).map(Duration::from_micros))
    }
}

#[async_trait]
impl Streams for Redis {
    async fn open(&self, account: &Email, stream: &str, most: usize, lease: Duration) -> Result<bool> {
        let lease = u64::try_from(lease.as_millis()).map_err(Error::internal)?;
        self.query(self.script(OPEN, self.streams_key(account)).arg(most).arg(lease).arg(stream)).await
    }

    async fn extend(&self, account: &Email, stream: &str, lease: Duration) -> Result<()> {
        let lease = u64::try_from(lease.as_millis()).map_err(Error::internal)?;
        self.query(self.script(EXTEND, self.streams_key(account)).arg(lease).arg(stream)).await
    }

    async fn close(&self, account: &Email, stream: &str) -> Result<()> {
        self.query(self.script(CLOSE, self.streams_key(account)).arg(stream)).await
    }
}
