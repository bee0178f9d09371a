use async_trait::async_trait;
use cheapbob_domain::{
    orders::{
        Actor, ArchiveVersion, Order, OrderStatus, Preferences, TodayOrder,
        ports::{EndedOrders, Orders},
    },
    shared::{Email, Error, PaymentId, ProductId, Result, Sale, StoreId, Won},
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    schema::{archive_version, orders},
    sql::prepared,
};

const ACCEPT: &str = include_str!("sql/accept.sql");
const COMPLETE: &str = include_str!("sql/complete.sql");
const COMPLETE_CLOSED: &str = include_str!("sql/complete_closed.sql");

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
pub(crate) struct OrderRow {
    payment_id: String,
    customer_email: String,
    customer_nickname: String,
    customer_phone_number: String,
    product_id: String,
    product_name: String,
    store_id: String,
    store_name: String,
    quantity: i32,
    price: i64,
    sale: i32,
    total_amount: i64,
    status: String,
    business_day: NaiveDate,
    reservation_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    canceled_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
    preferred_menus: Option<Vec<String>>,
    nutrition_types: Option<Vec<String>>,
    allergies: Option<Vec<String>>,
    topping_types: Option<Vec<String>>,
}

impl TryFrom<OrderRow> for Order {
    type Error = Error;

    fn try_from(row: OrderRow) -> Result<Self> {
        Ok(Self {
            payment_id: PaymentId::trusted(row.payment_id),
            customer: Email::trusted(row.customer_email),
            customer_nickname: row.customer_nickname,
            customer_phone_number: row.customer_phone_number,
            product_id: ProductId::trusted(row.product_id),
            product_name: row.product_name,
            store_id: StoreId::trusted(row.store_id),
            store_name: row.store_name,
            quantity: row.quantity,
            price: Won(row.price),
            sale: Sale::parse(row.sale.into()).map_err(|_| bad_row("orders.sale"))?,
            total_amount: Won(row.total_amount),
            status: OrderStatus::parse(&row.status).ok_or_else(|| bad_row("orders.status"))?,
            business_day: row.business_day,
            reservation_at: row.reservation_at,
            accepted_at: row.accepted_at,
            completed_at: row.completed_at,
            canceled_at: row.canceled_at,
            cancel_reason: row.cancel_reason,
            preferences: Preferences {
                preferred_menus: row.preferred_menus,
                nutrition_types: row.nutrition_types,
                allergies: row.allergies,
                topping_types: row.topping_types,
            },
        })
    }
}

#[async_trait]
impl Orders for Postgres {
    async fn find(&self, payment: &PaymentId) -> Result<Option<Order>> {
        let mut connection = self.connection().await?;
        let row = orders::table.find(payment.as_str()).select(OrderRow::as_select()).first(&mut connection).await.optional();
        row.map_err(failed)?.map(Order::try_from).transpose()
    }

    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<Order>> {
        let mut connection = self.connection().await?;
        let these = orders::table.filter(orders::payment_id.eq_any(payments.iter().map(PaymentId::as_str)));
        into_orders(these.select(OrderRow::as_select()).load(&mut connection).await.map_err(failed)?)
    }

    async fn of_customer(&self, customer: &Email, day: NaiveDate) -> Result<Vec<TodayOrder>> {
        self.today_of_customer(customer, day).await
    }

    async fn of_seller(&self, seller: &Email, day: NaiveDate) -> Result<Vec<Order>> {
        self.today_of_seller(seller, day).await
    }

    async fn accept(&self, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<Option<Order>> {
        self.step(ACCEPT, payment, now, actor).await
    }

    async fn complete(&self, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<Option<Order>> {
        self.step(COMPLETE, payment, now, actor).await
    }

    async fn complete_closed(&self, now: DateTime<Utc>, limit: i64, actor: &Actor) -> Result<usize> {
        let mut connection = self.connection().await?;
        let query = sql_query(COMPLETE_CLOSED)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::BigInt, _>(limit)
            .bind::<t::Text, _>(actor.kind.role())
            .bind::<t::Nullable<t::Text>, _>(actor.kind.id())
            .bind::<t::Nullable<t::Text>, _>(actor.request_id.as_deref());
        prepared(query).execute(&mut connection).await.map_err(failed)
    }

    async fn all_of_customer(&self, customer: &Email) -> Result<(Vec<Order>, ArchiveVersion)> {
        let (_permit, mut connection) = self.report().await?;
        // Of one snapshot, and a row of nothing where the customer has no orders.
        let mine = archive_version::table.left_join(orders::table.on(orders::customer_email.eq(customer.as_str())));
        let selected = mine.select((archive_version::version, Option::<OrderRow>::as_select()));
        let rows: Vec<(i64, Option<OrderRow>)> = selected.load(&mut connection).await.map_err(failed)?;
        let [(version, _), ..] = rows[..] else { return Err(bad_row("archive_version")) };
        Ok((into_orders(rows.into_iter().filter_map(|(_, order)| order).collect())?, ArchiveVersion(version)))
    }

    async fn all_of_store(&self, store: &StoreId) -> Result<Vec<Order>> {
        let (_permit, mut connection) = self.report().await?;
        let mine = orders::table.filter(orders::store_id.eq(store.as_str()));
        into_orders(mine.select(OrderRow::as_select()).load(&mut connection).await.map_err(failed)?)
    }
}

#[async_trait]
impl EndedOrders for Postgres {
    async fn of_days_before<'a>(&self, today: NaiveDate, after: Option<&'a PaymentId>, limit: i64) -> Result<Vec<Order>> {
        let mut connection = self.connection().await?;
        let rows = orders::table
            .filter(orders::status.eq_any(["complete", "cancel"]).and(orders::business_day.lt(today)))
            .filter(orders::payment_id.gt(after.map_or("", PaymentId::as_str)))
            .order(orders::payment_id)
            .limit(limit)
            .select(OrderRow::as_select());
        into_orders(rows.load(&mut connection).await.map_err(failed)?)
    }

    async fn delete(&self, payments: &[PaymentId]) -> Result<usize> {
        let mut connection = self.connection().await?;
        let these = orders::table.filter(orders::payment_id.eq_any(payments.iter().map(PaymentId::as_str)));
        diesel::delete(these).execute(&mut connection).await.map_err(failed)
    }

    async fn archive_changed(&self) -> Result<()> {
        let mut connection = self.connection().await?;
        sql_query("SELECT change_archive_version()").execute(&mut connection).await.map(|_| ()).map_err(failed)
    }
}

impl Postgres {
    /// One of the statements that take an order one step on.
    async fn step(&self, statement: &'static str, payment: &PaymentId, now: DateTime<Utc>, actor: &Actor) -> Result<Option<Order>> {
        let mut connection = self.connection().await?;
        let query = sql_query(statement)
            .bind::<t::Text, _>(payment.as_str())
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Text, _>(actor.kind.role())
            .bind::<t::Nullable<t::Text>, _>(actor.kind.id())
            .bind::<t::Nullable<t::Text>, _>(actor.request_id.as_deref());
        let row: Option<OrderRow> = prepared(query).get_result(&mut connection).await.optional().map_err(failed)?;
        row.map(Order::try_from).transpose()
    }
}

fn into_orders(rows: Vec<OrderRow>) -> Result<Vec<Order>> {
    rows.into_iter().map(Order::try_from).collect()
}
