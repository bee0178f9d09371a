use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Refund, RefundReason, RefundState, ports::Refunds, refund::Attempt},
    shared::{PaymentId, Result, StoreId},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    schema::refunds,
    sql::prepared,
};

const CLAIM: &str = include_str!("sql/claim_refund.sql");

#[derive(QueryableByName)]
#[diesel(table_name = refunds, check_for_backend(diesel::pg::Pg))]
struct RefundRow {
    payment_id: String,
    store_id: String,
    reason: String,
    attempts: i32,
    key_generation: i32,
    #[diesel(sql_type = t::Bool)]
    look_first: bool,
}

#[async_trait]
impl Refunds for Postgres {
    async fn due(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<PaymentId>> {
        let mut connection = self.connection().await?;
        let ids: Vec<String> = refunds::table
            .filter(refunds::next_attempt_at.le(now))
            .order(refunds::next_attempt_at)
            .limit(limit)
            .select(refunds::payment_id)
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(ids.into_iter().map(PaymentId::trusted).collect())
    }

    async fn claim(&self, payment: &PaymentId, now: DateTime<Utc>, lease: DateTime<Utc>) -> Result<Option<Refund>> {
        let mut connection = self.connection().await?;
        let query = sql_query(CLAIM).bind::<t::Text, _>(payment.as_str()).bind::<t::Timestamptz, _>(now).bind::<t::Timestamptz, _>(lease);
        let row: Option<RefundRow> = prepared(query).get_result(&mut connection).await.optional().map_err(failed)?;
        row.map(|row| {
            Ok(Refund {
                payment_id: PaymentId::trusted(row.payment_id),
                store_id: StoreId::trusted(row.store_id),
                reason: RefundReason::parse(&row.reason).ok_or_else(|| bad_row("refunds.reason"))?,
                attempts: row.attempts,
                key_generation: row.key_generation,
                look_first: row.look_first,
            })
        })
        .transpose()
    }

    async fn record(&self, payment: &PaymentId, attempt: &Attempt) -> Result<()> {
        let mut connection = self.connection().await?;
        let done = attempt.state == RefundState::Succeeded;
        diesel::update(refunds::table.find(payment.as_str()).filter(refunds::state.ne(RefundState::Succeeded.as_str())))
            .set((
                refunds::state.eq(attempt.state.as_str()),
                refunds::next_attempt_at.eq((!done).then_some(attempt.next_at)),
                refunds::key_generation.eq(refunds::key_generation + i32::from(attempt.new_key)),
                refunds::last_answer.eq(&attempt.answer),
            ))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
