use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Error, Result, StoreId},
    stores::{DayHours, OperationTime, Week, ports::Hours},
};
use chrono::{DateTime, NaiveTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, failed},
    schema::{operation_reservations, operation_times},
    sql::prepared,
};

const APPLY: &str = include_str!("sql/apply_hours.sql");

#[derive(Queryable, Selectable)]
#[diesel(table_name = operation_times, check_for_backend(diesel::pg::Pg))]
struct HoursRow {
    id: i64,
    day_of_week: i16,
    open_time: NaiveTime,
    close_time: NaiveTime,
    pickup_start_time: NaiveTime,
    pickup_end_time: NaiveTime,
    is_open_enabled: bool,
    updated_at: DateTime<Utc>,
}

impl From<HoursRow> for OperationTime {
    fn from(row: HoursRow) -> Self {
        let HoursRow { id, day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled, updated_at } = row;
        let hours = DayHours { day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled };
        Self { operation_id: id, hours, updated_at }
    }
}

/// The hours of one day, in the middle of a row of SQL.
#[derive(QueryableByName)]
pub(crate) struct DayHoursRow {
    #[diesel(sql_type = t::SmallInt)]
    day_of_week: i16,
    #[diesel(sql_type = t::Time)]
    open_time: NaiveTime,
    #[diesel(sql_type = t::Time)]
    close_time: NaiveTime,
    #[diesel(sql_type = t::Time)]
    pickup_start_time: NaiveTime,
    #[diesel(sql_type = t::Time)]
    pickup_end_time: NaiveTime,
    #[diesel(sql_type = t::Bool)]
    is_open_enabled: bool,
}

impl From<DayHoursRow> for DayHours {
    fn from(row: DayHoursRow) -> Self {
        let DayHoursRow { day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled } = row;
        Self { day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled }
    }
}

#[async_trait]
impl Hours for Postgres {
    async fn current(&self, store: &StoreId) -> Result<Vec<OperationTime>> {
        let mut connection = self.connection().await?;
        let rows: Vec<HoursRow> = operation_times::table
            .filter(operation_times::store_id.eq(store.as_str()))
            .order(operation_times::day_of_week)
            .select(HoursRow::as_select())
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn reserved(&self, store: &StoreId) -> Result<Option<(Week, DateTime<Utc>)>> {
        let mut connection = self.connection().await?;
        let row: Option<(serde_json::Value, DateTime<Utc>)> = operation_reservations::table
            .find(store.as_str())
            .select((operation_reservations::days, operation_reservations::created_at))
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        row.map(|(days, at)| Ok((serde_json::from_value(days).map_err(Error::internal)?, at))).transpose()
    }

    async fn reserve(&self, store: &StoreId, week: &Week, at: DateTime<Utc>) -> Result<()> {
        let days = serde_json::to_value(week).map_err(Error::internal)?;
        let mut connection = self.connection().await?;
        let row = (operation_reservations::days.eq(days), operation_reservations::created_at.eq(at));
        diesel::insert_into(operation_reservations::table)
            .values((operation_reservations::store_id.eq(store.as_str()), row.clone()))
            .on_conflict(operation_reservations::store_id)
            .do_update()
            .set(row)
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn cancel(&self, store: &StoreId) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::delete(operation_reservations::table.find(store.as_str())).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn apply(&self, before: DateTime<Utc>, at: DateTime<Utc>) -> Result<usize> {
        let mut connection = self.connection().await?;
        let query = sql_query(APPLY).bind::<t::Timestamptz, _>(before).bind::<t::Timestamptz, _>(at);
        prepared(query).execute(&mut connection).await.map_err(failed)
    }
}
