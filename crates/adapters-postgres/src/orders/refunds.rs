use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Actor, Attempt, OpenRefund, Refund, RefundReason, RefundState, ports::Refunds},
    shared::{Error, PaymentId, Result, StoreId, remote::storable},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    schema::{disputes, refunds},
    sql::prepared,
};

const CLAIM: &str = include_str!("sql/claim_refund.sql");
const DUE: &str = include_str!("sql/due_refunds.sql");
const RECORD: &str = include_str!("sql/record_refund.sql");
const REOPEN: &str = include_str!("sql/reopen_refund.sql");

#[derive(QueryableByName)]
#[diesel(table_name = refunds, check_for_backend(diesel::pg::Pg))]
struct RefundRow {
    payment_id: String,
    store_id: String,
    #[diesel(sql_type = t::Text)]
    portone_store_id: String,
    reason: String,
    attempts: i32,
    key_generation: i32,
    #[diesel(sql_type = t::Bool)]
    look_first: bool,
}

#[async_trait]
impl Refunds for Postgres {
    async fn due(&self, now: DateTime<Utc>, limit: i64, of_a_store: i64) -> Result<Vec<PaymentId>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Text)]
            payment_id: String,
        }
        let mut connection = self.connection().await?;
        let query = sql_query(DUE).bind::<t::Timestamptz, _>(now).bind::<t::BigInt, _>(limit).bind::<t::BigInt, _>(of_a_store);
        let rows: Vec<Row> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|row| PaymentId::trusted(row.payment_id)).collect())
    }

    async fn claim(&self, payment: &PaymentId, now: DateTime<Utc>, lease: DateTime<Utc>) -> Result<Option<Refund>> {
        let mut connection = self.connection().await?;
        let query = sql_query(CLAIM).bind::<t::Text, _>(payment.as_str()).bind::<t::Timestamptz, _>(now).bind::<t::Timestamptz, _>(lease);
        let row: Option<RefundRow> = prepared(query).get_result(&mut connection).await.optional().map_err(failed)?;
        row.map(|row| {
            Ok(Refund {
                payment_id: PaymentId::trusted(row.payment_id),
                store_id: StoreId::trusted(row.store_id),
                portone_store_id: row.portone_store_id,
                reason: RefundReason::parse(&row.reason).ok_or_else(|| bad_row("refunds.reason"))?,
                attempts: row.attempts,
                key_generation: row.key_generation,
                look_first: row.look_first,
            })
        })
        .transpose()
    }

    async fn record(&self, payment: &PaymentId, attempt: &Attempt, now: DateTime<Utc>, actor: &Actor) -> Result<()> {
        let done = attempt.state == RefundState::Succeeded;
        let mut connection = self.connection().await?;
        let query = sql_query(RECORD)
            .bind::<t::Text, _>(payment.as_str())
            .bind::<t::Text, _>(attempt.state.as_str())
            .bind::<t::Nullable<t::Timestamptz>, _>((!done).then_some(attempt.next_at))
            .bind::<t::Integer, _>(i32::from(attempt.new_key))
            .bind::<t::Text, _>(storable(&attempt.answer))
            .bind::<t::Nullable<t::BigInt>, _>(attempt.amount)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Text, _>(actor.kind.role())
            .bind::<t::Nullable<t::Text>, _>(actor.kind.id())
            .bind::<t::Nullable<t::Text>, _>(actor.request_id.as_deref());
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn after_pickup(&self, store: &StoreId) -> Result<Vec<PaymentId>> {
        let mut connection = self.connection().await?;
        let decided =
            disputes::table.filter(disputes::store_id.eq(store.as_str()).and(disputes::decision.eq("refund"))).select(disputes::payment_id);
        let payments: Vec<String> = decided.load(&mut connection).await.map_err(failed)?;
        Ok(payments.into_iter().map(PaymentId::trusted).collect())
    }

    async fn reason(&self, payment: &PaymentId) -> Result<Option<RefundReason>> {
        let mut connection = self.connection().await?;
        let reason: Option<String> =
            refunds::table.find(payment.as_str()).select(refunds::reason).first(&mut connection).await.optional().map_err(failed)?;
        reason.map(|reason| RefundReason::parse(&reason).ok_or_else(|| bad_row("refunds.reason"))).transpose()
    }

    async fn expedite(&self, payment: &PaymentId, now: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let open = refunds::table.find(payment.as_str()).filter(refunds::state.ne(RefundState::Succeeded.as_str()));
        let rows = diesel::update(open)
            .set(refunds::next_attempt_at.eq(
                diesel::dsl::case_when(refunds::claimed, refunds::next_attempt_at).otherwise(now.into_sql::<t::Nullable<t::Timestamptz>>()),
            ))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows == 1)
    }

    async fn reopen(&self, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(REOPEN)
            .bind::<t::Text, _>(payment.as_str())
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Text, _>(actor.kind.role())
            .bind::<t::Nullable<t::Text>, _>(actor.kind.id())
            .bind::<t::Nullable<t::Text>, _>(actor.request_id.as_deref());
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn open(&self, limit: i64) -> Result<Vec<OpenRefund>> {
        let mut connection = self.connection().await?;
        let rows: Vec<OpenRow> = refunds::table
            .filter(refunds::state.ne(RefundState::Succeeded.as_str()))
            .order((refunds::requested_at, refunds::payment_id))
            .limit(limit)
            .select(OpenRow::as_select())
            .load(&mut connection)
            .await
            .map_err(failed)?;
        rows.into_iter().map(OpenRefund::try_from).collect()
    }

    async fn count(&self) -> Result<Vec<(RefundState, i64, DateTime<Utc>)>> {
        let mut connection = self.connection().await?;
        let rows: Vec<(String, i64, Option<DateTime<Utc>>)> = refunds::table
            .filter(refunds::state.ne(RefundState::Succeeded.as_str()))
            .group_by(refunds::state)
            .select((refunds::state, diesel::dsl::count_star(), diesel::dsl::min(refunds::requested_at)))
            .load(&mut connection)
            .await
            .map_err(failed)?;
        rows.into_iter().map(|(state, number, since)| Ok((state_of(&state)?, number, since.unwrap_or_default()))).collect()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = refunds, check_for_backend(diesel::pg::Pg))]
struct OpenRow {
    payment_id: String,
    store_id: String,
    reason: String,
    state: String,
    attempts: i32,
    requested_at: DateTime<Utc>,
    next_attempt_at: Option<DateTime<Utc>>,
    last_answer: Option<String>,
}

impl TryFrom<OpenRow> for OpenRefund {
    type Error = Error;

    fn try_from(row: OpenRow) -> Result<Self> {
        Ok(Self {
            payment_id: PaymentId::trusted(row.payment_id),
            store_id: StoreId::trusted(row.store_id),
            reason: RefundReason::parse(&row.reason).ok_or_else(|| bad_row("refunds.reason"))?,
            state: state_of(&row.state)?,
            attempts: row.attempts,
            requested_at: row.requested_at,
            next_attempt_at: row.next_attempt_at,
            last_answer: row.last_answer,
        })
    }
}

fn state_of(word: &str) -> Result<RefundState> {
    RefundState::parse(word).ok_or_else(|| bad_row("refunds.state"))
}
