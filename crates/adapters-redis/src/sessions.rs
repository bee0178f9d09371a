//! Logouts, logins under way, and the accounts that a process remembers.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Result},
    users::{
        Account, AccountVersion, Look, PendingLogin,
        ports::{Revocations, Sessions},
    },
};
use chrono::{DateTime, Utc};
use moka::sync::Cache;
use redis::cmd;

use crate::{
    client::Redis,
    looks::{self, Looks},
    revocations::Memory,
};

/// How long an account is remembered: as long may a change stay unseen whose process died before it told Redis of it.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Accounts that a process remembers at most, some 300 bytes each.
const MOST: u64 = 50_000;

fn millis(now: DateTime<Utc>, until: DateTime<Utc>) -> i64 {
    (until - now).num_milliseconds().max(1)
}

/// Sessions in Redis, and the accounts that this process remembers: each with the version under which it was read. While Redis has the
/// same version, nothing has changed; who changes an account deletes its version, and no version comes twice. Who has logged out Redis
/// knows of [`Revocations`], which are asked themselves while it may have forgotten somebody.
#[derive(Clone)]
pub struct RedisSessions {
    redis: Redis,
    looks: Looks,
    memory: Arc<Memory>,
    accounts: Cache<Email, (AccountVersion, Account)>,
}

impl RedisSessions {
    /// Remembers nothing yet.
    pub fn new(redis: Redis, revocations: Arc<dyn Revocations>) -> Self {
        let accounts = Cache::builder().max_capacity(MOST).time_to_live(REMEMBERED).build();
        Self::with(redis, revocations, accounts)
    }

    /// The same memory of accounts over another connection.
    #[must_use]
    pub fn over(&self, redis: Redis, revocations: Arc<dyn Revocations>) -> Self {
        Self::with(redis, revocations, self.accounts.clone())
    }

    fn with(redis: Redis, revocations: Arc<dyn Revocations>, accounts: Cache<Email, (AccountVersion, Account)>) -> Self {
        Self { looks: Looks::new(redis.clone()), memory: Arc::new(Memory::new(redis.clone(), revocations)), redis, accounts }
    }

    fn revoked_key(&self, session_id: &str) -> String {
        self.redis.key(format_args!("session:revoked:{session_id}"))
    }

    fn version_key(&self, email: &Email) -> String {
        self.redis.key(format_args!("account:version:{email}"))
    }

    fn login_key(&self, state: &str) -> String {
        self.redis.key(format_args!("login:{state}"))
    }

    /// A new version of an account that has none. Of two that are made at once the later one stands.
    async fn begin_version(&self, email: &Email) -> Result<AccountVersion> {
        let fresh = AccountVersion(rand::random());
        let life = u64::try_from(REMEMBERED.as_millis()).map_err(Error::internal)?;
        self.redis.query::<()>(cmd("SET").arg(self.version_key(email)).arg(fresh.0).arg("PX").arg(life)).await?;
        Ok(fresh)
    }
}

#[async_trait]
impl Sessions for RedisSessions {
    async fn revoke(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        self.memory.revoke(session_id, now, until).await?;
        // For processes of the version before this one; they read nothing else, and are soon gone.
        let _ = self.redis.query::<()>(cmd("SET").arg(self.revoked_key(session_id)).arg(1).arg("PX").arg(millis(now, until))).await;
        Ok(())
    }

    async fn look(&self, session_id: &str, email: &Email, now: DateTime<Utc>) -> Result<Look> {
        let look = looks::Look {
            session_id: session_id.to_owned(),
            revoked_key: self.revoked_key(session_id),
            version_key: self.version_key(email),
        };
        let answer = self.looks.look(look).await?;
        if answer.revoked || self.memory.has_missed(session_id, now, answer.memory).await? {
            return Ok(Look::Revoked);
        }
        let Some(version) = answer.version.map(AccountVersion) else {
            // A Redis that answers but cannot write (full, read-only) refuses nobody: the database is asked each time.
            return Ok(Look::Unknown(self.begin_version(email).await.ok()));
        };
        Ok(match self.accounts.get(email) {
            Some((read_under, account)) if read_under == version => Look::Remembered(account),
            _ => Look::Unknown(Some(version)),
        })
    }

    fn remember(&self, account: &Account, version: AccountVersion) {
        self.accounts.insert(account.email.clone(), (version, account.clone()));
    }

    async fn forget(&self, email: &Email) -> Result<()> {
        self.redis.query::<()>(cmd("DEL").arg(self.version_key(email))).await
    }

    async fn begin_login(&self, state: &str, pending: &PendingLogin, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let json = serde_json::to_string(pending).map_err(Error::internal)?;
        self.redis.query(cmd("SET").arg(self.login_key(state)).arg(json).arg("PX").arg(millis(now, until))).await
    }

    async fn take_login(&self, state: &str, _now: DateTime<Utc>) -> Result<Option<PendingLogin>> {
        let json: Option<String> = self.redis.query(cmd("GETDEL").arg(self.login_key(state))).await?;
        json.map(|json| serde_json::from_str(&json).map_err(Error::internal)).transpose()
    }
}
