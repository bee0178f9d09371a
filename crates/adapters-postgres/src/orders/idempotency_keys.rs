//! Calls with an Idempotency-Key, each done by one caller at a time.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Claim, KeyedCall, StoredAnswer, ports::IdempotencyKeys},
    shared::{Email, PaymentId, Result},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    schema::idempotency_keys as keys,
    sql::{BATCH, in_batches, prepared},
};

const CLAIM: &str = include_str!("sql/claim_key.sql");
const PRUNE: &str = include_str!("sql/prune_keys.sql");

#[async_trait]
impl IdempotencyKeys for Postgres {
    async fn claim(
        &self,
        account: &Email,
        key: &str,
        request: &str,
        payment: &PaymentId,
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
    ) -> Result<Claim> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Text)]
            payment_id: String,
            #[diesel(sql_type = t::Bool)]
            resumed: bool,
        }
        let mut connection = self.connection().await?;
        let query = sql_query(CLAIM)
            .bind::<t::Text, _>(account.as_str())
            .bind::<t::Text, _>(key)
            .bind::<t::Text, _>(request)
            .bind::<t::Text, _>(payment.as_str())
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Timestamptz, _>(lease);
        if let Some(row) = prepared(query).get_result::<Row>(&mut connection).await.optional().map_err(failed)? {
            return Ok(Claim::Do(KeyedCall { payment_id: PaymentId::trusted(row.payment_id), resumed: row.resumed }));
        }
        let other: Option<(String, Option<i32>, Option<String>)> = keys::table
            .find((account.as_str(), key))
            .select((keys::request, keys::status, keys::body))
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        Ok(match other {
            Some((first, ..)) if first != request => Claim::Reused,
            Some((_, Some(status), body)) => Claim::Answered(StoredAnswer { status, body: body.unwrap_or_default() }),
            // Also where it was forgotten a moment ago: the caller comes again.
            _ => Claim::InUse,
        })
    }

    async fn answer<'a>(&self, account: &Email, key: &str, answer: Option<&'a StoredAnswer>, now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::update(keys::table.find((account.as_str(), key)).filter(keys::status.is_null()))
            .set((keys::status.eq(answer.map(|a| a.status)), keys::body.eq(answer.map(|a| a.body.as_str())), keys::leased_until.eq(now)))
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn prune(&self, before: DateTime<Utc>) -> Result<u64> {
        let mut connection = self.connection().await?;
        let old = || prepared(sql_query(PRUNE).bind::<t::Timestamptz, _>(before).bind::<t::BigInt, _>(BATCH));
        in_batches(&mut connection, old).await
    }
}
