//! What is asked of our side while something is brought, compared or given back.

use std::collections::HashMap;

use async_trait::async_trait;
use cheapbob_domain::{
    imports::{
        ImportedAccount, ImportedProfile, Kind,
        ports::{Change, OurSide},
    },
    orders::Order,
    shared::{Email, Error, PaymentId, Result, StoreId},
    users::{PreferenceKind, Role},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde_json::Value;

use super::write::KeyRow;
use crate::{
    database::{Postgres, bad_row, failed},
    orders::OrderRow,
    schema::{accounts, customer_preferences, customers, orders, store_payments, stores},
    sql::prepared,
};

const UNSEEN: &str = include_str!("sql/unseen.sql");

/// What has changed here of one of the old service's tables: `key` and `change`. $1: since when, where that is not remembered.
fn changed(table: &str) -> Option<String> {
    let fixed = match table {
        "customers" => return Some(include_str!("sql/given_back/accounts.sql").replace("{role}", Role::Customer.as_str())),
        "sellers" => return Some(include_str!("sql/given_back/accounts.sql").replace("{role}", Role::Seller.as_str())),
        "customer_preferred_menus" => return Some(preferences(PreferenceKind::PreferredMenu, "menu_type")),
        "customer_nutrition_types" => return Some(preferences(PreferenceKind::NutritionType, "nutrition_type")),
        "customer_allergies" => return Some(preferences(PreferenceKind::Allergy, "allergy_type")),
        "customer_topping_types" => return Some(preferences(PreferenceKind::ToppingType, "topping_type")),
        "customer_details" => include_str!("sql/given_back/customer_details.sql"),
        "stores" => include_str!("sql/given_back/stores.sql"),
        "store_sns" => include_str!("sql/given_back/store_sns.sql"),
        "store_images" => include_str!("sql/given_back/store_images.sql"),
        "store_operation_info" => include_str!("sql/given_back/store_operation_info.sql"),
        "store_operation_info_modifications" => include_str!("sql/given_back/store_operation_info_modifications.sql"),
        "store_product_info" => include_str!("sql/given_back/store_product_info.sql"),
        "product_nutrition" => include_str!("sql/given_back/product_nutrition.sql"),
        "customer_favorites" => include_str!("sql/given_back/customer_favorites.sql"),
        "cart_items" => include_str!("sql/given_back/cart_items.sql"),
        "order_current_items" => include_str!("sql/given_back/order_current_items.sql"),
        "accounts_gone" => include_str!("sql/given_back/accounts_gone.sql"),
        _ => return None,
    };
    Some(fixed.to_owned())
}

fn preferences(kind: PreferenceKind, column: &str) -> String {
    include_str!("sql/given_back/customer_preferences.sql").replace("{kind}", kind.as_str()).replace("{column}", column)
}

#[derive(QueryableByName)]
struct ChangedRow {
    #[diesel(sql_type = t::Text)]
    key: String,
    #[diesel(sql_type = t::Jsonb)]
    change: Value,
}

type ProfileColumns = (Option<String>, Option<String>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

#[derive(QueryableByName)]
struct InstantRow {
    #[diesel(sql_type = t::Nullable<t::Timestamptz>)]
    at: Option<DateTime<Utc>>,
}

impl Postgres {
    async fn last(&self, query: &str) -> Result<Option<DateTime<Utc>>> {
        let mut connection = self.connection().await?;
        Ok(sql_query(query).get_result::<InstantRow>(&mut connection).await.map_err(failed)?.at)
    }
}

#[async_trait]
impl OurSide for Postgres {
    async fn portone_stores(&self) -> Result<Vec<(StoreId, String)>> {
        let mut connection = self.connection().await?;
        let rows: Vec<(String, Option<String>)> = stores::table
            .left_join(store_payments::table.on(store_payments::store_id.eq(stores::id)))
            .select((stores::id, store_payments::portone_store_id.nullable()))
            .order(stores::id)
            .load(&mut connection)
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(|(store, portone)| (StoreId::trusted(store), portone.unwrap_or_default())).collect())
    }

    async fn unseen(&self, kind: Kind, before: DateTime<Utc>) -> Result<Vec<String>> {
        let of_people = matches!(kind, Kind::Accounts | Kind::Favorites | Kind::Withdrawals);
        let mut connection = self.connection().await?;
        let query = sql_query(UNSEEN).bind::<t::Text, _>(kind.as_str()).bind::<t::Timestamptz, _>(before).bind::<t::Bool, _>(of_people);
        let rows: Vec<KeyRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|row| row.key).collect())
    }

    async fn orders(&self, payments: &[PaymentId]) -> Result<Vec<Order>> {
        let mut connection = self.connection().await?;
        let these = orders::table.filter(orders::payment_id.eq_any(payments.iter().map(PaymentId::as_str)));
        let rows: Vec<OrderRow> = these.select(OrderRow::as_select()).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(Order::try_from).collect()
    }

    async fn accounts(&self, emails: &[Email]) -> Result<Vec<ImportedAccount>> {
        let emails: Vec<_> = emails.iter().map(Email::as_str).collect();
        let mut connection = self.connection().await?;
        let rows: Vec<((String, Option<String>, String, bool, DateTime<Utc>), ProfileColumns)> = accounts::table
            .left_join(customers::table.on(customers::email.eq(accounts::email)))
            .filter(accounts::email.eq_any(&emails))
            .select((
                (accounts::email, accounts::imported_as, accounts::role, accounts::is_active, accounts::created_at),
                (
                    customers::nickname.nullable(),
                    customers::phone_number.nullable(),
                    customers::created_at.nullable(),
                    customers::updated_at.nullable(),
                ),
            ))
            .load(&mut connection)
            .await
            .map_err(failed)?;
        let words: Vec<(String, String, String, DateTime<Utc>)> = customer_preferences::table
            .filter(customer_preferences::email.eq_any(&emails))
            .order((customer_preferences::kind, customer_preferences::word))
            .select((customer_preferences::email, customer_preferences::kind, customer_preferences::word, customer_preferences::created_at))
            .load(&mut connection)
            .await
            .map_err(failed)?;
        let mut preferences: HashMap<String, Vec<_>> = HashMap::new();
        for (email, kind, word, at) in words {
            let kind = PreferenceKind::parse(&kind).ok_or_else(|| bad_row("customer_preferences.kind"))?;
            preferences.entry(email).or_default().push((kind, kind.word(&word).map_err(|_| bad_row("customer_preferences.word"))?, at));
        }
        rows.into_iter()
            .map(|((email, written, role, is_active, created_at), profile)| {
                let preferences = preferences.remove(&email).unwrap_or_default();
                let profile = match profile {
                    (Some(nickname), Some(phone_number), Some(created_at), Some(updated_at)) => {
                        Some(ImportedProfile { nickname, phone_number, created_at, updated_at, preferences })
                    }
                    _ => None,
                };
                let role = Role::parse(&role).ok_or_else(|| bad_row("accounts.role"))?;
                Ok(ImportedAccount { email: Email::trusted(email), written, role, is_active, created_at, profile })
            })
            .collect()
    }

    async fn favorites(&self, emails: &[Email]) -> Result<Vec<Vec<StoreId>>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Array<t::Text>)]
            stores: Vec<String>,
        }
        let emails: Vec<_> = emails.iter().map(Email::as_str).collect();
        let mut connection = self.connection().await?;
        let query = sql_query(include_str!("sql/favorites_of.sql")).bind::<t::Array<t::Text>, _>(emails);
        let rows: Vec<Row> = prepared(query).load(&mut connection).await.map_err(failed)?;
        Ok(rows.into_iter().map(|row| row.stores.into_iter().map(StoreId::trusted).collect()).collect())
    }

    async fn last_import(&self) -> Result<Option<DateTime<Utc>>> {
        self.last("SELECT max(seen_at) AS at FROM imported").await
    }

    async fn last_brought(&self) -> Result<Option<DateTime<Utc>>> {
        self.last("SELECT max(brought_at) AS at FROM imported").await
    }

    async fn changed(&self, table: &str, since: DateTime<Utc>, after: &str, limit: i64) -> Result<Vec<(String, Change)>> {
        let statement = changed(table).ok_or_else(|| Error::internal(format!("no rows of {table} are given back")))?;
        let mut connection = self.connection().await?;
        let query =
            sql_query(format!("SELECT key, change FROM ({statement}) given WHERE $1 IS NOT NULL AND key > $2 ORDER BY key LIMIT $3"))
                .bind::<t::Timestamptz, _>(since)
                .bind::<t::Text, _>(after)
                .bind::<t::BigInt, _>(limit);
        let rows = connection.transaction(async |c| {
            // Of many rows few may have changed, and each is looked at.
            sql_query("SET LOCAL statement_timeout = 0").execute(c).await?;
            query.load::<ChangedRow>(c).await
        });
        let rows: Vec<ChangedRow> = rows.await.map_err(failed)?;
        rows.into_iter().map(|ChangedRow { key, change }| Ok((key, serde_json::from_value(change).map_err(Error::internal)?))).collect()
    }
}
