use async_trait::async_trait;
use cheapbob_domain::{
    orders::{
        Actor, Buying, FIRST_LOOK, FRUITLESS, FRUITLESS_FOR, HOLDS_AT_ONCE, Hold, HoldEnd, HoldState, NewHold, Offer, OrderOutcome,
        PRICE_SEEN, PricePaid, RefundReason, ports::Holds,
    },
    shared::{Email, Error, PaymentId, ProductId, Quantity, Result, Sale, StoreId, Won, kst},
    stores::{DayHours, PortOneIds, StoreCalendar},
};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde::Deserialize;

use crate::{
    database::{Postgres, bad_row, failed},
    schema::{holds, refunds, stores},
    sql::prepared,
};

/// How far back a customer's holds are read: what is older limits nothing any more.
const OF_A_DAY: Duration = Duration::days(1);

/// What decides whether a product can be bought.
pub const OFFER: &str = include_str!("sql/offer.sql");
/// Takes the stock.
pub const HOLD: &str = include_str!("sql/hold.sql");
const ORDER: &str = include_str!("sql/order.sql");
const RELEASE: &str = include_str!("sql/release.sql");
const REFUND: &str = include_str!("sql/refund.sql");
const DUE: &str = include_str!("sql/due.sql");

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = t::Text)]
    payment_id: String,
}

#[derive(QueryableByName)]
struct OfferRow {
    #[diesel(sql_type = t::Text)]
    product_id: String,
    #[diesel(sql_type = t::Text)]
    store_id: String,
    #[diesel(sql_type = t::BigInt)]
    price: i64,
    #[diesel(sql_type = t::Integer)]
    sale: i32,
    #[diesel(sql_type = t::Integer)]
    left_over: i32,
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
    #[diesel(sql_type = t::Nullable<t::Date>)]
    closed_on: Option<NaiveDate>,
    #[diesel(sql_type = t::Bool)]
    suspended: bool,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    portone_store_id: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    portone_channel_id: Option<String>,
    #[diesel(sql_type = t::Bool)]
    buyer_registered: bool,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    max_per_customer: Option<i32>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    unpaid: Option<String>,
    #[diesel(sql_type = t::Integer)]
    unpaid_pieces: i32,
    #[diesel(sql_type = t::BigInt)]
    ordered_pieces: i64,
    #[diesel(sql_type = t::Array<t::Timestamptz>)]
    others: Vec<DateTime<Utc>>,
    #[diesel(sql_type = t::Array<t::Timestamptz>)]
    fruitless: Vec<DateTime<Utc>>,
}

impl TryFrom<OfferRow> for Offer {
    type Error = Error;

    fn try_from(row: OfferRow) -> Result<Self> {
        let portone = row.portone_store_id.zip(row.portone_channel_id).map(|(store_id, channel_id)| PortOneIds { store_id, channel_id });
        let today = DayHours {
            day_of_week: row.day_of_week,
            open_time: row.open_time,
            close_time: row.close_time,
            pickup_start_time: row.pickup_start_time,
            pickup_end_time: row.pickup_end_time,
            is_open_enabled: row.is_open_enabled,
        };
        Ok(Self {
            product_id: ProductId::trusted(row.product_id),
            store_id: StoreId::trusted(row.store_id),
            price: Won(row.price),
            sale: Sale::parse(row.sale.into()).map_err(|_| bad_row("products.sale"))?,
            left: row.left_over,
            calendar: StoreCalendar { today, closed_on: row.closed_on, payment_ready: portone.is_some(), suspended: row.suspended },
            portone,
            buyer_registered: row.buyer_registered,
            max_per_customer: row.max_per_customer,
            buying: Buying {
                unpaid: row.unpaid.map(PaymentId::trusted),
                unpaid_pieces: row.unpaid_pieces,
                ordered_pieces: row.ordered_pieces,
                others: row.others,
                fruitless: row.fruitless,
            },
        })
    }
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
        let mut connection = self.connection().await?;
        let query = sql_query(OFFER)
            .bind::<t::Text, _>(product.as_str())
            .bind::<t::Text, _>(customer.as_str())
            .bind::<t::SmallInt, _>(weekday)
            .bind::<t::Date, _>(kst::business_day(now))
            .bind::<t::Timestamptz, _>(now - OF_A_DAY);
        let row: Option<OfferRow> = prepared(query).get_result(&mut connection).await.optional().map_err(failed)?;
        row.map(Offer::try_from).transpose()
    }

    async fn hold(&self, hold: &NewHold) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(HOLD)
            .bind::<t::Text, _>(hold.payment_id.as_str())
            .bind::<t::Text, _>(hold.customer.as_str())
            .bind::<t::Text, _>(hold.product_id.as_str())
            .bind::<t::Integer, _>(hold.quantity.get())
            .bind::<t::BigInt, _>(hold.price.0)
            .bind::<t::Integer, _>(hold.sale.get())
            .bind::<t::BigInt, _>(hold.total_amount.0)
            .bind::<t::Text, _>(&hold.portone.store_id)
            .bind::<t::Date, _>(hold.business_day)
            .bind::<t::Timestamptz, _>(hold.created_at)
            .bind::<t::Timestamptz, _>(hold.expires_at)
            .bind::<t::Nullable<t::Text>, _>(&hold.request_id)
            .bind::<t::Timestamptz, _>(hold.created_at - PRICE_SEEN)
            .bind::<t::Nullable<t::Text>, _>(hold.replaces.as_ref().map(|(payment, _)| payment.as_str()))
            .bind::<t::Nullable<t::Text>, _>(hold.replaces.as_ref().map(|(_, end)| end.as_str()))
            .bind::<t::Timestamptz, _>(hold.created_at - OF_A_DAY)
            .bind::<t::BigInt, _>(HOLDS_AT_ONCE as i64)
            .bind::<t::Timestamptz, _>(hold.created_at - FRUITLESS_FOR)
            .bind::<t::BigInt, _>(FRUITLESS as i64)
            .bind::<t::Timestamptz, _>(hold.created_at + FIRST_LOOK);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
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
            .select(stores::closed_on.is_not_distinct_from(holds::business_day.nullable()).or(stores::suspended))
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
