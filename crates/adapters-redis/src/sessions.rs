use std::time::Duration;

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Result},
    users::{Account, Lease, Look, PendingLogin, Remembered, ports::Sessions},
};
use chrono::{DateTime, Utc};
use deadpool_redis::redis::cmd;
use tokio::time::{Instant, sleep};

use crate::{Redis, RedisFeed, feed::listeners_of, memory::TRUST};

fn revoked(session_id: &str) -> String {
    format!("session:revoked:{session_id}")
}

fn login(state: &str) -> String {
    format!("login:{state}")
}

fn millis(now: DateTime<Utc>, until: DateTime<Utc>) -> i64 {
    (until - now).num_milliseconds().max(1)
}

/// Sessions in Redis; what the process remembers of them is kept right by its [`RedisFeed`].
#[derive(Clone)]
pub struct RedisSessions {
    pub(crate) redis: Redis,
    pub(crate) feed: RedisFeed,
}

impl RedisSessions {
    /// A session or an account has changed. When this returns, each process that remembers has forgotten it, or has heard nothing for
    /// so long that it does not trust its memory.
    async fn changed(&self, what: &str) -> Result<()> {
        /// A process that is there has heard within a millisecond or two.
        const LOOK_AGAIN: Duration = Duration::from_millis(1);
        self.feed.heard.memory.forget(what);
        let change = format!("{:032x}", rand::random::<u128>());
        let listeners: usize = self.redis.query(cmd("PUBLISH").arg(self.redis.changes()).arg(format!("{change} {what}"))).await?;
        let told = Instant::now();
        while told.elapsed() < TRUST && self.redis.query::<usize>(cmd("SCARD").arg(listeners_of(&change))).await? < listeners {
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }
}

#[async_trait]
impl Sessions for RedisSessions {
    async fn revoke(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        self.redis.query::<()>(cmd("SET").arg(revoked(session_id)).arg(1).arg("PX").arg(millis(now, until))).await?;
        self.changed(session_id).await
    }

    async fn look(&self, session_id: &str, _now: DateTime<Utc>) -> Result<Look> {
        let account = self.feed.heard.memory.account(session_id);
        let revoked = match account {
            Remembered::Known(_) => false,
            Remembered::Unknown(_) => self.redis.query(cmd("EXISTS").arg(revoked(session_id))).await?,
        };
        Ok(Look { revoked, account })
    }

    fn remember(&self, session_id: &str, account: &Account, lease: &Lease) {
        self.feed.heard.memory.remember(session_id, account, lease);
    }

    async fn forget(&self, email: &Email) -> Result<()> {
        self.changed(email.as_str()).await
    }

    async fn begin_login(&self, state: &str, pending: &PendingLogin, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let json = serde_json::to_string(pending).map_err(Error::internal)?;
        self.redis.query(cmd("SET").arg(login(state)).arg(json).arg("PX").arg(millis(now, until))).await
    }

    async fn take_login(&self, state: &str, _now: DateTime<Utc>) -> Result<Option<PendingLogin>> {
        let json: Option<String> = self.redis.query(cmd("GETDEL").arg(login(state))).await?;
        json.map(|json| serde_json::from_str(&json).map_err(Error::internal)).transpose()
    }
}
