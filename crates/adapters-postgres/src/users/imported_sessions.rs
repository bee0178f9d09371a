//! Sessions of the Python service that go on here.

use async_trait::async_trait;
use cheapbob_domain::{shared::Result, users::ports::ImportedSessions};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    schema::imported_sessions,
    sql::prepared,
};

/// With each that begins go those whose token is over. Of two at once the second waits for the first, and reads what that has written.
const BEGIN: &str = "
WITH over AS (SELECT session_id FROM imported_sessions WHERE until <= $2 ORDER BY until LIMIT 100 FOR UPDATE SKIP LOCKED),
     gone AS (DELETE FROM imported_sessions i USING over WHERE i.session_id = over.session_id AND i.session_id <> $1)
INSERT INTO imported_sessions AS i (session_id, began_at, until) VALUES ($1, $2, $3)
ON CONFLICT (session_id) DO UPDATE SET until = greatest(i.until, excluded.until)
RETURNING began_at";

#[derive(QueryableByName)]
struct Begun {
    #[diesel(sql_type = t::Timestamptz)]
    began_at: DateTime<Utc>,
}

#[async_trait]
impl ImportedSessions for Postgres {
    async fn begin(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<DateTime<Utc>> {
        let mut connection = self.connection().await?;
        // Whoever comes with a token that was exchanged long ago writes nothing.
        let kept = imported_sessions::table.find(session_id).select(imported_sessions::began_at).first(&mut connection).await.optional();
        if let Some(began_at) = kept.map_err(failed)? {
            return Ok(began_at);
        }
        let query = sql_query(BEGIN).bind::<t::Text, _>(session_id).bind::<t::Timestamptz, _>(now).bind::<t::Timestamptz, _>(until);
        prepared(query).get_result::<Begun>(&mut connection).await.map(|row| row.began_at).map_err(failed)
    }
}
