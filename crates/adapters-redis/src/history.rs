use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Result},
    stores::{KEPT, KEPT_FOR, ports::SearchHistory},
};
use chrono::{DateTime, Utc};
use redis::cmd;

use crate::client::Redis;

/// A sorted set by the instant in microseconds, which a float holds exactly until the year 2255. Two searches within one
/// microsecond, or after a clock that was set back: the later one still comes first.
const REMEMBER: &str = "
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local score = tonumber(ARGV[2])
if newest[2] and tonumber(newest[2]) >= score then score = tonumber(newest[2]) + 1 end
redis.call('ZADD', KEYS[1], string.format('%.0f', score), ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1";

fn key(redis: &Redis, customer: &Email) -> String {
    redis.key(format_args!("search_history:{customer}"))
}

fn oldest(now: DateTime<Utc>) -> i64 {
    (now - KEPT_FOR).timestamp_micros()
}

#[async_trait]
impl SearchHistory for Redis {
    async fn remember(&self, customer: &Email, search_name: &str, now: DateTime<Utc>) -> Result<()> {
        let (micros, life) = (now.timestamp_micros(), KEPT_FOR.num_milliseconds());
        let mut eval = cmd("EVAL");
        eval.arg(REMEMBER).arg(1).arg(key(self, customer)).arg(search_name).arg(micros).arg(KEPT).arg(life);
        self.query::<i64>(&eval).await.map(|_| ())
    }

    async fn list(&self, customer: &Email, now: DateTime<Utc>) -> Result<Vec<String>> {
        let mut range = cmd("ZREVRANGEBYSCORE");
        range.arg(key(self, customer)).arg("+inf").arg(format!("({}", oldest(now)));
        self.query(&range).await
    }

    async fn forget(&self, customer: &Email, search_name: &str, now: DateTime<Utc>) -> Result<bool> {
        self.query::<i64>(cmd("ZREMRANGEBYSCORE").arg(key(self, customer)).arg("-inf").arg(oldest(now))).await?;
        self.query(cmd("ZREM").arg(key(self, customer)).arg(search_name)).await
    }

    async fn clear(&self, customer: &Email) -> Result<()> {
        self.query::<i64>(cmd("DEL").arg(key(self, customer))).await.map(|_| ())
    }

    async fn forget_before(&self, customer: &Email, before: DateTime<Utc>) -> Result<()> {
        let mut remove = cmd("ZREMRANGEBYSCORE");
        remove.arg(key(self, customer)).arg("-inf").arg(format!("({}", before.timestamp_micros()));
        self.query::<i64>(&remove).await.map(|_| ())
    }
}
