//! Sessions that were logged out.

use async_trait::async_trait;
use cheapbob_domain::{
    shared::Result,
    users::{Revocation, ports::Revocations},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    schema::revoked_sessions,
};

/// With those whose time is over goes what a logout would leave for ever; two at once do not wait for each other.
const RECORD: &str = "
WITH over AS (SELECT session_id FROM revoked_sessions WHERE until <= $2 ORDER BY until LIMIT 100 FOR UPDATE SKIP LOCKED),
     gone AS (DELETE FROM revoked_sessions r USING over WHERE r.session_id = over.session_id AND r.session_id <> $1)
INSERT INTO revoked_sessions AS r (session_id, until) VALUES ($1, $3)
ON CONFLICT (session_id) DO UPDATE SET until = greatest(r.until, excluded.until)";

#[async_trait]
impl Revocations for Postgres {
    async fn record(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        sql_query(RECORD)
            .bind::<t::Text, _>(session_id)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Timestamptz, _>(until)
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn is_recorded(&self, session_id: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let recorded = revoked_sessions::table.find(session_id).filter(revoked_sessions::until.gt(now));
        diesel::select(diesel::dsl::exists(recorded)).get_result(&mut connection).await.map_err(failed)
    }

    async fn recorded<'a>(&self, now: DateTime<Utc>, after: Option<&'a str>, limit: i64) -> Result<Vec<Revocation>> {
        let mut connection = self.connection().await?;
        let rows: Vec<(String, DateTime<Utc>)> = revoked_sessions::table
            .filter(revoked_sessions::until.gt(now))
            .filter(revoked_sessions::session_id.gt(after.unwrap_or_default()))
            .order(revoked_sessions::session_id)
            .limit(limit)
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(|(session_id, until)| Revocation { session_id, until }).collect())
    }
}
