//! Writing a batch and remembering it, in one transaction.

use async_trait::async_trait;
use cheapbob_domain::{
    imports::{
        Brought, ImportedAccount, ImportedFavorites, ImportedHold, ImportedOrder, ImportedProduct, ImportedStore, Kind, Known,
        ports::Imports,
    },
    shared::{PaymentId, ProductId, Result, StoreId, kst},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, result::Error as DieselError, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde_json::Value;

use super::rows;
use crate::{
    database::{Connection, Postgres, failed},
    sql::prepared,
};

const KNOWN: &str = include_str!("sql/known.sql");
const REMEMBER: &str = include_str!("sql/remember.sql");
const SAW: &str = include_str!("sql/saw.sql");
const FORGET: &str = "DELETE FROM imported WHERE kind = $1 AND key IN (SELECT imported_key($1, key) FROM unnest($2) AS k (key))";
const ACCOUNTS: &[&str] = &[include_str!("sql/accounts.sql")];
const FAVORITES: &[&str] = &[include_str!("sql/favorites.sql")];
const STORES: &[&str] = &[
    include_str!("sql/placeholders.sql"),
    include_str!("sql/stores.sql"),
    include_str!("sql/store_payments_gone.sql"),
    include_str!("sql/store_payments.sql"),
    include_str!("sql/store_hours.sql"),
    include_str!("sql/store_plans.sql"),
    include_str!("sql/store_images_gone.sql"),
    include_str!("sql/store_images.sql"),
    include_str!("sql/stores_of_nobody.sql"),
];
/// What is brought anew begins anew: its counts are no pieces that came back.
const NOT_OVERSOLD: &str = "UPDATE products SET oversold = 0 WHERE id = ANY ($1) AND oversold > 0";
const PRODUCTS: &str = include_str!("sql/products.sql");
const ORDERS: &str = include_str!("sql/orders.sql");
const HOLDS: &str = include_str!("sql/holds.sql");
const END_HOLDS: &str = include_str!("sql/end_holds.sql");
const LOCK: &str = "SELECT id AS key FROM products WHERE id = ANY ($1) ORDER BY id FOR UPDATE";
const RECOUNT: &str = include_str!("sql/recount.sql");

#[derive(QueryableByName)]
pub(super) struct KeyRow {
    #[diesel(sql_type = t::Text)]
    pub(super) key: String,
}

#[derive(QueryableByName)]
struct EndedRow {
    #[diesel(sql_type = t::Text)]
    key: String,
    #[diesel(sql_type = t::Text)]
    product_id: String,
}

#[derive(QueryableByName)]
struct KnownRow {
    #[diesel(sql_type = t::Nullable<t::Text>)]
    old: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    ours: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    now: Option<String>,
}

/// What is remembered of a batch: its keys, and the fingerprints of the old rows.
struct Memory {
    kind: Kind,
    keys: Vec<String>,
    old: Vec<String>,
}

impl Memory {
    fn of<T>(kind: Kind, batch: &[Brought<T>], key: impl Fn(&T) -> String) -> Self {
        Self { kind, keys: batch.iter().map(|b| key(&b.row)).collect(), old: batch.iter().map(|b| b.old.clone()).collect() }
    }

    /// What could not be written: a later run tries again.
    fn forget(&mut self, left_out: &[KeyRow]) {
        let pairs = std::mem::take(&mut self.keys).into_iter().zip(std::mem::take(&mut self.old));
        (self.keys, self.old) = pairs.filter(|(key, _)| !left_out.iter().any(|row| row.key == *key)).unzip();
    }

    async fn remember(self, connection: &mut Connection, at: DateTime<Utc>) -> Result<(), DieselError> {
        let query = sql_query(REMEMBER).bind::<t::Text, _>(self.kind.as_str()).bind::<t::Array<t::Text>, _>(self.keys);
        let query = query.bind::<t::Array<t::Text>, _>(self.old).bind::<t::Timestamptz, _>(at);
        prepared(query).execute(connection).await.map(|_| ())
    }
}

/// Sold and held of these products, counted anew.
async fn recount(connection: &mut Connection, products: &[&str], at: DateTime<Utc>) -> Result<(), DieselError> {
    let lock = sql_query(LOCK).bind::<t::Array<t::Text>, _>(products);
    let _: Vec<KeyRow> = prepared(lock).load(connection).await?;
    let query = sql_query(RECOUNT).bind::<t::Array<t::Text>, _>(products).bind::<t::Timestamptz, _>(at);
    prepared(query).execute(connection).await.map(|_| ())
}

impl Postgres {
    /// Runs these statements on the batch ($1) and remembers it. Gives the keys that the last one gives.
    async fn bring(&self, statements: &[&str], batch: Value, memory: Memory, at: DateTime<Utc>) -> Result<Vec<String>> {
        if memory.keys.is_empty() {
            return Ok(Vec::new());
        }
        let batch = &batch;
        let mut connection = self.connection().await?;
        let brought = connection.transaction(async |c| {
            let mut keys: Vec<KeyRow> = Vec::new();
            for statement in statements {
                let query = sql_query(*statement).bind::<t::Jsonb, _>(batch).bind::<t::Timestamptz, _>(at);
                keys = prepared(query).load(c).await?;
            }
            memory.remember(c, at).await?;
            Ok::<_, DieselError>(keys)
        });
        Ok(brought.await.map_err(failed)?.into_iter().map(|row| row.key).collect())
    }

    /// Runs a statement that writes purchases, and counts their products anew. Gives the keys that it gives.
    async fn bring_purchases(&self, statement: &str, batch: Value, products: &[&str], at: DateTime<Utc>) -> Result<Vec<String>> {
        if products.is_empty() {
            return Ok(Vec::new());
        }
        let batch = &batch;
        let mut connection = self.connection().await?;
        let brought = connection.transaction(async |c| {
            let query = sql_query(statement).bind::<t::Jsonb, _>(batch).bind::<t::Timestamptz, _>(at);
            let keys: Vec<KeyRow> = prepared(query).load(c).await?;
            recount(c, products, at).await?;
            Ok::<_, DieselError>(keys)
        });
        Ok(brought.await.map_err(failed)?.into_iter().map(|row| row.key).collect())
    }
}

#[async_trait]
impl Imports for Postgres {
    async fn known(&self, kind: Kind, keys: &[String]) -> Result<Vec<Known>> {
        let mut connection = self.connection().await?;
        let query = sql_query(KNOWN).bind::<t::Text, _>(kind.as_str()).bind::<t::Array<t::Text>, _>(keys);
        let rows: Vec<KnownRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|KnownRow { old, ours, now }| Known { old, ours, now }).collect())
    }

    async fn bring_accounts(&self, accounts: &[Brought<ImportedAccount>], at: DateTime<Utc>) -> Result<()> {
        let memory = Memory::of(Kind::Accounts, accounts, |account| account.email.to_string());
        self.bring(ACCOUNTS, accounts.iter().map(rows::account).collect(), memory, at).await.map(|_| ())
    }

    async fn bring_stores(&self, stores: &[Brought<ImportedStore>], at: DateTime<Utc>) -> Result<Vec<StoreId>> {
        let memory = Memory::of(Kind::Stores, stores, |store| store.id.to_string());
        let batch = stores.iter().map(|store| rows::store(store, &self.keys)).collect::<Result<Vec<_>>>()?;
        Ok(self.bring(STORES, Value::Array(batch), memory, at).await?.into_iter().map(StoreId::trusted).collect())
    }

    async fn bring_favorites(&self, favorites: &[Brought<ImportedFavorites>], at: DateTime<Utc>) -> Result<()> {
        let memory = Memory::of(Kind::Favorites, favorites, |favorites| favorites.email.to_string());
        self.bring(FAVORITES, favorites.iter().map(rows::favorites).collect(), memory, at).await.map(|_| ())
    }

    async fn bring_products(&self, products: &[Brought<ImportedProduct>], at: DateTime<Utc>) -> Result<Vec<ProductId>> {
        if products.is_empty() {
            return Ok(Vec::new());
        }
        let mut memory = Memory::of(Kind::Products, products, |product| product.id.to_string());
        let ids: Vec<_> = products.iter().map(|product| product.row.id.as_str()).collect();
        let batch = Value::Array(products.iter().map(rows::product).collect::<Result<Vec<_>>>()?);
        let (batch, ids, today) = (&batch, &ids, kst::business_day(at));
        let mut connection = self.connection().await?;
        let brought = connection.transaction(async |c| {
            sql_query(NOT_OVERSOLD).bind::<t::Array<t::Text>, _>(ids).execute(c).await?;
            let query = sql_query(PRODUCTS).bind::<t::Jsonb, _>(batch).bind::<t::Timestamptz, _>(at).bind::<t::Date, _>(today);
            let left_out: Vec<KeyRow> = prepared(query).load(c).await?;
            recount(c, ids, at).await?;
            memory.forget(&left_out);
            memory.remember(c, at).await?;
            Ok::<_, DieselError>(left_out)
        });
        Ok(brought.await.map_err(failed)?.into_iter().map(|row| ProductId::trusted(row.key)).collect())
    }

    async fn bring_orders(&self, orders: &[ImportedOrder], at: DateTime<Utc>) -> Result<()> {
        let products: Vec<_> = orders.iter().map(|order| order.order.product_id.as_str()).collect();
        let batch = Value::Array(orders.iter().map(rows::order).collect::<Result<Vec<_>>>()?);
        self.bring_purchases(ORDERS, batch, &products, at).await.map(|_| ())
    }

    async fn bring_holds(&self, holds: &[ImportedHold], at: DateTime<Utc>) -> Result<u64> {
        let products: Vec<_> = holds.iter().map(|hold| hold.product_id.as_str()).collect();
        let written = self.bring_purchases(HOLDS, holds.iter().map(rows::hold).collect(), &products, at).await?;
        Ok(written.len() as u64)
    }

    async fn end_holds(&self, fresh: &[PaymentId], at: DateTime<Utc>) -> Result<Vec<PaymentId>> {
        let fresh: &Vec<_> = &fresh.iter().map(PaymentId::as_str).collect();
        let mut connection = self.connection().await?;
        let ended = connection.transaction(async |c| {
            let query = sql_query(END_HOLDS).bind::<t::Array<t::Text>, _>(fresh).bind::<t::Timestamptz, _>(at);
            let ended: Vec<EndedRow> = prepared(query).load(c).await?;
            let products: Vec<_> = ended.iter().map(|row| row.product_id.as_str()).collect();
            recount(c, &products, at).await?;
            Ok::<_, DieselError>(ended)
        });
        Ok(ended.await.map_err(failed)?.into_iter().map(|row| PaymentId::trusted(row.key)).collect())
    }

    async fn saw(&self, kind: Kind, keys: &[String], at: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let query = sql_query(SAW).bind::<t::Text, _>(kind.as_str()).bind::<t::Array<t::Text>, _>(keys).bind::<t::Timestamptz, _>(at);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn forget(&self, kind: Kind, keys: &[String]) -> Result<()> {
        let mut connection = self.connection().await?;
        let query = sql_query(FORGET).bind::<t::Text, _>(kind.as_str()).bind::<t::Array<t::Text>, _>(keys);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }
}
