//! Checkouts, many in one statement: what a customer may buy is read, and the stock is taken, together with whoever else waits then.

use std::collections::HashMap;

use cheapbob_domain::{
    orders::{Buying, FIRST_LOOK, FRUITLESS, FRUITLESS_FOR, HOLDS_AT_ONCE, NewHold, Offer, PRICE_SEEN},
    products::Pricing,
    shared::{Error, PaymentId, ProductId, Result, Sale, StoreId, Won, kst},
    stores::{DayHours, PortOneIds, StoreCalendar, pickup_ends},
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::{pg::data_types::PgInterval, prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use super::holds::OF_A_DAY;
use crate::{
    database::{Postgres, bad_row, failed},
    lines::{Held, OfferAsked},
    products::{Steps, steps_json},
    sql::prepared,
    stores::DayHoursRow,
    together::Statement,
};

const OFFERS: &str = include_str!("sql/offers.sql");
const HOLD_TOGETHER: &str = include_str!("sql/hold_together.sql");

impl Postgres {
    /// What decides whether a customer can buy, read with what others ask just then.
    pub(super) async fn offer_together(&self, asked: OfferAsked) -> Result<Option<Offer>> {
        let statement = || -> Statement<OfferAsked, Option<Offer>> {
            let postgres = self.clone();
            Box::new(move |asked| {
                let postgres = postgres.clone();
                Box::pin(async move { postgres.offers(&asked).await })
            })
        };
        self.lines.offers.ask(asked, statement).await
    }

    /// Takes the stock, with what others take just then.
    pub(super) async fn hold_together(&self, hold: &NewHold) -> Result<bool> {
        let statement = |waits: bool| {
            move || -> Statement<NewHold, Held> {
                let postgres = self.clone();
                Box::new(move |asked| {
                    let postgres = postgres.clone();
                    Box::pin(async move { postgres.holds(&asked, waits).await })
                })
            }
        };
        let line = match self.lines.waiting(&hold.product_id) {
            Some(line) => line,
            None => match self.lines.holds.ask(hold.clone(), statement(false)).await? {
                Some(is_held) => return Ok(is_held),
                None => self.lines.wait_for(&hold.product_id),
            },
        };
        let is_held = line.ask(hold.clone(), statement(true)).await?;
        is_held.ok_or_else(|| bad_row("a hold that waited was not decided"))
    }

    async fn offers(&self, asked: &[OfferAsked]) -> Result<Vec<Option<Offer>>> {
        let mut connection = self.connection().await?;
        let query = sql_query(OFFERS)
            .bind::<t::Array<t::Text>, _>(column(asked, |a| a.product.as_str()))
            .bind::<t::Array<t::Text>, _>(column(asked, |a| a.customer.as_str()))
            .bind::<t::Array<t::SmallInt>, _>(column(asked, |a| a.weekday))
            .bind::<t::Array<t::Date>, _>(column(asked, |a| kst::business_day(a.now)))
            .bind::<t::Array<t::Timestamptz>, _>(column(asked, |a| a.now - OF_A_DAY));
        let rows: Vec<OfferRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        let mut offers: Vec<_> = asked.iter().map(|_| None).collect();
        for row in rows {
            let turn =
                usize::try_from(row.turn - 1).ok().and_then(|turn| offers.get_mut(turn)).ok_or_else(|| bad_row("an offer's turn"))?;
            *turn = Some(row.try_into()?);
        }
        Ok(offers)
    }

    async fn holds(&self, asked: &[NewHold], waits: bool) -> Result<Vec<Held>> {
        let steps = asked.iter().map(|h| steps_json(&h.pricing.steps)).collect::<Result<Vec<_>>>()?;
        let stepped = asked.iter().map(|h| serde_json::to_value(&h.stepped)).collect::<Result<Vec<_>, _>>().map_err(Error::internal)?;
        let mut connection = self.connection().await?;
        let query = sql_query(HOLD_TOGETHER)
            .bind::<t::Array<t::Text>, _>(column(asked, |h| h.payment_id.as_str()))
            .bind::<t::Array<t::Text>, _>(column(asked, |h| h.customer.as_str()))
            .bind::<t::Array<t::Text>, _>(column(asked, |h| h.product_id.as_str()))
            .bind::<t::Array<t::Integer>, _>(column(asked, |h| h.quantity.get()))
            .bind::<t::Array<t::BigInt>, _>(column(asked, |h| h.pricing.price.0))
            .bind::<t::Array<t::Integer>, _>(column(asked, |h| h.sale.get()))
            .bind::<t::Array<t::BigInt>, _>(column(asked, |h| h.total_amount.0))
            .bind::<t::Array<t::Text>, _>(column(asked, |h| h.portone.store_id.as_str()))
            .bind::<t::Array<t::Date>, _>(column(asked, |h| h.business_day))
            .bind::<t::Array<t::Timestamptz>, _>(column(asked, |h| h.created_at))
            .bind::<t::Array<t::Timestamptz>, _>(column(asked, |h| h.expires_at))
            .bind::<t::Array<t::Nullable<t::Text>>, _>(column(asked, |h| h.request_id.as_deref()))
            .bind::<t::Array<t::Nullable<t::Text>>, _>(column(asked, |h| h.replaces.as_ref().map(|(payment, _)| payment.as_str())))
            .bind::<t::Array<t::Nullable<t::Text>>, _>(column(asked, |h| h.replaces.as_ref().map(|(_, end)| end.as_str())))
            .bind::<t::Array<t::Integer>, _>(column(asked, |h| h.pricing.sale.get()))
            .bind::<t::Array<t::Jsonb>, _>(steps)
            .bind::<t::Array<t::Jsonb>, _>(stepped)
            .bind::<t::Interval, _>(interval(OF_A_DAY))
            .bind::<t::Interval, _>(interval(PRICE_SEEN))
            .bind::<t::BigInt, _>(HOLDS_AT_ONCE as i64)
            .bind::<t::Interval, _>(interval(FRUITLESS_FOR))
            .bind::<t::BigInt, _>(FRUITLESS as i64)
            .bind::<t::Interval, _>(interval(FIRST_LOOK))
            .bind::<t::Bool, _>(waits);
        let rows: Vec<HeldRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        let decided: HashMap<_, _> = rows.into_iter().map(|row| (row.payment, row.is_held)).collect();
        let held = |hold: &NewHold| decided.get(hold.payment_id.as_str()).copied();
        // Whoever waited for the locks and is not named: there is no such product.
        Ok(asked.iter().map(|hold| if waits { Some(held(hold).unwrap_or(false)) } else { held(hold) }).collect())
    }
}

/// One thing of all that is asked, as the statement takes it.
fn column<'a, A, T>(asked: &'a [A], of: impl Fn(&'a A) -> T) -> Vec<T> {
    asked.iter().map(of).collect()
}

/// Not in days: PostgreSQL's are those of the session's time zone.
fn interval(duration: chrono::Duration) -> PgInterval {
    PgInterval::from_microseconds(duration.num_microseconds().unwrap_or(i64::MAX))
}

#[derive(QueryableByName)]
struct HeldRow {
    #[diesel(sql_type = t::Text)]
    payment: String,
    #[diesel(sql_type = t::Bool)]
    is_held: bool,
}

#[derive(QueryableByName)]
struct OfferRow {
    #[diesel(sql_type = t::BigInt)]
    turn: i64,
    #[diesel(sql_type = t::Text)]
    product_id: String,
    #[diesel(sql_type = t::Text)]
    store_id: String,
    #[diesel(sql_type = t::BigInt)]
    price: i64,
    #[diesel(sql_type = t::Integer)]
    sale: i32,
    #[diesel(sql_type = t::Jsonb)]
    price_steps: Steps,
    #[diesel(sql_type = t::Nullable<t::Time>)]
    ended_yesterday: Option<NaiveTime>,
    #[diesel(sql_type = t::Integer)]
    left_over: i32,
    #[diesel(embed)]
    today: DayHoursRow,
    #[diesel(sql_type = t::Nullable<t::Date>)]
    closed_on: Option<NaiveDate>,
    #[diesel(sql_type = t::Bool)]
    suspended: bool,
    #[diesel(sql_type = t::Bool)]
    withheld: bool,
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
        let today = DayHours::from(row.today);
        let mut ends = pickup_ends([&today]);
        if let Some(yesterday) = usize::try_from((today.day_of_week + 6) % 7).ok().and_then(|day| ends.0.get_mut(day)) {
            *yesterday = row.ended_yesterday;
        }
        Ok(Self {
            product_id: ProductId::trusted(row.product_id),
            store_id: StoreId::trusted(row.store_id),
            pricing: Pricing {
                price: Won(row.price),
                sale: Sale::parse(row.sale.into()).map_err(|_| bad_row("products.sale"))?,
                steps: row.price_steps.try_into()?,
            },
            pickup_ends: ends,
            left: row.left_over,
            calendar: StoreCalendar {
                today,
                closed_on: row.closed_on,
                payment_ready: portone.is_some(),
                suspended: row.suspended,
                withheld: row.withheld,
            },
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
