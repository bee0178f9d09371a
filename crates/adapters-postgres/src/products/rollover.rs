//! Beginning a business day.

use cheapbob_domain::{
    products::Rollover,
    shared::{ProductId, Result},
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{dsl::AsExprOf, prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::{
    database::{Postgres, failed},
    patient::PatientConnection,
    schema::products,
    sql::prepared,
};

const OVERSOLD: &str = include_str!("sql/oversold.sql");
const ROLLOVER: &str = include_str!("sql/rollover.sql");

/// The products that a rollover takes: those of a day before, and of a later one where it is the current day's.
#[diesel::dsl::auto_type(no_type_alias)]
fn taken(rollover: Rollover) -> _ {
    let back: AsExprOf<bool, t::Bool> = rollover.is_current.into_sql::<t::Bool>();
    let day: NaiveDate = rollover.day;
    products::stock_day.lt(day).or(products::stock_day.gt(day).and(back))
}

impl Postgres {
    /// Products with more promised than there is.
    pub(super) async fn count_oversold(&self) -> Result<i64> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::BigInt)]
            products: i64,
        }
        let mut connection = self.connection().await?;
        let row: Row = prepared(sql_query(OVERSOLD)).get_result(&mut connection).await.map_err(failed)?;
        Ok(row.products)
    }

    /// Products that this rollover takes.
    pub(super) async fn products_to_roll_over(&self, rollover: Rollover, after: Option<&ProductId>, limit: i64) -> Result<Vec<ProductId>> {
        let mut connection = self.connection().await?;
        let ids: Vec<String> = products::table
            .filter(taken(rollover))
            .filter(products::id.gt(after.map_or("", ProductId::as_str)))
            .order(products::id)
            .limit(limit)
            .select(products::id)
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(ids.into_iter().map(ProductId::trusted).collect())
    }

    /// Locks, then counts. A transaction that waits for a product holds no other one: it cannot be part of a deadlock with the
    /// statements that lock several, such as a store's closing. So those that are busy come last, one by one.
    pub(super) async fn roll_over_products(
        &self,
        rollover: Rollover,
        wanted: &[(ProductId, Option<i32>)],
        at: DateTime<Utc>,
    ) -> Result<usize> {
        let mut connection = self.connection().await?;
        let done = connection
            .transaction(async |c| {
                let ids: Vec<_> = wanted.iter().map(|(id, _)| id.as_str()).collect();
                let free = products::table.filter(products::id.eq_any(&ids)).filter(taken(rollover)).select(products::id);
                let free: Vec<String> = free.for_update().skip_locked().load(c).await?;
                count(c, rollover.day, &free, wanted, at).await
            })
            .await
            .map_err(failed)?;
        let busy = products::table
            .filter(products::id.eq_any(wanted.iter().map(|(id, _)| id.as_str())))
            .filter(taken(rollover))
            .select(products::id);
        let busy: Vec<String> = busy.load(&mut connection).await.map_err(failed)?;
        let mut rolled_over = done;
        for id in busy {
            let one = connection.transaction(async |c| {
                let mine = products::table.filter(products::id.eq(&id)).filter(taken(rollover)).select(products::id);
                let mine: Vec<String> = mine.for_update().load(c).await?;
                count(c, rollover.day, &mine, wanted, at).await
            });
            rolled_over += one.await.map_err(failed)?;
        }
        Ok(rolled_over)
    }
}

async fn count(
    connection: &mut PatientConnection,
    day: NaiveDate,
    locked: &[String],
    wanted: &[(ProductId, Option<i32>)],
    at: DateTime<Utc>,
) -> QueryResult<usize> {
    let (ids, stocks): (Vec<_>, Vec<_>) =
        wanted.iter().filter(|(id, _)| locked.iter().any(|l| l == id.as_str())).map(|(id, stock)| (id.as_str(), *stock)).unzip();
    let query = sql_query(ROLLOVER)
        .bind::<t::Array<t::Text>, _>(ids)
        .bind::<t::Array<t::Nullable<t::Integer>>, _>(stocks)
        .bind::<t::Date, _>(day)
        .bind::<t::Timestamptz, _>(at);
    prepared(query).execute(connection).await
}
