//! Takeovers under way. Only hashes of their secrets are kept; the token itself waits in the mail's task.

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Result},
    users::{Role, TakenOver, Takeover, TakeoverMail, TakeoverSecrets, ports::Takeovers},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use sha2::{Digest, Sha256};

use super::accounts::unless_taken;
use crate::{
    database::{Postgres, bad_row, failed},
    sql::prepared,
};

const BEGIN: &str = include_str!("sql/begin_takeover.sql");
const COMPLETE: &str = include_str!("sql/complete_takeover.sql");

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = t::Text)]
    email: String,
    #[diesel(sql_type = t::Text)]
    role: String,
    #[diesel(sql_type = t::Bool)]
    local: bool,
}

pub(super) fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[async_trait]
impl Takeovers for Postgres {
    async fn begin(&self, takeover: &Takeover, secrets: &TakeoverSecrets, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let account = &takeover.account;
        let mail = TakeoverMail {
            email: account.email.clone(),
            provider: takeover.provider,
            token: secrets.token.clone(),
            imported: account.is_unclaimed(),
        };
        let payload = serde_json::to_value(mail).map_err(Error::internal)?;
        let mut connection = self.connection().await?;
        let query = sql_query(BEGIN)
            .bind::<t::Text, _>(hash(&secrets.token))
            .bind::<t::Text, _>(hash(&secrets.browser))
            .bind::<t::Text, _>(account.email.as_str())
            .bind::<t::Timestamptz, _>(account.created_at)
            .bind::<t::Text, _>(takeover.provider.as_str())
            .bind::<t::Text, _>(&takeover.user_id)
            .bind::<t::Text, _>(takeover.role.as_str())
            .bind::<t::Bool, _>(takeover.local)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Timestamptz, _>(until)
            .bind::<t::Jsonb, _>(payload);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn is_open(&self, token: &str, now: DateTime<Utc>) -> Result<bool> {
        #[derive(QueryableByName)]
        struct Open {
            #[diesel(sql_type = t::Bool)]
            open: bool,
        }
        let mut connection = self.connection().await?;
        let query = sql_query("SELECT EXISTS (SELECT 1 FROM takeovers WHERE token_hash = $1 AND expires_at > $2) AS open")
            .bind::<t::Text, _>(hash(token))
            .bind::<t::Timestamptz, _>(now);
        prepared(query).get_result::<Open>(&mut connection).await.map(|row| row.open).map_err(failed)
    }

    async fn complete(&self, token: &str, browser: &str, now: DateTime<Utc>) -> Result<Option<TakenOver>> {
        let mut connection = self.connection().await?;
        let query = sql_query(COMPLETE).bind::<t::Text, _>(hash(token)).bind::<t::Text, _>(hash(browser)).bind::<t::Timestamptz, _>(now);
        let done: QueryResult<Option<Row>> = prepared(query).get_result(&mut connection).await.optional();
        let row = match done {
            Ok(row) => row,
            // The identity leads to another account by now.
            Err(e) => return unless_taken(Err(e)).map(|_| None),
        };
        row.map(|Row { email, role, local }| {
            Ok(TakenOver { email: Email::trusted(email), role: Role::parse(&role).ok_or_else(|| bad_row("takeovers.role"))?, local })
        })
        .transpose()
    }
}
