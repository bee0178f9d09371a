//! Products and the seller's adjustments.

mod rollover;

use async_trait::async_trait;
use cheapbob_domain::{
    products::{
        KnownPrices, MOST_PRODUCTS, NewProduct, PRICES_KEPT, PriceStep, PriceSteps, Product, ProductChange, ProductOutcome, Rollover,
        Stock, ports::Products,
    },
    shared::{Error, ProductId, Result, Sale, StoreId, Won, kst},
};
use chrono::{DateTime, Utc};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    dsl::sql,
    pg::{Pg, PgValue},
    prelude::*,
    sql_query,
    sql_types::{self as t, Array, Bool, Jsonb, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::{
    database::{Postgres, bad_row, failed},
    schema::{products, stores},
    sql::prepared,
};

const CHANGE: &str = include_str!("sql/change.sql");

#[derive(Queryable, QueryableByName, Selectable, serde::Deserialize)]
#[diesel(table_name = products, check_for_backend(Pg))]
pub(crate) struct ProductRow {
    id: String,
    store_id: String,
    name: String,
    description: String,
    price: i64,
    sale: i32,
    initial_stock: i32,
    sold: i32,
    held: i32,
    adjustment: i32,
    version: i32,
    nutrition_types: Vec<String>,
    max_per_customer: Option<i32>,
    price_steps: Steps,
}

/// `products.price_steps`, wherever it is read.
#[derive(Debug, FromSqlRow, serde::Deserialize)]
pub(crate) struct Steps(Vec<PriceStep>);

impl FromSql<Jsonb, Pg> for Steps {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let json: serde_json::Value = FromSql::<Jsonb, Pg>::from_sql(value)?;
        Ok(serde_json::from_value(json)?)
    }
}

impl TryFrom<Steps> for PriceSteps {
    type Error = Error;

    fn try_from(steps: Steps) -> Result<Self> {
        Self::stored(steps.0).ok_or_else(|| bad_row("products.price_steps"))
    }
}

/// As the column has it.
pub(crate) fn steps_json(steps: &PriceSteps) -> Result<serde_json::Value> {
    serde_json::to_value(steps).map_err(Error::internal)
}

impl TryFrom<ProductRow> for Product {
    type Error = Error;

    fn try_from(row: ProductRow) -> Result<Self> {
        Ok(Self {
            id: ProductId::trusted(row.id),
            store_id: StoreId::trusted(row.store_id),
            name: row.name,
            description: row.description,
            stock: Stock { initial: row.initial_stock, sold: row.sold, held: row.held, adjustment: row.adjustment },
            price: Won(row.price),
            sale: Sale::parse(row.sale.into()).map_err(|_| bad_row("products.sale"))?,
            version: row.version,
            nutrition_types: row.nutrition_types,
            max_per_customer: row.max_per_customer,
            steps: row.price_steps.try_into()?,
        })
    }
}

#[async_trait]
impl Products for Postgres {
    async fn register(&self, id: &ProductId, store: &StoreId, product: &NewProduct, at: DateTime<Utc>) -> Result<Option<Product>> {
        let mut connection = self.connection().await?;
        let row: Option<ProductRow> = connection
            .transaction(async |c| {
                // One store's registrations one after another: the count sees all of those before.
                stores::table.find(store.as_str()).select(stores::id).for_no_key_update().execute(c).await?;
                let there: i64 = products::table.filter(products::store_id.eq(store.as_str())).count().get_result(c).await?;
                if there >= MOST_PRODUCTS as i64 {
                    return Ok(None);
                }
                diesel::update(stores::table.find(store.as_str()).filter(stores::has_product.eq(false)))
                    .set(stores::has_product.eq(true))
                    .execute(c)
                    .await?;
                diesel::insert_into(products::table)
                    .values((
                        products::id.eq(id.as_str()),
                        products::store_id.eq(store.as_str()),
                        products::name.eq(&product.name),
                        products::description.eq(&product.description),
                        products::price.eq(product.price.0),
                        products::sale.eq(product.sale.get()),
                        products::initial_stock.eq(product.initial_stock),
                        products::nutrition_types.eq(&product.nutrition_types),
                        products::created_at.eq(at),
                        products::updated_at.eq(at),
                        products::stock_day.eq(kst::business_day(at)),
                        products::price_since.eq(at),
                        products::max_per_customer.eq(product.max_per_customer),
                    ))
                    .returning(ProductRow::as_returning())
                    .get_result(c)
                    .await
                    .map(Some)
            })
            .await
            .map_err(failed)?;
        row.map(Product::try_from).transpose()
    }

    async fn find(&self, store: &StoreId, id: &ProductId) -> Result<Option<Product>> {
        let mut connection = self.connection().await?;
        let row = products::table
            .find(id.as_str())
            .filter(products::store_id.eq(store.as_str()))
            .select(ProductRow::as_select())
            .first(&mut connection)
            .await
            .optional();
        row.map_err(failed)?.map(Product::try_from).transpose()
    }

    async fn of_store(&self, store: &StoreId) -> Result<Vec<Product>> {
        let mut connection = self.connection().await?;
        let rows: Vec<ProductRow> = products::table
            .filter(products::store_id.eq(store.as_str()))
            .order(products::id)
            .select(ProductRow::as_select())
            .load(&mut connection)
            .await
            .map_err(failed)?;
        rows.into_iter().map(Product::try_from).collect()
    }

    async fn change(
        &self,
        store: &StoreId,
        id: &ProductId,
        change: &ProductChange,
        known: &KnownPrices,
        at: DateTime<Utc>,
    ) -> Result<ProductOutcome> {
        let steps = change.steps.as_ref().map(steps_json).transpose()?;
        let past = serde_json::to_value(&known.past).map_err(Error::internal)?;
        let mut connection = self.connection().await?;
        let query = sql_query(CHANGE)
            .bind::<Text, _>(id.as_str())
            .bind::<Text, _>(store.as_str())
            .bind::<t::Nullable<Text>, _>(change.name.as_deref())
            .bind::<t::Nullable<Text>, _>(change.description.as_deref())
            .bind::<t::Nullable<t::BigInt>, _>(change.price.map(|price| price.0))
            .bind::<t::Nullable<t::Integer>, _>(change.sale.map(Sale::get))
            .bind::<Bool, _>(change.max_per_customer.is_some())
            .bind::<t::Nullable<t::Integer>, _>(change.max_per_customer.flatten())
            .bind::<t::Timestamptz, _>(at)
            .bind::<t::Timestamptz, _>(at - PRICES_KEPT)
            .bind::<t::Nullable<Jsonb>, _>(steps)
            .bind::<t::BigInt, _>(known.pricing.price.0)
            .bind::<t::Integer, _>(known.pricing.sale.get())
            .bind::<Jsonb, _>(steps_json(&known.pricing.steps)?)
            .bind::<Jsonb, _>(past);
        let row = prepared(query).get_result(&mut connection).await.optional().map_err(failed)?;
        drop(connection);
        self.changed(store, id, row).await
    }

    async fn adjust(&self, store: &StoreId, id: &ProductId, by: i32, at: DateTime<Utc>) -> Result<ProductOutcome> {
        let mut connection = self.connection().await?;
        let row = diesel::update(
            products::table
                .find(id.as_str())
                .filter(products::store_id.eq(store.as_str()))
                .filter(sql::<Bool>("initial_stock + adjustment - sold - held >= ").bind::<diesel::sql_types::Integer, _>(-by))
                .filter((products::initial_stock + products::adjustment + by).le(Stock::MAX)),
        )
        .set((
            products::adjustment.eq(products::adjustment + by),
            products::version.eq(products::version + 1),
            products::updated_at.eq(at),
            // Nothing was left, and now there is (`by` is more than 0, or it would be less than nothing).
            products::restocked_at.eq(sql::<t::Nullable<t::Timestamptz>>("CASE WHEN initial_stock + adjustment - sold - held = 0 THEN ")
                .bind::<t::Timestamptz, _>(at)
                .sql(" ELSE restocked_at END")),
        ))
        .returning(ProductRow::as_returning())
        .get_result(&mut connection)
        .await
        .optional()
        .map_err(failed)?;
        drop(connection);
        self.changed(store, id, row).await
    }

    async fn change_nutrition(
        &self,
        store: &StoreId,
        id: &ProductId,
        words: &[&'static str],
        add: bool,
        at: DateTime<Utc>,
    ) -> Result<ProductOutcome> {
        let mut connection = self.connection().await?;
        let mine = products::table.find(id.as_str()).filter(products::store_id.eq(store.as_str()));
        let touched = (products::version.eq(products::version + 1), products::updated_at.eq(at));
        let words_sql = || sql::<Array<Text>>("").bind::<Array<Text>, _>(words.to_vec());
        let row = if add {
            diesel::update(mine.filter(diesel::dsl::not(products::nutrition_types.overlaps_with(words_sql()))))
                .set((products::nutrition_types.eq(products::nutrition_types.concat(words_sql())), touched))
                .returning(ProductRow::as_returning())
                .get_result(&mut connection)
                .await
        } else {
            let rest =
                sql::<Array<Text>>("ARRAY(SELECT word FROM unnest(nutrition_types) WITH ORDINALITY AS n (word, place) WHERE word <> ALL (")
                    .bind::<Array<Text>, _>(words.to_vec())
                    .sql(") ORDER BY place)");
            diesel::update(mine.filter(products::nutrition_types.contains(words_sql())))
                .set((products::nutrition_types.eq(rest), touched))
                .returning(ProductRow::as_returning())
                .get_result(&mut connection)
                .await
        };
        let row = row.optional().map_err(failed)?;
        drop(connection);
        self.changed(store, id, row).await
    }

    async fn oversold(&self) -> Result<i64> {
        self.count_oversold().await
    }

    async fn to_roll_over<'a>(&self, rollover: Rollover, after: Option<&'a ProductId>, limit: i64) -> Result<Vec<ProductId>> {
        self.products_to_roll_over(rollover, after, limit).await
    }

    async fn roll_over(&self, rollover: Rollover, products: &[(ProductId, Option<i32>)], at: DateTime<Utc>) -> Result<usize> {
        self.roll_over_products(rollover, products, at).await
    }
}

impl Postgres {
    /// The product as changed, or as it is where the change was refused.
    async fn changed(&self, store: &StoreId, id: &ProductId, row: Option<ProductRow>) -> Result<ProductOutcome> {
        match row {
            Some(row) => Ok(ProductOutcome::Changed(row.try_into()?)),
            None => Ok(self.find(store, id).await?.map_or(ProductOutcome::NotFound, ProductOutcome::Unchanged)),
        }
    }
}
