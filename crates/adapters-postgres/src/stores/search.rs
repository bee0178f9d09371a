use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Result, StoreId},
    stores::{CustomerStore, StoreFilter, ports::StoreSearch},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use super::rows::{STORES, StoreRow};
use crate::{
    database::{Postgres, failed},
    schema::{favorites, stores},
    sql::prepared,
};

/// The statement of a search: first the ids of the page from an index, then the stores of those ids. The limit is part of the
/// text: were it a parameter, PostgreSQL would expect a tenth of all stores and plan anew at each call. Parameters: customer,
/// offset, then the pattern of a name, then sido, sigungu and the neighbourhoods, each where asked for.
pub fn search_statement(by_name: bool, by_location: bool, limit: i64) -> String {
    let mut filters = String::new();
    let mut next = 3;
    if by_name {
        filters += &format!(
            " AND f.id IN (SELECT id FROM stores WHERE name ILIKE ${next} UNION SELECT store_id FROM products WHERE name ILIKE ${next})"
        );
        next += 1;
    }
    if by_location {
        filters += &format!(" AND f.sido = ${next} AND f.sigungu = ${} AND f.bname = ANY (${})", next + 1, next + 2);
    }
    let order = |table: &str| {
        if by_name || by_location {
            format!("{table}.name COLLATE \"C\", {table}.id")
        } else {
            format!("{table}.created_at DESC, {table}.id DESC")
        }
    };
    format!(
        "{STORES}JOIN (SELECT f.id FROM stores f WHERE f.has_product{filters} ORDER BY {} LIMIT {limit} OFFSET $2) page ON page.id = s.id\nORDER BY {}",
        order("f"),
        order("s"),
    )
}

/// `ILIKE` pattern for "contains": the pattern's own signs are plain characters.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn stores(rows: QueryResult<Vec<StoreRow>>) -> Result<Vec<CustomerStore>> {
    rows.map_err(failed)?.into_iter().map(CustomerStore::try_from).collect()
}

#[async_trait]
impl StoreSearch for Postgres {
    async fn page(&self, customer: &Email, filter: &StoreFilter, offset: i64, limit: i64) -> Result<Vec<CustomerStore>> {
        let mut connection = self.connection().await?;
        let statement = search_statement(filter.name.is_some(), filter.location.is_some(), limit);
        let mut query =
            sql_query(statement).into_boxed::<diesel::pg::Pg>().bind::<t::Text, _>(customer.as_str()).bind::<t::BigInt, _>(offset);
        if let Some(name) = &filter.name {
            query = query.bind::<t::Text, _>(containing(name));
        }
        if let Some(place) = &filter.location {
            query = query.bind::<t::Text, _>(&place.sido).bind::<t::Text, _>(&place.sigungu).bind::<t::Array<t::Text>, _>(&place.bnames);
        }
        stores(prepared(query).load(&mut connection).await)
    }

    async fn favorites(&self, customer: &Email) -> Result<Vec<CustomerStore>> {
        let mut connection = self.connection().await?;
        let statement = format!(
            "{STORES}WHERE s.has_product AND s.id IN (SELECT store_id FROM favorites WHERE customer_email = $1) ORDER BY s.name COLLATE \"C\", s.id"
        );
        stores(prepared(sql_query(statement).bind::<t::Text, _>(customer.as_str())).load(&mut connection).await)
    }

    async fn find(&self, customer: &Email, store: &StoreId) -> Result<Option<CustomerStore>> {
        let mut connection = self.connection().await?;
        let query = sql_query(format!("{STORES}WHERE s.id = $2")).bind::<t::Text, _>(customer.as_str()).bind::<t::Text, _>(store.as_str());
        Ok(stores(prepared(query).load(&mut connection).await)?.pop())
    }

    async fn add_favorite(&self, customer: &Email, store: &StoreId, at: DateTime<Utc>) -> Result<Option<bool>> {
        let mut connection = self.connection().await?;
        let rows = diesel::insert_into(favorites::table)
            .values(stores::table.find(store.as_str()).select((
                diesel::dsl::sql::<t::Text>("").bind::<t::Text, _>(customer.as_str()),
                stores::id,
                diesel::dsl::sql::<t::Timestamptz>("").bind::<t::Timestamptz, _>(at),
            )))
            .into_columns((favorites::customer_email, favorites::store_id, favorites::created_at))
            .on_conflict_do_nothing()
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        if rows == 1 {
            return Ok(Some(true));
        }
        let exists: bool =
            diesel::select(diesel::dsl::exists(stores::table.find(store.as_str()))).get_result(&mut connection).await.map_err(failed)?;
        Ok(exists.then_some(false))
    }

    async fn remove_favorite(&self, customer: &Email, store: &StoreId) -> Result<bool> {
        let mut connection = self.connection().await?;
        let rows =
            diesel::delete(favorites::table.find((customer.as_str(), store.as_str()))).execute(&mut connection).await.map_err(failed)?;
        Ok(rows == 1)
    }
}
