//! Exports that were asked for, and what they show of PostgreSQL. Only a hash of the link's secret is kept; the secret itself waits in the
//! mail's task.

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Result},
    users::{Account, ExportMail, ports::Exports},
};
use chrono::{DateTime, Duration, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::{accounts::AccountRow, takeovers::hash};
use crate::{
    database::{Postgres, failed},
    schema::{accounts, exports},
    sql::prepared,
};

const BEGIN: &str = include_str!("sql/begin_export.sql");
const EXPORT: &str = include_str!("sql/export.sql");

#[async_trait]
impl Exports for Postgres {
    async fn begin(&self, account: &Account, token: &str, now: DateTime<Utc>, until: DateTime<Utc>, again_after: Duration) -> Result<()> {
        let mail = ExportMail { email: account.email.clone(), token: token.to_owned() };
        let query = sql_query(BEGIN)
            .bind::<t::Text, _>(hash(token))
            .bind::<t::Text, _>(account.email.as_str())
            .bind::<t::Timestamptz, _>(account.created_at)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Timestamptz, _>(until)
            .bind::<t::Timestamptz, _>(now - again_after)
            .bind::<t::Jsonb, _>(serde_json::to_value(mail).map_err(Error::internal)?);
        let mut connection = self.connection().await?;
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn owner(&self, token: &str, now: DateTime<Utc>) -> Result<Option<Account>> {
        let mut connection = self.connection().await?;
        let row: Option<AccountRow> = exports::table
            .inner_join(accounts::table.on(accounts::email.eq(exports::email).and(accounts::created_at.eq(exports::account_created_at))))
            .filter(exports::token_hash.eq(hash(token)).and(exports::expires_at.gt(now)))
            .select(AccountRow::as_select())
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        row.map(Account::try_from).transpose()
    }

    async fn rows(&self, email: &Email, most_acts: i64) -> Result<Option<Value>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Jsonb)]
            rows: Value,
        }
        let mut connection = self.connection().await?;
        let query = prepared(sql_query(EXPORT).bind::<t::Text, _>(email.as_str()).bind::<t::BigInt, _>(most_acts));
        Ok(query.get_result::<Row>(&mut connection).await.optional().map_err(failed)?.map(|row| row.rows))
    }
}
