use std::collections::HashSet;

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Result, StoreId},
    stores::{CustomerStore, FavoriteAdded, ListedStore, StoreFilter, ports::StoreSearch},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use super::rows::{STORES, StoreRow};
use crate::{
    database::{OfOthers, Postgres, failed},
    lines::PageAsked,
    schema::{favorites, stores},
    sql::prepared,
};

/// The statement of one store as a customer sees it. Parameters: customer, store.
pub fn one_store_statement() -> String {
    format!("{STORES}WHERE s.id = $2")
}

/// `LIKE` pattern for "contains" in `store_search.words`: each character three times, as `search_text` writes them; the
/// pattern's own signs are plain characters.
pub fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        // As PostgreSQL does it: a letter is lowered only where that gives one letter.
        let mut lower = c.to_lowercase();
        let c = if lower.len() == 1 { lower.next().unwrap_or(c) } else { c };
        for _ in 0..3 {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
    }
    pattern.push('%');
    pattern
}

fn stores(rows: Vec<StoreRow>) -> Result<Vec<CustomerStore>> {
    rows.into_iter().map(CustomerStore::try_from).collect()
}

impl Postgres {
    /// Which of these stores are the customer's favourites is read on the primary: they have written it themselves.
    async fn mark_favorites(&self, customer: &Email, stores: &mut [CustomerStore]) -> Result<()> {
        let mut connection = self.connection().await?;
        let ids: Vec<_> = stores.iter().map(|found| found.store.id.as_str()).collect();
        let theirs: HashSet<String> = favorites::table
            .filter(favorites::customer_email.eq(customer.as_str()).and(favorites::store_id.eq_any(ids)))
            .select(favorites::store_id)
            .load(&mut connection)
            .await
            .map_err(failed)?
            .into_iter()
            .collect();
        for found in stores {
            found.is_favorite = theirs.contains(found.store.id.as_str());
        }
        Ok(())
    }
}

#[async_trait]
impl StoreSearch for Postgres {
    async fn page(&self, customer: &Email, filter: &StoreFilter, offset: i64, limit: i64) -> Result<Vec<ListedStore>> {
        self.page_together(PageAsked { customer: customer.clone(), filter: filter.clone(), offset, limit }).await
    }

    async fn favorites(&self, customer: &Email) -> Result<Vec<CustomerStore>> {
        let mut connection = self.connection().await?;
        let statement = format!(
            "{STORES}WHERE s.has_product AND NOT s.withheld AND s.id IN (SELECT store_id FROM favorites WHERE customer_email = $1) ORDER BY s.name COLLATE \"C\", s.id"
        );
        let query = prepared(sql_query(statement).bind::<t::Text, _>(customer.as_str()));
        stores(query.load(&mut connection).await.map_err(failed)?)
    }

    async fn find(&self, customer: &Email, store: &StoreId) -> Result<Option<CustomerStore>> {
        let statement = one_store_statement();
        let query = || prepared(sql_query(&statement).bind::<t::Text, _>(customer.to_string()).bind::<t::Text, _>(store.to_string()));
        let OfOthers { mut rows, may_be_old } = self.load_of_others(query).await?;
        if may_be_old && rows.is_empty() {
            // The replica may not have heard of it yet.
            rows = query().load(&mut self.connection().await?).await.map_err(failed)?;
        }
        let mut found = stores(rows)?;
        if may_be_old {
            self.mark_favorites(customer, &mut found).await?;
        }
        Ok(found.pop())
    }

    async fn add_favorite(&self, customer: &Email, store: &StoreId, at: DateTime<Utc>) -> Result<FavoriteAdded> {
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
            return Ok(FavoriteAdded::Added);
        }
        let exists: bool =
            diesel::select(diesel::dsl::exists(stores::table.find(store.as_str()))).get_result(&mut connection).await.map_err(failed)?;
        Ok(if exists { FavoriteAdded::WasThere } else { FavoriteAdded::NoStore })
    }

    async fn remove_favorite(&self, customer: &Email, store: &StoreId) -> Result<bool> {
        let mut connection = self.connection().await?;
        let rows =
            diesel::delete(favorites::table.find((customer.as_str(), store.as_str()))).execute(&mut connection).await.map_err(failed)?;
        Ok(rows == 1)
    }

    async fn rebuild(&self) -> Result<()> {
        // What a rebuild that was cut off has left behind costs every write. Neither may run in a transaction.
        let left = "DROP INDEX CONCURRENTLY IF EXISTS store_search_words_ccnew";
        self.without_limit(&[left, "REINDEX INDEX CONCURRENTLY store_search_words"]).await
    }
}
