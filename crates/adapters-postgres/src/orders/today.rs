//! Lists of today's orders, of many people in one statement.

use cheapbob_domain::{
    orders::{Order, TodayOrder},
    shared::{Email, Error, Result},
};
use chrono::{NaiveDate, NaiveTime};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use super::OrderRow;
use crate::{
    database::{Postgres, bad_row, failed},
    sql::prepared,
    together::Statement,
};

const OF_CUSTOMERS: &str = include_str!("sql/today_of_customers.sql");
const OF_SELLERS: &str = include_str!("sql/today_of_sellers.sql");

#[derive(QueryableByName)]
struct OfCustomerRow {
    #[diesel(sql_type = t::BigInt)]
    turn: i64,
    #[diesel(embed)]
    order: OrderRow,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    main_image: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Time>)]
    pickup_start_time: Option<NaiveTime>,
    #[diesel(sql_type = t::Nullable<t::Time>)]
    pickup_end_time: Option<NaiveTime>,
}

#[derive(QueryableByName)]
struct OfSellerRow {
    #[diesel(sql_type = t::BigInt)]
    turn: i64,
    #[diesel(embed)]
    order: OrderRow,
}

impl TryFrom<OfCustomerRow> for TodayOrder {
    type Error = Error;

    fn try_from(row: OfCustomerRow) -> Result<Self> {
        let pickup = (row.pickup_start_time.unwrap_or_default(), row.pickup_end_time.unwrap_or_default());
        Ok(Self { order: row.order.try_into()?, main_image: row.main_image, pickup })
    }
}

impl Postgres {
    /// A customer's, read with those that others ask for just then.
    pub(super) async fn today_of_customer(&self, customer: &Email, day: NaiveDate) -> Result<Vec<TodayOrder>> {
        let statement = || -> Statement<(Email, NaiveDate), Vec<TodayOrder>> {
            let postgres = self.clone();
            Box::new(move |asked| {
                let postgres = postgres.clone();
                Box::pin(async move { postgres.of_customers(&asked).await })
            })
        };
        self.lines.today_of_customers.ask((customer.clone(), day), statement).await
    }

    /// Those of a seller's store, the same way.
    pub(super) async fn today_of_seller(&self, seller: &Email, day: NaiveDate) -> Result<Vec<Order>> {
        let statement = || -> Statement<(Email, NaiveDate), Vec<Order>> {
            let postgres = self.clone();
            Box::new(move |asked| {
                let postgres = postgres.clone();
                Box::pin(async move { postgres.of_sellers(&asked).await })
            })
        };
        self.lines.today_of_sellers.ask((seller.clone(), day), statement).await
    }

    async fn of_customers(&self, asked: &[(Email, NaiveDate)]) -> Result<Vec<Vec<TodayOrder>>> {
        let (customers, days): (Vec<_>, Vec<_>) = asked.iter().map(|(customer, day)| (customer.as_str(), *day)).unzip();
        let query = sql_query(OF_CUSTOMERS).bind::<t::Array<t::Text>, _>(customers).bind::<t::Array<t::Date>, _>(days);
        let rows: Vec<OfCustomerRow> = prepared(query).load(&mut self.connection().await?).await.map_err(failed)?;
        by_turn(asked.len(), rows.into_iter().map(|row| (row.turn, TodayOrder::try_from(row))))
    }

    async fn of_sellers(&self, asked: &[(Email, NaiveDate)]) -> Result<Vec<Vec<Order>>> {
        let (sellers, days): (Vec<_>, Vec<_>) = asked.iter().map(|(seller, day)| (seller.as_str(), *day)).unzip();
        let query = sql_query(OF_SELLERS).bind::<t::Array<t::Text>, _>(sellers).bind::<t::Array<t::Date>, _>(days);
        let rows: Vec<OfSellerRow> = prepared(query).load(&mut self.connection().await?).await.map_err(failed)?;
        by_turn(asked.len(), rows.into_iter().map(|row| (row.turn, Order::try_from(row.order))))
    }
}

/// To whom each row belongs: asks are counted from one.
fn by_turn<T>(asks: usize, rows: impl Iterator<Item = (i64, Result<T>)>) -> Result<Vec<Vec<T>>> {
    let mut lists: Vec<_> = (0..asks).map(|_| Vec::new()).collect();
    for (turn, row) in rows {
        let list = usize::try_from(turn - 1).ok().and_then(|turn| lists.get_mut(turn)).ok_or_else(|| bad_row("an order's turn"))?;
        list.push(row?);
    }
    Ok(lists)
}
