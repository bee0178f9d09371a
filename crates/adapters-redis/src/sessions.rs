use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Error, Result},
    users::ports::{PendingLogin, Sessions},
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

#[async_trait]
impl Sessions for Redis {
    async fn revoke(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        self.query(cmd("SET").arg(revoked(session_id)).arg(1).arg("PX").arg(millis(now, until))).await
    }

    async fn is_revoked(&self, session_id: &str, _now: DateTime<Utc>) -> Result<bool> {
        self.query(cmd("EXISTS").arg(revoked(session_id))).await
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
