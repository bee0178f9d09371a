use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Result},
    users::{
        Account, Role,
        ports::{Lease, Look, PendingLogin, Remembered, Sessions},
    },
};
use chrono::{DateTime, Utc};
use deadpool_redis::redis::cmd;

use crate::Redis;

fn revoked(session_id: &str) -> String {
    format!("session:revoked:{session_id}")
}

fn login(state: &str) -> String {
    format!("login:{state}")
}

fn millis(now: DateTime<Utc>, until: DateTime<Utc>) -> i64 {
    (until - now).num_milliseconds().max(1)
}

fn account_key(email: &Email) -> String {
    format!("account:{email}")
}

/// How long an account is remembered: as long may a change stay unseen whose process died before it was forgotten.
const REMEMBERED_MS: i64 = 60_000;

/// How long the database may take to say what an account is.
const LEASE_MS: i64 = 5_000;

const LEASE: &str = "lease:";

impl Redis {
    /// One of those who miss at once gets it.
    async fn lease(&self, key: &str) -> Result<Option<Lease>> {
        let lease = format!("{LEASE}{:032x}", rand::random::<u128>());
        let taken: Option<String> = self.query(cmd("SET").arg(key).arg(&lease).arg("NX").arg("PX").arg(LEASE_MS)).await?;
        Ok(taken.map(|_| Lease(lease)))
    }
}

/// An account but for its e-mail, which is the key: role, active, vouched, made at (Unix microseconds, as the database has it).
struct Stored(Role, bool, bool, DateTime<Utc>);

impl Stored {
    fn of(account: &Account) -> Self {
        Self(account.role, account.is_active, account.email_vouched, account.created_at)
    }

    fn account(self, email: &Email) -> Account {
        let Self(role, is_active, email_vouched, created_at) = self;
        Account { email: email.clone(), role, is_active, email_vouched, created_at }
    }
}

impl std::fmt::Display for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(role, is_active, email_vouched, created_at) = self;
        write!(f, "{} {is_active} {email_vouched} {}", role.as_str(), created_at.timestamp_micros())
    }
}

impl std::str::FromStr for Stored {
    /// A lease, or what another version wrote: nothing is known.
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let mut parts = text.split(' ');
        let mut next = || parts.next().ok_or(());
        let stored = Self(
            Role::parse(next()?).ok_or(())?,
            next()?.parse().map_err(|_| ())?,
            next()?.parse().map_err(|_| ())?,
            next()?.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(())?,
        );
        if parts.next().is_none() { Ok(stored) } else { Err(()) }
    }
}

#[async_trait]
impl Sessions for Redis {
    async fn revoke(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        self.query(cmd("SET").arg(revoked(session_id)).arg(1).arg("PX").arg(millis(now, until))).await
    }

    async fn look(&self, session_id: &str, email: &Email, _now: DateTime<Utc>) -> Result<Look> {
        let key = account_key(email);
        let (revoked, stored): (Option<String>, Option<String>) = self.query(cmd("MGET").arg(revoked(session_id)).arg(&key)).await?;
        let account = match stored {
            Some(stored) => stored.parse::<Stored>().map_or(Remembered::Unknown(None), |s| Remembered::Known(s.account(email))),
            None => Remembered::Unknown(self.lease(&key).await?),
        };
        Ok(Look { revoked: revoked.is_some(), account })
    }

    async fn remember(&self, account: &Account, lease: &Lease) -> Result<()> {
        /// Stores what is known only under the lease that was taken before it was asked for.
        const FILL: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end";
        let stored = Stored::of(account).to_string();
        self.query(cmd("EVAL").arg(FILL).arg(1).arg(account_key(&account.email)).arg(&lease.0).arg(stored).arg(REMEMBERED_MS)).await
    }

    async fn forget(&self, email: &Email) -> Result<()> {
        self.query(cmd("DEL").arg(account_key(email))).await
    }

    async fn begin_login(&self, state: &str, pending: &PendingLogin, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let json = serde_json::to_string(pending).map_err(Error::internal)?;
        self.query(cmd("SET").arg(login(state)).arg(json).arg("PX").arg(millis(now, until))).await
    }

    async fn take_login(&self, state: &str, _now: DateTime<Utc>) -> Result<Option<PendingLogin>> {
        let json: Option<String> = self.query(cmd("GETDEL").arg(login(state))).await?;
        json.map(|json| serde_json::from_str(&json).map_err(Error::internal)).transpose()
    }
}
