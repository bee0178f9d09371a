//! What streams tell: rows that a trigger writes with each order and each change of its state.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Listener, OrderChange, OrderStatus, Snapshot, ports::OrderChanges},
    shared::{Email, Error, PaymentId, Result, StoreId},
};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    sql::{BATCH, in_batches, prepared},
};

const SINCE: &str = include_str!("sql/changes_since.sql");
const MISSED_OF_STORE: &str = include_str!("sql/missed_of_store.sql");
const MISSED_OF_CUSTOMER: &str = include_str!("sql/missed_of_customer.sql");
const PRUNE: &str = include_str!("sql/prune_changes.sql");

#[derive(QueryableByName)]
struct ChangeRow {
    #[diesel(sql_type = t::BigInt)]
    id: i64,
    #[diesel(sql_type = t::BigInt)]
    transaction: i64,
    #[diesel(sql_type = t::Text)]
    payment_id: String,
    #[diesel(sql_type = t::Text)]
    store_id: String,
    #[diesel(sql_type = t::Text)]
    customer_email: String,
    #[diesel(sql_type = t::Text)]
    status: String,
}

/// A row for each change; one without a change where there is none.
#[derive(QueryableByName)]
struct SinceRow {
    #[diesel(sql_type = t::Text)]
    now: String,
    #[diesel(sql_type = t::Nullable<t::BigInt>)]
    id: Option<i64>,
    #[diesel(sql_type = t::Nullable<t::BigInt>)]
    transaction: Option<i64>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    payment_id: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    store_id: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    customer_email: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    status: Option<String>,
}

impl SinceRow {
    fn change(self) -> Option<ChangeRow> {
        Some(ChangeRow {
            id: self.id?,
            transaction: self.transaction?,
            payment_id: self.payment_id?,
            store_id: self.store_id?,
            customer_email: self.customer_email?,
            status: self.status?,
        })
    }
}

impl TryFrom<ChangeRow> for OrderChange {
    type Error = Error;

    fn try_from(row: ChangeRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            transaction: u64::try_from(row.transaction).map_err(|_| bad_row("order_events.xid"))?,
            payment_id: PaymentId::trusted(row.payment_id),
            store_id: StoreId::trusted(row.store_id),
            customer: Email::trusted(row.customer_email),
            status: OrderStatus::parse(&row.status).ok_or_else(|| bad_row("order_events.status"))?,
        })
    }
}

#[async_trait]
impl OrderChanges for Postgres {
    async fn now(&self) -> Result<Snapshot> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Text)]
            now: String,
        }
        let query = prepared(sql_query("SELECT pg_current_snapshot()::text AS now"));
        let row: Row = query.get_result(&mut self.connection().await?).await.map_err(failed)?;
        snapshot(&row.now)
    }

    async fn since(&self, since: &Snapshot, limit: i64) -> Result<(Vec<OrderChange>, Snapshot)> {
        let query = sql_query(SINCE).bind::<t::Text, _>(since.to_string()).bind::<t::BigInt, _>(limit);
        let rows: Vec<SinceRow> = prepared(query).load(&mut self.connection().await?).await.map_err(failed)?;
        let now = snapshot(&rows.as_slice().first().ok_or_else(|| bad_row("no snapshot"))?.now)?;
        let changes: Result<_> = rows.into_iter().filter_map(SinceRow::change).map(OrderChange::try_from).collect();
        Ok((changes?, now))
    }

    async fn missed(&self, listener: &Listener, since: &Snapshot, until: &Snapshot, after: i64, limit: usize) -> Result<Vec<OrderChange>> {
        let (statement, who) = match listener {
            Listener::Store(store) => (MISSED_OF_STORE, store.as_str()),
            Listener::Customer(customer) => (MISSED_OF_CUSTOMER, customer.as_str()),
        };
        let query = sql_query(statement)
            .bind::<t::Text, _>(who)
            .bind::<t::Text, _>(since.to_string())
            .bind::<t::Text, _>(until.to_string())
            .bind::<t::BigInt, _>(after)
            .bind::<t::BigInt, _>(i64::try_from(limit).map_err(Error::internal)?);
        let rows: Vec<ChangeRow> = prepared(query).load(&mut self.connection().await?).await.map_err(failed)?;
        rows.into_iter().map(OrderChange::try_from).collect()
    }

    async fn prune(&self) -> Result<u64> {
        let mut connection = self.connection().await?;
        in_batches(&mut connection, || prepared(sql_query(PRUNE).bind::<t::BigInt, _>(BATCH))).await
    }
}

fn snapshot(text: &str) -> Result<Snapshot> {
    Snapshot::parse(text).ok_or_else(|| bad_row("a snapshot"))
}
