//! The fake of MongoDB: the order archive, stock reservations, withdrawal requests.

use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Order, ports::OrderArchive},
    products::{StockReservation, ports::StockReservations},
    shared::{Email, Error, PaymentId, ProductId, Result, StoreId},
    users::{NOBODY, Role, ports::Withdrawals},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::database::{Embedded, failed};

diesel::table! {
    embedded.order_archive (payment_id) {
        payment_id -> Text,
        customer -> Text,
        store_id -> Text,
        latest_event -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        order -> Jsonb,
    }
}
diesel::table! { embedded.stock_reservations (product_id) { product_id -> Text, new_stock -> Integer, reserved_at -> Timestamptz, } }
diesel::table! { embedded.withdrawals (email) { email -> Text, role -> Text, requested_at -> Timestamptz, } }

/// Rows of one INSERT: PostgreSQL takes 65,535 parameters.
const ROWS: usize = 5_000;

fn orders(rows: QueryResult<Vec<serde_json::Value>>) -> Result<Vec<Order>> {
    rows.map_err(failed)?.into_iter().map(|row| serde_json::from_value(row).map_err(Error::internal)).collect()
}

#[async_trait]
impl OrderArchive for Embedded {
    async fn put(&self, orders: &[Order]) -> Result<()> {
        let mut connection = self.connection().await?;
        for orders in orders.chunks(ROWS) {
            let rows = orders
                .iter()
                .map(|order| {
                    Ok((
                        order_archive::payment_id.eq(order.payment_id.as_str()),
                        order_archive::customer.eq(order.customer.as_str()),
                        order_archive::store_id.eq(order.store_id.as_str()),
                        order_archive::latest_event.eq(order.latest_event()),
                        order_archive::ended_at.eq(order.ended_at()),
                        order_archive::order.eq(serde_json::to_value(order).map_err(Error::internal)?),
                    ))
                })
                .collect::<Result<Vec<_>>>()?;
            diesel::insert_into(order_archive::table)
                .values(&rows)
                .on_conflict_do_nothing()
                .execute(&mut connection)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }

    async fn find(&self, payment: &PaymentId) -> Result<Option<Order>> {
        let mut connection = self.connection().await?;
        let row = order_archive::table.find(payment.as_str()).select(order_archive::order).load(&mut connection).await;
        Ok(orders(row)?.pop())
    }

    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<Order>> {
        let mut connection = self.connection().await?;
        let these = order_archive::table.filter(order_archive::payment_id.eq_any(payments.iter().map(PaymentId::as_str)));
        orders(these.select(order_archive::order).load(&mut connection).await)
    }

    async fn pseudonymize(&self, customer: &Email, pseudonym: &Email, before: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let nobody = serde_json::json!({
            "customer": pseudonym.as_str(), "customer_nickname": NOBODY.0, "customer_phone_number": NOBODY.1,
        });
        let theirs = order_archive::customer.eq(customer.as_str()).and(order_archive::latest_event.lt(before));
        diesel::update(order_archive::table.filter(theirs))
            .set((order_archive::customer.eq(pseudonym.as_str()), order_archive::order.eq(order_archive::order.concat(nobody))))
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn of_customer(&self, customer: &Email, limit: i64) -> Result<Vec<Order>> {
        let mut connection = self.connection().await?;
        let newest = order_archive::table
            .filter(order_archive::customer.eq(customer.as_str()))
            .order((order_archive::latest_event.desc(), order_archive::payment_id.desc()))
            .limit(limit)
            .select(order_archive::order);
        orders(newest.load(&mut connection).await)
    }

    async fn of_store(&self, store: &StoreId, limit: i64) -> Result<Vec<Order>> {
        let mut connection = self.connection().await?;
        let newest = order_archive::table
            .filter(order_archive::store_id.eq(store.as_str()))
            .order((order_archive::latest_event.desc(), order_archive::payment_id.desc()))
            .limit(limit)
            .select(order_archive::order);
        orders(newest.load(&mut connection).await)
    }

    async fn ended_of_store(&self, store: &StoreId, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Order>> {
        let mut connection = self.connection().await?;
        let ended = order_archive::table
            .filter(order_archive::store_id.eq(store.as_str()))
            .filter(order_archive::ended_at.ge(from).and(order_archive::ended_at.lt(until)))
            .select(order_archive::order);
        orders(ended.load(&mut connection).await)
    }
}

#[async_trait]
impl StockReservations for Embedded {
    async fn find(&self, product: &ProductId) -> Result<Option<StockReservation>> {
        let mut connection = self.connection().await?;
        let row: Option<(i32, DateTime<Utc>)> = stock_reservations::table
            .find(product.as_str())
            .select((stock_reservations::new_stock, stock_reservations::reserved_at))
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        Ok(row.map(|(new_stock, reserved_at)| StockReservation { new_stock, reserved_at }))
    }

    async fn reserve(&self, product: &ProductId, reservation: &StockReservation) -> Result<()> {
        let mut connection = self.connection().await?;
        let row = (stock_reservations::new_stock.eq(reservation.new_stock), stock_reservations::reserved_at.eq(reservation.reserved_at));
        diesel::insert_into(stock_reservations::table)
            .values((stock_reservations::product_id.eq(product.as_str()), row))
            .on_conflict(stock_reservations::product_id)
            .do_update()
            .set(row)
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn cancel(&self, product: &ProductId) -> Result<bool> {
        let mut connection = self.connection().await?;
        Ok(diesel::delete(stock_reservations::table.find(product.as_str())).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn due(&self, products: &[ProductId], before: DateTime<Utc>) -> Result<Vec<(ProductId, i32)>> {
        let mut connection = self.connection().await?;
        let rows: Vec<(String, i32)> = stock_reservations::table
            .filter(stock_reservations::product_id.eq_any(products.iter().map(ProductId::as_str)))
            .filter(stock_reservations::reserved_at.lt(before))
            .select((stock_reservations::product_id, stock_reservations::new_stock))
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(|(id, stock)| (ProductId::trusted(id), stock)).collect())
    }

    async fn forget(&self, before: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let old = stock_reservations::table.filter(stock_reservations::reserved_at.lt(before));
        diesel::delete(old).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }
}

#[async_trait]
impl Withdrawals for Embedded {
    async fn request(&self, email: &Email, role: Role, since: DateTime<Utc>, at: DateTime<Utc>) -> Result<()> {
        Withdrawals::forget(self, email, since).await?;
        let mut connection = self.connection().await?;
        diesel::insert_into(withdrawals::table)
            .values((withdrawals::email.eq(email.as_str()), withdrawals::role.eq(role.as_str()), withdrawals::requested_at.eq(at)))
            .on_conflict_do_nothing()
            .execute(&mut connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn requested_at(&self, email: &Email) -> Result<Option<DateTime<Utc>>> {
        let mut connection = self.connection().await?;
        let at = withdrawals::table.find(email.as_str()).select(withdrawals::requested_at).first(&mut connection).await;
        at.optional().map_err(failed)
    }

    async fn requested_before<'a>(&self, before: DateTime<Utc>, after: Option<&'a Email>, limit: i64) -> Result<Vec<Email>> {
        let mut connection = self.connection().await?;
        let emails: Vec<String> = withdrawals::table
            .filter(withdrawals::requested_at.lt(before).and(withdrawals::email.gt(after.map_or("", Email::as_str))))
            .order(withdrawals::email)
            .limit(limit)
            .select(withdrawals::email)
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(emails.into_iter().map(Email::trusted).collect())
    }

    async fn cancel(&self, email: &Email) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::delete(withdrawals::table.find(email.as_str())).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn forget(&self, email: &Email, before: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let old = withdrawals::table.find(email.as_str()).filter(withdrawals::requested_at.lt(before));
        diesel::delete(old).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }
}
