use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Actor, FIRST_LOOK, Hold, HoldEnd, HoldState, NewHold, Offer, OrderOutcome, PricePaid, RefundReason, ports::Holds},
    shared::{Email, Error, PaymentId, ProductId, Quantity, Result, Sale, StoreId, Won},
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde::Deserialize;

use crate::{
    database::{Postgres, bad_row, failed},
    lines::OfferAsked,
    schema::{holds, refunds, stores},
    sql::prepared,
};

/// How far back a customer's holds are read: what is older limits nothing any more.
pub(super) const OF_A_DAY: Duration = Duration::days(1);

/// What makes a paid hold an order.
pub const ORDER: &str = include_str!("sql/order.sql");
const RELEASE: &str = include_str!("sql/release.sql");
const REFUND: &str = include_str!("sql/refund.sql");
const DUE: &str = include_str!("sql/due.sql");

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = t::Text)]
    payment_id: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = holds, check_for_backend(diesel::pg::Pg))]
struct HoldRow {
    payment_id: String,
    customer_email: String,
    product_id: String,
    store_id: String,
    quantity: i32,
    price: i64,
    sale: i32,
    total_amount: i64,
    portone_store_id: String,
    business_day: NaiveDate,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    state: String,
    ended_because: Option<String>,
    seen_prices: Option<serde_json::Value>,
}

/// A price in `holds.seen_prices`.
#[derive(Deserialize)]
struct SeenPrice {
    price: i64,
    sale: i64,
}

impl TryFrom<SeenPrice> for (Won, Sale) {
    type Error = Error;

    fn try_from(seen: SeenPrice) -> Result<Self> {
        Ok((Won(seen.price), Sale::parse(seen.sale).map_err(|_| bad_row("holds.seen_prices"))?))
    }
}

impl HoldRow {
    fn into_hold(self, refund_reason: Option<&str>) -> Result<Hold> {
        let state = match (self.state.as_str(), self.ended_because.as_deref(), refund_reason) {
            ("held", ..) => Some(HoldState::Held),
            ("ordered", ..) => Some(HoldState::Ordered),
            ("released", Some(end), _) => HoldEnd::parse(end).map(HoldState::Released),
            ("refunded", _, Some(reason)) => RefundReason::parse(reason).map(HoldState::Refunded),
            _ => None,
        };
        let seen: Option<Vec<SeenPrice>> =
            self.seen_prices.map(serde_json::from_value).transpose().map_err(|_| bad_row("holds.seen_prices"))?;
        Ok(Hold {
            seen_prices: seen.unwrap_or_default().into_iter().map(TryInto::try_into).collect::<Result<_>>()?,
            state: state.ok_or_else(|| bad_row("holds.state"))?,
            payment_id: PaymentId::trusted(self.payment_id),
            customer: Email::trusted(self.customer_email),
            product_id: ProductId::trusted(self.product_id),
            store_id: StoreId::trusted(self.store_id),
            quantity: Quantity::parse(self.quantity.into()).map_err(|_| bad_row("holds.quantity"))?,
            price: Won(self.price),
            sale: Sale::parse(self.sale.into()).map_err(|_| bad_row("holds.sale"))?,
            total_amount: Won(self.total_amount),
            portone_store_id: self.portone_store_id,
            business_day: self.business_day,
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}

#[async_trait]
impl Holds for Postgres {
    async fn offer(&self, product: &ProductId, customer: &Email, weekday: i16, now: DateTime<Utc>) -> Result<Option<Offer>> {
        self.offer_together(OfferAsked { product: product.clone(), customer: customer.clone(), weekday, now }).await
    }

    async fn hold(&self, hold: &NewHold) -> Result<bool> {
        self.hold_together(hold).await
    }

    async fn find(&self, payment: &PaymentId) -> Result<Option<Hold>> {
        let mut connection = self.connection().await?;
        let row: Option<(HoldRow, Option<String>)> = holds::table
            .left_join(refunds::table.on(refunds::payment_id.eq(holds::payment_id)))
            .filter(holds::payment_id.eq(payment.as_str()))
            .select((HoldRow::as_select(), refunds::reason.nullable()))
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        row.map(|(hold, reason)| hold.into_hold(reason.as_deref())).transpose()
    }

    async fn release(&self, payment: &PaymentId, end: HoldEnd, now: DateTime<Utc>, actor: &Actor) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(RELEASE)
            .bind::<t::Text, _>(payment.as_str())
            .bind::<t::Text, _>(end.as_str())
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Text, _>(actor.kind.role())
            .bind::<t::Nullable<t::Text>, _>(actor.kind.id())
            .bind::<t::Nullable<t::Text>, _>(actor.request_id.as_deref())
            .bind::<t::Timestamptz, _>(now + FIRST_LOOK);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn order(&self, payment: &PaymentId, paid: &PricePaid, now: DateTime<Utc>, actor: &Actor) -> Result<OrderOutcome> {
        let mut connection = self.connection().await?;
        let order = |state: &'static str| {
            let query = sql_query(ORDER)
                .bind::<t::Text, _>(payment.as_str())
                .bind::<t::Timestamptz, _>(now)
                .bind::<t::Text, _>(actor.kind.role())
                .bind::<t::Nullable<t::Text>, _>(actor.kind.id())
                .bind::<t::Nullable<t::Text>, _>(actor.request_id.as_deref())
                .bind::<t::BigInt, _>(paid.price.0)
                .bind::<t::Integer, _>(paid.sale.get())
                .bind::<t::BigInt, _>(paid.total_amount.0)
                .bind::<t::Text, _>(state);
            prepared(query)
        };
        if order("held").execute(&mut connection).await.map_err(failed)? == 1 {
            return Ok(OrderOutcome::Made);
        }
        // Of a released hold the pieces are bought anew: what the customer has is read when nobody adds to it any more.
        let late = connection.transaction(async |c| {
            let lock = sql_query("SELECT pg_advisory_xact_lock(hashtextextended(customer_email, 0)) FROM holds WHERE payment_id = $1");
            prepared(lock.bind::<t::Text, _>(payment.as_str())).execute(c).await?;
            order("released").execute(c).await
        });
        if late.await.map_err(failed)? == 1 {
            return Ok(OrderOutcome::Made);
        }
        let closed = holds::table
            .inner_join(stores::table.on(stores::id.eq(holds::store_id)))
            .filter(holds::payment_id.eq(payment.as_str()))
            .select(stores::closed_on.is_not_distinct_from(holds::business_day.nullable()).or(stores::suspended).or(stores::withheld))
            .first::<bool>(&mut connection)
            .await
            .optional()
            .map_err(failed)?
            .unwrap_or(false);
        drop(connection);
        match Holds::find(self, payment).await?.map(|hold| hold.state) {
            Some(HoldState::Ordered) => Ok(OrderOutcome::WasThere),
            Some(HoldState::Refunded(reason)) => Ok(OrderOutcome::Refunded(reason)),
            Some(HoldState::Held | HoldState::Released(_)) if closed => Ok(OrderOutcome::StoreClosed),
            Some(HoldState::Held | HoldState::Released(_)) => Ok(OrderOutcome::NoStock),
            None => Err(bad_row("an order was asked for a hold that is not there")),
        }
    }

    async fn refund(&self, payment: &PaymentId, reason: RefundReason, now: DateTime<Utc>, actor: &Actor) -> Result<HoldState> {
        let mut connection = self.connection().await?;
        let query = sql_query(REFUND)
            .bind::<t::Text, _>(payment.as_str())
            .bind::<t::Text, _>(reason.as_str())
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Text, _>(actor.kind.role())
            .bind::<t::Nullable<t::Text>, _>(actor.kind.id())
            .bind::<t::Nullable<t::Text>, _>(actor.request_id.as_deref());
        if prepared(query).execute(&mut connection).await.map_err(failed)? == 1 {
            return Ok(HoldState::Refunded(reason));
        }
        drop(connection);
        let hold = Holds::find(self, payment).await?;
        hold.map(|hold| hold.state).ok_or_else(|| bad_row("a refund was asked for a hold that is not there"))
    }

    async fn due(&self, now: DateTime<Utc>, ended: i64, watched: i64) -> Result<Vec<PaymentId>> {
        let mut connection = self.connection().await?;
        let query = sql_query(DUE).bind::<t::Timestamptz, _>(now).bind::<t::BigInt, _>(ended).bind::<t::BigInt, _>(watched);
        let due: Vec<DueRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(due.into_iter().map(|due| PaymentId::trusted(due.payment_id)).collect())
    }

    async fn watch(&self, payment: &PaymentId, next: Option<DateTime<Utc>>) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::update(holds::table.find(payment.as_str()).filter(holds::state.eq("released")))
            .set(holds::next_look_at.eq(next))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
