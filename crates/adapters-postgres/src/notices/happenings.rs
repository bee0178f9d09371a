use async_trait::async_trait;
use cheapbob_domain::{
    notices::{
        Occasion, ProductNow, StoreNow,
        ports::{Candidate, Happenings, Stretch},
    },
    products::{PriceSteps, Pricing},
    shared::{Error, ProductId, Result, Sale, StoreId, Won},
    stores::{DayHours, StoreCalendar, pickup_ends},
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    products::Steps,
    sql::prepared,
    stores::DayHoursRow,
};

const BY_CLOCK: &str = include_str!("sql/by_clock.sql");
const BY_SELLERS: &str = include_str!("sql/by_sellers.sql");
const NOW: &str = include_str!("sql/now.sql");
const FOUND: &str = include_str!("sql/found.sql");

#[derive(QueryableByName)]
struct CandidateRow {
    #[diesel(sql_type = t::Text)]
    store_id: String,
    #[diesel(sql_type = t::Text)]
    kind: String,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    product_id: Option<String>,
    #[diesel(sql_type = t::Nullable<t::BigInt>)]
    price: Option<i64>,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    sale: Option<i32>,
    #[diesel(sql_type = t::Timestamptz)]
    at: DateTime<Utc>,
}

fn sale(percent: i32) -> Result<Sale> {
    Sale::parse(percent.into()).map_err(|_| bad_row("products.sale"))
}

impl TryFrom<CandidateRow> for Candidate {
    type Error = Error;

    fn try_from(row: CandidateRow) -> Result<Self> {
        let before = row.price.zip(row.sale).map(|(price, percent)| Ok::<_, Error>((Won(price), sale(percent)?))).transpose()?;
        Ok(Self {
            store: StoreId::trusted(row.store_id),
            kind: row.kind.parse().map_err(|_| bad_row("a kind of notice"))?,
            product: row.product_id.map(ProductId::trusted),
            before,
            at: row.at,
        })
    }
}

#[derive(QueryableByName)]
struct NowRow {
    #[diesel(sql_type = t::Text)]
    name: String,
    #[diesel(embed)]
    today: DayHoursRow,
    #[diesel(sql_type = t::Nullable<t::Date>)]
    closed_on: Option<NaiveDate>,
    #[diesel(sql_type = t::Bool)]
    suspended: bool,
    #[diesel(sql_type = t::Bool)]
    withheld: bool,
    #[diesel(sql_type = t::Bool)]
    payment_ready: bool,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    product_name: Option<String>,
    #[diesel(sql_type = t::Nullable<t::BigInt>)]
    price: Option<i64>,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    sale: Option<i32>,
    #[diesel(sql_type = t::Nullable<t::Jsonb>)]
    price_steps: Option<Steps>,
    #[diesel(sql_type = t::Nullable<t::Integer>)]
    left_over: Option<i32>,
    #[diesel(sql_type = t::BigInt)]
    turn: i64,
}

impl TryFrom<NowRow> for StoreNow {
    type Error = Error;

    fn try_from(row: NowRow) -> Result<Self> {
        let today = DayHours::from(row.today);
        let product = match (row.product_name, row.price, row.sale, row.price_steps, row.left_over) {
            (Some(name), Some(price), Some(percent), Some(steps), Some(left)) => {
                let steps = PriceSteps::try_from(steps)?;
                Some(ProductNow { name, pricing: Pricing { price: Won(price), sale: sale(percent)?, steps }, left })
            }
            _ => None,
        };
        Ok(Self {
            name: row.name,
            ends: pickup_ends([&today]),
            calendar: StoreCalendar {
                today,
                closed_on: row.closed_on,
                payment_ready: row.payment_ready,
                suspended: row.suspended,
                withheld: row.withheld,
            },
            product,
        })
    }
}

#[async_trait]
impl Happenings for Postgres {
    async fn looked_until(&self) -> Result<Option<DateTime<Utc>>> {
        #[derive(QueryableByName)]
        struct Looked {
            #[diesel(sql_type = t::Timestamptz)]
            until: DateTime<Utc>,
        }
        let mut connection = self.connection().await?;
        let query = prepared(sql_query("SELECT until FROM notice_looks"));
        Ok(query.get_result::<Looked>(&mut connection).await.optional().map_err(failed)?.map(|row| row.until))
    }

    async fn found(&self, occasions: &[Occasion], until: DateTime<Utc>) -> Result<()> {
        let ids: Vec<_> = occasions.iter().map(Occasion::id).collect();
        let stores: Vec<_> = occasions.iter().map(|occasion| occasion.store.as_str()).collect();
        let payloads = occasions.iter().map(serde_json::to_value).collect::<std::result::Result<Vec<_>, _>>().map_err(Error::internal)?;
        let mut connection = self.connection().await?;
        let query = sql_query(FOUND)
            .bind::<t::Array<t::Text>, _>(ids)
            .bind::<t::Array<t::Text>, _>(stores)
            .bind::<t::Array<t::Jsonb>, _>(payloads)
            .bind::<t::Timestamptz, _>(until);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn by_clock(&self, Stretch { day, weekday, from, until }: Stretch) -> Result<Vec<Candidate>> {
        let mut connection = self.connection().await?;
        let query =
            sql_query(BY_CLOCK).bind::<t::Date, _>(day).bind::<t::SmallInt, _>(weekday).bind::<t::Time, _>(from).bind::<t::Time, _>(until);
        let rows: Vec<CandidateRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(Candidate::try_from).collect()
    }

    async fn by_sellers(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Candidate>> {
        let mut connection = self.connection().await?;
        let query = sql_query(BY_SELLERS).bind::<t::Timestamptz, _>(from).bind::<t::Timestamptz, _>(until);
        let rows: Vec<CandidateRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(Candidate::try_from).collect()
    }

    async fn now(&self, asked: &[(StoreId, Option<ProductId>)], weekday: i16) -> Result<Vec<Option<StoreNow>>> {
        let mut found = vec![None; asked.len()];
        if asked.is_empty() {
            return Ok(found);
        }
        let stores: Vec<_> = asked.iter().map(|(store, _)| store.as_str()).collect();
        let products: Vec<_> = asked.iter().map(|(_, product)| product.as_ref().map(ProductId::as_str)).collect();
        let mut connection = self.connection().await?;
        let query = sql_query(NOW)
            .bind::<t::Array<t::Text>, _>(stores)
            .bind::<t::Array<t::Nullable<t::Text>>, _>(products)
            .bind::<t::SmallInt, _>(weekday);
        let rows: Vec<NowRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        for row in rows {
            let place = usize::try_from(row.turn - 1).ok().and_then(|turn| found.get_mut(turn));
            *place.ok_or_else(|| bad_row("a turn"))? = Some(row.try_into()?);
        }
        Ok(found)
    }
}
