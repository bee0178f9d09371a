use async_trait::async_trait;
use cheapbob_domain::{
    orders::{CanceledBy, Cancellation, Order, OrderStatus, ports::Cancellations},
    shared::{PaymentId, Result, StoreId},
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::lists::OrderRow;
use crate::{
    database::{Postgres, failed},
    patient::PatientConnection,
    schema::{orders, stores},
    sql::prepared,
};

const PICKUP_OVER: &str = include_str!("sql/pickup_over.sql");
const CANCEL: &str = include_str!("sql/cancel.sql");

async fn cancel(connection: &mut PatientConnection, payment: &str, cancellation: &Cancellation) -> QueryResult<Option<OrderRow>> {
    let query = sql_query(CANCEL)
        .bind::<t::Text, _>(payment)
        .bind::<t::Array<t::Text>, _>(words(cancellation.by))
        .bind::<t::Nullable<t::Text>, _>(&cancellation.reason)
        .bind::<t::Date, _>(cancellation.today)
        .bind::<t::Timestamptz, _>(cancellation.at)
        .bind::<t::Text, _>(cancellation.by.refund_reason().as_str())
        .bind::<t::Text, _>(cancellation.by.event().as_str())
        .bind::<t::Text, _>(cancellation.actor.kind.role())
        .bind::<t::Nullable<t::Text>, _>(cancellation.actor.kind.id())
        .bind::<t::Nullable<t::Text>, _>(&cancellation.actor.request_id);
    prepared(query).get_result(connection).await.optional()
}

/// The states from which this may happen, as rows say them.
fn words(by: CanceledBy) -> Vec<&'static str> {
    by.from_states().iter().copied().map(OrderStatus::as_str).collect()
}

#[async_trait]
impl Cancellations for Postgres {
    async fn cancel(&self, payment: &PaymentId, cancellation: &Cancellation) -> Result<Option<Order>> {
        let mut connection = self.connection().await?;
        let row = cancel(&mut connection, payment.as_str(), cancellation).await.map_err(failed)?;
        row.map(Order::try_from).transpose()
    }

    async fn close_store(&self, store: &StoreId, cancellation: &Cancellation) -> Result<Vec<Order>> {
        let mut connection = self.connection().await?;
        let rows = connection
            .transaction(async |c| {
                // An order that is being made holds a share of the store's row: it is waited for, and a later one is refused.
                diesel::update(stores::table.find(store.as_str())).set(stores::closed_on.eq(cancellation.today)).execute(c).await?;
                let open: Vec<String> = orders::table
                    .filter(orders::store_id.eq(store.as_str()).and(orders::business_day.eq(cancellation.today)))
                    .filter(orders::status.eq_any(words(cancellation.by)))
                    .order(orders::payment_id)
                    .select(orders::payment_id)
                    // All orders before the first product: a cancellation that has one of them waits for its product next.
                    .for_update()
                    .load(c)
                    .await?;
                let mut rows = Vec::with_capacity(open.len());
                for payment in open {
                    rows.extend(cancel(c, &payment, cancellation).await?);
                }
                Ok(rows)
            })
            .await
            .map_err(failed)?;
        rows.into_iter().map(Order::try_from).collect()
    }

    async fn pickup_over<'a>(&self, now: DateTime<Utc>, after: Option<&'a PaymentId>, limit: i64) -> Result<Vec<PaymentId>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Text)]
            payment_id: String,
        }
        let mut connection = self.connection().await?;
        let query = sql_query(PICKUP_OVER)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::BigInt, _>(limit)
            .bind::<t::Array<t::Text>, _>(words(CanceledBy::PickupOver))
            .bind::<t::Text, _>(after.map_or("", PaymentId::as_str));
        let rows: Vec<Row> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|row| PaymentId::trusted(row.payment_id)).collect())
    }

    async fn left_over<'a>(&self, today: NaiveDate, after: Option<&'a PaymentId>, limit: i64) -> Result<Vec<PaymentId>> {
        let mut connection = self.connection().await?;
        let ids: Vec<String> = orders::table
            .filter(orders::status.eq_any(words(CanceledBy::DayOver)).and(orders::business_day.lt(today)))
            .filter(orders::payment_id.gt(after.map_or("", PaymentId::as_str)))
            .order(orders::payment_id)
            .limit(limit)
            .select(orders::payment_id)
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(ids.into_iter().map(PaymentId::trusted).collect())
    }
}
