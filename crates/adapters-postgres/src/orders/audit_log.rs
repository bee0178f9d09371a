//! The audit log: entries are written by the statements that make the changes, and read here.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Actor, AuditEntry, Discrepancy, ports::AuditLog},
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
        let (_permit, mut connection) = self.report().await?;
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
