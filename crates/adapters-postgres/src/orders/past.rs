//! Settled payments, on their way to the archive and back.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{PaymentRecords, ports::SettledPayments},
    shared::{Error, PaymentId, Result},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::{
    database::{Postgres, failed},
    sql::prepared,
};

const SETTLED: &str = include_str!("sql/settled.sql");
const CHANGED: &str =
    "SELECT r #>> '{hold,payment_id}' AS payment FROM jsonb_array_elements($1) r WHERE payment_records(r #>> '{hold,payment_id}') <> r";
const BRING_BACK: &str = include_str!("sql/bring_back.sql");

fn all_rows(records: &[PaymentRecords]) -> Value {
    Value::Array(records.iter().map(|records| records.rows.clone()).collect())
}

#[async_trait]
impl SettledPayments for Postgres {
    async fn begun_before<'a>(
        &self,
        before: DateTime<Utc>,
        after: Option<&'a (DateTime<Utc>, PaymentId)>,
        limit: i64,
    ) -> Result<Vec<PaymentRecords>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Jsonb)]
            records: Value,
        }
        let mut connection = self.connection().await?;
        let query = sql_query(SETTLED)
            .bind::<t::Timestamptz, _>(before)
            .bind::<t::Timestamptz, _>(after.map_or(DateTime::UNIX_EPOCH, |(begun_at, _)| *begun_at))
            .bind::<t::Text, _>(after.map_or("", |(_, payment)| payment.as_str()))
            .bind::<t::BigInt, _>(limit);
        let rows: Vec<Row> = prepared(query).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(|row| PaymentRecords::of(row.records)).collect()
    }

    async fn forget(&self, records: &[PaymentRecords]) -> Result<u64> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::BigInt)]
            forgotten: i64,
        }
        let rows = all_rows(records);
        let mut connection = self.connection().await?;
        let query = sql_query("SELECT forget_payments($1) AS forgotten").bind::<t::Jsonb, _>(rows);
        Ok(prepared(query).get_result::<Row>(&mut connection).await.map_err(failed)?.forgotten.unsigned_abs())
    }

    async fn bring_back(&self, records: &PaymentRecords) -> Result<()> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Bool)]
            allowed: bool,
        }
        let mut connection = self.connection().await?;
        let query = sql_query(BRING_BACK).bind::<t::Jsonb, _>(&records.rows).bind::<t::Array<t::Text>, _>(records.people());
        let row: Row = prepared(query).get_result(&mut connection).await.map_err(failed)?;
        if row.allowed { Ok(()) } else { Err(Error::unavailable("archive", "somebody in this payment's records is being deleted")) }
    }

    async fn changed(&self, records: &[PaymentRecords]) -> Result<Vec<PaymentId>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Text)]
            payment: String,
        }
        let mut connection = self.connection().await?;
        let query = sql_query(CHANGED).bind::<t::Jsonb, _>(all_rows(records));
        let rows: Vec<Row> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|row| PaymentId::trusted(row.payment)).collect())
    }
}
