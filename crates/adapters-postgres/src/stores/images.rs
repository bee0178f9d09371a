use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Result, StoreId},
    stores::{Added, Image, Removed, ports::StoreImages},
};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::{
    database::{Postgres, failed},
    patient::PatientConnection,
    schema::{store_images, stores},
    sql::prepared,
};

type Row = (String, bool, i32);

/// Of these keys those that a row names.
const NAMED: &str = include_str!("sql/named.sql");

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = t::Text)]
    key: String,
}

fn image((key, is_main, display_order): Row) -> Image {
    Image { key, is_main, display_order }
}

async fn list(connection: &mut PatientConnection, store: &StoreId) -> QueryResult<Vec<Image>> {
    let rows: Vec<Row> = store_images::table
        .filter(store_images::store_id.eq(store.as_str()))
        .order((store_images::is_main.desc(), store_images::display_order, store_images::key))
        .select((store_images::key, store_images::is_main, store_images::display_order))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(image).collect())
}

/// Changes to one store's pictures come one after another.
async fn lock(connection: &mut PatientConnection, store: &StoreId) -> QueryResult<()> {
    stores::table.find(store.as_str()).select(stores::id).for_no_key_update().execute(connection).await.map(|_| ())
}

#[async_trait]
impl StoreImages for Postgres {
    async fn list(&self, store: &StoreId) -> Result<Vec<Image>> {
        let mut connection = self.connection().await?;
        list(&mut connection, store).await.map_err(failed)
    }

    async fn add(&self, store: &StoreId, keys: &[String], first_only: bool, most: usize) -> Result<Added> {
        let mut connection = self.connection().await?;
        let added = connection.transaction(async |c| {
            lock(c, store).await?;
            let there = list(c, store).await?;
            if first_only && !there.is_empty() {
                return Ok(Added::Exist);
            }
            if there.len() + keys.len() > most {
                return Ok(Added::TooMany);
            }
            let next = there.iter().map(|i| i.display_order + 1).max().unwrap_or(0);
            let rows: Vec<_> = keys
                .iter()
                .zip(next..)
                .map(|(key, order)| {
                    (
                        store_images::key.eq(key),
                        store_images::store_id.eq(store.as_str()),
                        store_images::is_main.eq(there.is_empty() && order == next),
                        store_images::display_order.eq(order),
                    )
                })
                .collect();
            diesel::insert_into(store_images::table).values(&rows).execute(c).await?;
            list(c, store).await.map(Added::Images)
        });
        added.await.map_err(failed)
    }

    async fn remove(&self, store: &StoreId, key: &str) -> Result<Removed> {
        let mut connection = self.connection().await?;
        let mine = store_images::table.find(key).filter(store_images::store_id.eq(store.as_str()));
        let removed = diesel::delete(mine.filter(store_images::is_main.eq(false))).execute(&mut connection).await.map_err(failed)?;
        if removed == 1 {
            return Ok(Removed::Removed);
        }
        let is_there: bool = diesel::select(diesel::dsl::exists(mine)).get_result(&mut connection).await.map_err(failed)?;
        Ok(if is_there { Removed::IsMain } else { Removed::NotThere })
    }

    async fn set_main(&self, store: &StoreId, key: &str) -> Result<Option<Image>> {
        let mut connection = self.connection().await?;
        let chosen = connection.transaction(async |c| {
            lock(c, store).await?;
            let Some(image) = list(c, store).await?.into_iter().find(|i| i.key == key) else { return Ok(None) };
            // First none, then one: the index allows no two at any instant.
            diesel::update(store_images::table.filter(store_images::store_id.eq(store.as_str()).and(store_images::is_main.eq(true))))
                .set(store_images::is_main.eq(false))
                .execute(c)
                .await?;
            diesel::update(store_images::table.find(key)).set(store_images::is_main.eq(true)).execute(c).await?;
            Ok(Some(Image { is_main: true, ..image }))
        });
        chosen.await.map_err(failed)
    }

    async fn named(&self, keys: &[String]) -> Result<Vec<String>> {
        let mut connection = self.connection().await?;
        let query = sql_query(NAMED).bind::<t::Array<t::Text>, _>(keys);
        let rows: Vec<KeyRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|row| row.key).collect())
    }

    async fn main_of(&self, stores: &[StoreId]) -> Result<Vec<(StoreId, String)>> {
        let mut connection = self.connection().await?;
        let rows: Vec<(String, String)> = store_images::table
            .filter(store_images::is_main.eq(true).and(store_images::store_id.eq_any(stores.iter().map(StoreId::as_str))))
            .select((store_images::store_id, store_images::key))
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(|(store, key)| (StoreId::trusted(store), key)).collect())
    }
}
