//! The audit log, and our side of the books.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{
        Actor, AuditEntry, Booked, Discrepancy, Expected, RefundState,
        ports::{AuditLog, Books},
    },
    shared::{PaymentId, Result, StoreId},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    sql::prepared,
};

const AUDIT_LOG: &str = include_str!("sql/audit_log.sql");
const REPORT: &str = include_str!("sql/report.sql");
const STORES: &str = include_str!("sql/stores_with_payments.sql");
const OF_STORE: &str = include_str!("sql/booked_of_store.sql");
const FIND: &str = include_str!("sql/booked.sql");

#[derive(QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = t::Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = t::Text)]
    event: String,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    detail: Option<String>,
    #[diesel(sql_type = t::Text)]
    actor_role: String,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    actor: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    request_id: Option<String>,
}

#[async_trait]
impl AuditLog for Postgres {
    async fn of_payment(&self, store: &StoreId, payment: &PaymentId) -> Result<Vec<AuditEntry>> {
        let mut connection = self.connection().await?;
        let query = sql_query(AUDIT_LOG).bind::<t::Text, _>(payment.as_str()).bind::<t::Text, _>(store.as_str());
        let rows: Vec<EntryRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        let entry =
            |EntryRow { at, event, detail, actor_role, actor, request_id }| AuditEntry { at, event, detail, actor_role, actor, request_id };
        Ok(rows.into_iter().map(entry).collect())
    }

    async fn report(
        &self,
        store: &StoreId,
        payment: &PaymentId,
        discrepancy: Discrepancy,
        now: DateTime<Utc>,
        actor: &Actor,
    ) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(REPORT)
            .bind::<t::Text, _>(payment.as_str())
            .bind::<t::Text, _>(store.as_str())
            .bind::<t::Text, _>(discrepancy.as_str())
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Text, _>(actor.kind.role())
            .bind::<t::Nullable<t::Text>, _>(actor.kind.id())
            .bind::<t::Nullable<t::Text>, _>(actor.request_id.as_deref());
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn discrepancies(&self) -> Result<i64> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::BigInt)]
            n: i64,
        }
        let mut connection = self.connection().await?;
        let query = sql_query("SELECT count(*) AS n FROM audit_log WHERE event = 'discrepancy'");
        Ok(prepared(query).get_result::<Row>(&mut connection).await.map_err(failed)?.n)
    }
}

#[derive(QueryableByName)]
struct BookedRow {
    #[diesel(sql_type = t::Text)]
    payment_id: String,
    #[diesel(sql_type = t::Text)]
    store_id: String,
    #[diesel(sql_type = t::Text)]
    portone_store_id: String,
    #[diesel(sql_type = t::BigInt)]
    total_amount: i64,
    #[diesel(sql_type = t::Text)]
    state: String,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    refund: Option<String>,
}

impl From<BookedRow> for Booked {
    fn from(row: BookedRow) -> Self {
        let expected = match (row.state.as_str(), row.refund.as_deref().and_then(RefundState::parse)) {
            (_, Some(RefundState::Succeeded)) => Expected::Nothing,
            ("ordered", None) => Expected::Money(row.total_amount),
            _ => Expected::Open,
        };
        Self {
            payment_id: PaymentId::trusted(row.payment_id),
            store_id: StoreId::trusted(row.store_id),
            portone_store_id: row.portone_store_id,
            expected,
        }
    }
}

#[async_trait]
impl Books for Postgres {
    async fn stores(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<(StoreId, String)>,
        limit: i64,
    ) -> Result<Vec<(StoreId, String)>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Text)]
            store_id: String,
            #[diesel(sql_type = t::Text)]
            portone_store_id: String,
        }
        let (store, portone_store) = after.map_or_else(Default::default, |(store, portone_store)| (store.to_string(), portone_store));
        let mut connection = self.connection().await?;
        let query = sql_query(STORES)
            .bind::<t::Timestamptz, _>(from)
            .bind::<t::Timestamptz, _>(until)
            .bind::<t::Text, _>(store)
            .bind::<t::Text, _>(portone_store)
            .bind::<t::BigInt, _>(limit);
        let rows: Vec<Row> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|row| (StoreId::trusted(row.store_id), row.portone_store_id)).collect())
    }

    async fn of_store(&self, store: &StoreId, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Booked>> {
        let mut connection = self.connection().await?;
        let query = sql_query(OF_STORE).bind::<t::Text, _>(store.as_str()).bind::<t::Timestamptz, _>(from).bind::<t::Timestamptz, _>(until);
        let rows: Vec<BookedRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(Booked::from).collect())
    }

    async fn find(&self, payments: &[PaymentId]) -> Result<Vec<Booked>> {
        if payments.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = payments.iter().map(PaymentId::as_str).collect();
        let mut connection = self.connection().await?;
        let query = sql_query(FIND).bind::<t::Array<t::Text>, _>(ids);
        let rows: Vec<BookedRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(Booked::from).collect())
    }
}
