use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Result, StoreId},
    stores::{Approval, BusinessNumber, StoreApproval, ports::Approvals},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    sql::prepared,
};

/// Stores `s` with their approvals `a`, without which of them.
const APPROVALS: &str =
    "SELECT s.id, s.name, s.seller_email, s.withheld, a.state, a.business_number, a.licence, a.reason, a.asked_at, a.decided_at,
       a.decided_by, a.version FROM stores s";
const PUT: &str = include_str!("sql/put_approval.sql");

#[derive(QueryableByName)]
struct ApprovalRow {
    #[diesel(sql_type = t::Text)]
    id: String,
    #[diesel(sql_type = t::Text)]
    name: String,
    #[diesel(sql_type = t::Text)]
    seller_email: String,
    #[diesel(sql_type = t::Bool)]
    withheld: bool,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    state: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    business_number: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    licence: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    reason: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Timestamptz>)]
    asked_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = t::Nullable<t::Timestamptz>)]
    decided_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    decided_by: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    version: Option<i32>,
}

impl TryFrom<ApprovalRow> for StoreApproval {
    type Error = Error;

    fn try_from(row: ApprovalRow) -> Result<Self> {
        let approval = match (row.state, row.version) {
            (Some(state), Some(version)) => Approval {
                state: state.parse().map_err(|_| bad_row("store_approvals.state"))?,
                business_number: row.business_number.map(BusinessNumber::trusted),
                licence: row.licence,
                reason: row.reason,
                asked_at: row.asked_at,
                decided_at: row.decided_at,
                decided_by: row.decided_by,
                version,
            },
            _ => Approval::of_nothing(row.withheld),
        };
        Ok(Self { store: StoreId::trusted(row.id), store_name: row.name, seller: Email::trusted(row.seller_email), approval })
    }
}

#[async_trait]
impl Approvals for Postgres {
    async fn find(&self, store: &StoreId) -> Result<Option<StoreApproval>> {
        let mut connection = self.connection().await?;
        let statement = format!("{APPROVALS} LEFT JOIN store_approvals a ON a.store_id = s.id WHERE s.id = $1");
        let query = prepared(sql_query(statement).bind::<t::Text, _>(store.as_str()));
        let row: Option<ApprovalRow> = query.get_result(&mut connection).await.optional().map_err(failed)?;
        row.map(StoreApproval::try_from).transpose()
    }

    async fn waiting(&self, limit: i64) -> Result<Vec<StoreApproval>> {
        let mut connection = self.connection().await?;
        let statement = format!(
            "{APPROVALS} JOIN store_approvals a ON a.store_id = s.id WHERE a.state = 'waiting' ORDER BY a.asked_at, a.store_id LIMIT $1"
        );
        let rows: Vec<ApprovalRow> =
            prepared(sql_query(statement).bind::<t::BigInt, _>(limit)).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(StoreApproval::try_from).collect()
    }

    async fn put(&self, store: &StoreId, approval: &Approval, withheld: bool, told: bool, at: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(PUT)
            .bind::<t::Text, _>(store.as_str())
            .bind::<t::Text, _>(approval.state.as_str())
            .bind::<t::Nullable<t::Text>, _>(approval.business_number.as_ref().map(BusinessNumber::as_str))
            .bind::<t::Nullable<t::Text>, _>(approval.licence.as_deref())
            .bind::<t::Nullable<t::Text>, _>(approval.reason.as_deref())
            .bind::<t::Nullable<t::Timestamptz>, _>(approval.asked_at)
            .bind::<t::Nullable<t::Timestamptz>, _>(approval.decided_at)
            .bind::<t::Nullable<t::Text>, _>(approval.decided_by.as_deref())
            .bind::<t::Integer, _>(approval.version)
            .bind::<t::Bool, _>(withheld)
            .bind::<t::Bool, _>(told)
            .bind::<t::Timestamptz, _>(at);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }
}
