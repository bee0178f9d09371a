use async_trait::async_trait;
use cheapbob_domain::{
    notices::{Choices, Chosen, Subscription, ports::NoticeChoices},
    shared::{Email, Result},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::{
    database::{Postgres, failed},
    sql::prepared,
};

const CHOOSE: &str = include_str!("sql/choose.sql");
const END_MAILS: &str = include_str!("sql/end_mails.sql");

/// The switches, wherever they are read.
#[derive(QueryableByName)]
pub(super) struct ChoicesRow {
    #[diesel(sql_type = t::Bool)]
    opens: bool,
    #[diesel(sql_type = t::Bool)]
    price_drops: bool,
    #[diesel(sql_type = t::Bool)]
    back_in_stock: bool,
    #[diesel(sql_type = t::Bool)]
    by_mail: bool,
    #[diesel(sql_type = t::Bool)]
    by_push: bool,
    #[diesel(sql_type = t::Bool)]
    at_night: bool,
}

impl From<ChoicesRow> for Choices {
    fn from(ChoicesRow { opens, price_drops, back_in_stock, by_mail, by_push, at_night }: ChoicesRow) -> Self {
        Self { opens, price_drops, back_in_stock, by_mail, by_push, at_night }
    }
}

#[derive(QueryableByName)]
struct ChosenRow {
    #[diesel(embed)]
    choices: ChoicesRow,
    #[diesel(sql_type = t::Timestamptz)]
    consented_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct IsThere {
    #[diesel(sql_type = t::Bool)]
    is_there: bool,
}

#[async_trait]
impl NoticeChoices for Postgres {
    async fn chosen(&self, customer: &Email) -> Result<Chosen> {
        let mut connection = self.connection().await?;
        let query = sql_query(
            "SELECT opens, price_drops, back_in_stock, by_mail, by_push, at_night, consented_at FROM notice_choices WHERE customer_email = $1",
        );
        let row: Option<ChosenRow> =
            prepared(query.bind::<t::Text, _>(customer.as_str())).get_result(&mut connection).await.optional().map_err(failed)?;
        Ok(row.map_or_else(Chosen::default, |row| Chosen { choices: row.choices.into(), consented_at: Some(row.consented_at) }))
    }

    async fn choose(&self, customer: &Email, choices: Choices, wording: &str, secret: &str, at: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let query = sql_query(CHOOSE)
            .bind::<t::Text, _>(customer.as_str())
            .bind::<t::Bool, _>(choices.opens)
            .bind::<t::Bool, _>(choices.price_drops)
            .bind::<t::Bool, _>(choices.back_in_stock)
            .bind::<t::Bool, _>(choices.by_mail)
            .bind::<t::Bool, _>(choices.by_push)
            .bind::<t::Bool, _>(choices.at_night)
            .bind::<t::Text, _>(wording)
            .bind::<t::Text, _>(secret)
            .bind::<t::Timestamptz, _>(at);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn end_mails(&self, secret: &str, wording: &str, at: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(END_MAILS).bind::<t::Text, _>(secret).bind::<t::Text, _>(wording).bind::<t::Timestamptz, _>(at);
        let IsThere { is_there } = prepared(query).get_result(&mut connection).await.map_err(failed)?;
        Ok(is_there)
    }

    async fn subscribe(&self, customer: &Email, id: &str, subscription: &Subscription, most: i64, at: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let Subscription { endpoint, p256dh, auth } = subscription;
        connection
            .transaction(async |c| {
                // A person's one after another: the count sees all of those before.
                let lock = sql_query("SELECT pg_advisory_xact_lock(hashtextextended('push ' || $1, 0))").bind::<t::Text, _>(customer.as_str());
                prepared(lock).execute(c).await?;
                let add = sql_query(
                    "INSERT INTO push_subscriptions (id, customer_email, endpoint, p256dh, auth, created_at) VALUES ($1, $2, $3, $4, $5, $6)
                     ON CONFLICT (endpoint) DO UPDATE SET customer_email = excluded.customer_email, p256dh = excluded.p256dh, auth = excluded.auth",
                )
                .bind::<t::Text, _>(id)
                .bind::<t::Text, _>(customer.as_str())
                .bind::<t::Text, _>(endpoint)
                .bind::<t::Text, _>(p256dh)
                .bind::<t::Text, _>(auth)
                .bind::<t::Timestamptz, _>(at);
                prepared(add).execute(c).await?;
                let oldest = sql_query(
                    "DELETE FROM push_subscriptions WHERE id IN (
                         SELECT id FROM push_subscriptions WHERE customer_email = $1 ORDER BY id DESC OFFSET $2)",
                )
                .bind::<t::Text, _>(customer.as_str())
                .bind::<t::BigInt, _>(most);
                prepared(oldest).execute(c).await
            })
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn unsubscribe(&self, customer: &Email, endpoint: &str) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query("DELETE FROM push_subscriptions WHERE customer_email = $1 AND endpoint = $2")
            .bind::<t::Text, _>(customer.as_str())
            .bind::<t::Text, _>(endpoint);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }
}
