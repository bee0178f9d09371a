use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Result},
    users::{Account, AccountVersion, Look, PendingLogin, ports::Sessions},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use super::database::{Embedded, failed};

diesel::table! { embedded.revoked_sessions (session_id) { session_id -> Text, until -> Timestamptz, } }
diesel::table! { embedded.pending_logins (state) { state -> Text, login -> Jsonb, until -> Timestamptz, } }

#[async_trait]
impl Sessions for Embedded {
    async fn revoke(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::delete(revoked_sessions::table.filter(revoked_sessions::until.le(now))).execute(&mut connection).await.map_err(failed)?;
        diesel::insert_into(revoked_sessions::table)
            .values((revoked_sessions::session_id.eq(session_id), revoked_sessions::until.eq(until)))
            .on_conflict(revoked_sessions::session_id)
            .do_update()
            .set(revoked_sessions::until.eq(until))
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    /// Remembers no account: the database that would be asked is its own.
    async fn look(&self, session_id: &str, _email: &Email, now: DateTime<Utc>) -> Result<Look> {
        let mut connection = self.connection().await?;
        let revoked = revoked_sessions::table.find(session_id).filter(revoked_sessions::until.gt(now));
        let revoked = diesel::select(diesel::dsl::exists(revoked)).get_result(&mut connection).await.map_err(failed)?;
        Ok(if revoked { Look::Revoked } else { Look::Unknown(None) })
    }

    fn remember(&self, _account: &Account, _version: AccountVersion) {}

    async fn forget(&self, _email: &Email) -> Result<()> {
        Ok(())
    }

    async fn begin_login(&self, state: &str, login: &PendingLogin, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let json = serde_json::to_value(login).map_err(Error::internal)?;
        let mut connection = self.connection().await?;
        diesel::delete(pending_logins::table.filter(pending_logins::until.le(now))).execute(&mut connection).await.map_err(failed)?;
        diesel::insert_into(pending_logins::table)
            .values((pending_logins::state.eq(state), pending_logins::login.eq(json), pending_logins::until.eq(until)))
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn take_login(&self, state: &str, now: DateTime<Utc>) -> Result<Option<PendingLogin>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Jsonb)]
            login: serde_json::Value,
        }
        let mut connection = self.connection().await?;
        let row: Option<Row> = sql_query("DELETE FROM embedded.pending_logins WHERE state = $1 AND until > $2 RETURNING login")
            .bind::<t::Text, _>(state)
            .bind::<t::Timestamptz, _>(now)
            .get_result(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        row.map(|row| serde_json::from_value(row.login).map_err(Error::internal)).transpose()
    }
}
