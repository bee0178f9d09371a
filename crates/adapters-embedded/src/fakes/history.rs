//! The fake of Redis' search history.

use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Result},
    stores::{KEPT, KEPT_FOR, ports::SearchHistory},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::database::{Embedded, failed};

diesel::table! { embedded.search_history (customer, search_name) { customer -> Text, search_name -> Text, searched_at -> Timestamptz, } }

#[async_trait]
impl SearchHistory for Embedded {
    async fn remember(&self, customer: &Email, search_name: &str, now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let remembered = connection.transaction(async |c| {
            // One customer's searches one after another.
            sql_query("SELECT pg_advisory_xact_lock(hashtext($1))").bind::<t::Text, _>(customer.as_str()).execute(c).await?;
            sql_query(
                "INSERT INTO embedded.search_history (customer, search_name, searched_at)
                 SELECT $1, $2, greatest($3, max(searched_at) + interval '1 microsecond') FROM embedded.search_history WHERE customer = $1
                 ON CONFLICT (customer, search_name) DO UPDATE SET searched_at = excluded.searched_at",
            )
            .bind::<t::Text, _>(customer.as_str())
            .bind::<t::Text, _>(search_name)
            .bind::<t::Timestamptz, _>(now)
            .execute(c)
            .await?;
            sql_query(
                "DELETE FROM embedded.search_history WHERE customer = $1 AND search_name NOT IN
                 (SELECT search_name FROM embedded.search_history WHERE customer = $1 ORDER BY searched_at DESC LIMIT $2)",
            )
            .bind::<t::Text, _>(customer.as_str())
            .bind::<t::BigInt, _>(KEPT as i64)
            .execute(c)
            .await
        });
        remembered.await.map(|_| ()).map_err(failed)
    }

    async fn list(&self, customer: &Email, now: DateTime<Utc>) -> Result<Vec<String>> {
        let mut connection = self.connection().await?;
        search_history::table
            .filter(search_history::customer.eq(customer.as_str()).and(search_history::searched_at.gt(now - KEPT_FOR)))
            .order(search_history::searched_at.desc())
            .select(search_history::search_name)
            .load(&mut connection)
            .await
            .map_err(failed)
    }

    async fn forget(&self, customer: &Email, search_name: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let fresh = search_history::table.find((customer.as_str(), search_name)).filter(search_history::searched_at.gt(now - KEPT_FOR));
        Ok(diesel::delete(fresh).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn clear(&self, customer: &Email) -> Result<()> {
        let mut connection = self.connection().await?;
        let all = search_history::table.filter(search_history::customer.eq(customer.as_str()));
        diesel::delete(all).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn forget_before(&self, customer: &Email, before: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let old = search_history::table.filter(search_history::customer.eq(customer.as_str()).and(search_history::searched_at.lt(before)));
        diesel::delete(old).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }
}
