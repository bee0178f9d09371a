//! Operators' sessions.

use async_trait::async_trait;
use cheapbob_domain::{
    operators::{OperatorSession, ports::OperatorSessions},
    shared::{Email, Result},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::people::OperatorRow;
use crate::{
    database::{Postgres, failed},
    schema::{operator_sessions as sessions, operators},
};

#[async_trait]
impl OperatorSessions for Postgres {
    async fn begin(&self, hash: &str, email: &Email, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(&mut connection).await.map_err(failed)?;
        diesel::insert_into(sessions::table)
            .values((sessions::hash.eq(hash), sessions::email.eq(email.as_str()), sessions::expires_at.eq(until)))
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn find(&self, hash: &str, now: DateTime<Utc>) -> Result<Option<OperatorSession>> {
        let mut connection = self.connection().await?;
        let row: Option<(OperatorRow, bool, DateTime<Utc>)> = sessions::table
            .inner_join(operators::table)
            .filter(sessions::hash.eq(hash).and(sessions::expires_at.gt(now)))
            .select((OperatorRow::as_select(), sessions::confirmed, sessions::expires_at))
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        row.map(|(operator, is_confirmed, expires_at)| Ok(OperatorSession { operator: operator.try_into()?, expires_at, is_confirmed }))
            .transpose()
    }

    async fn confirm(&self, hash: &str, new_hash: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let rows = diesel::update(sessions::table.find(hash).filter(sessions::expires_at.gt(now)))
            .set((sessions::hash.eq(new_hash), sessions::confirmed.eq(true), sessions::expires_at.eq(until)))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows == 1)
    }

    async fn end(&self, hash: &str) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::delete(sessions::table.find(hash)).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }
}
