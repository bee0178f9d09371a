//! Our side of the books, for reconciliation.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Booked, Expected, RefundState, ports::Books},
    shared::{PaymentId, Result, StoreId},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    sql::prepared,
};

const STORES: &str = include_str!("sql/stores_with_payments.sql");
const OF_STORE: &str = include_str!("sql/booked_of_store.sql");
const FIND: &str = include_str!("sql/booked.sql");

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
        let refund = row.refund.as_deref().and_then(RefundState::parse);
        let expected = Expected::of(row.state == "ordered", refund, row.total_amount);
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
