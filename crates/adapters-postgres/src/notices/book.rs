use async_trait::async_trait;
use cheapbob_domain::{
    notices::{
        NoticeBatch, Occasion, Subscription,
        ports::{NoticeBook, Page, PageOf, Recipient, Told},
    },
    shared::{Email, Error, Result},
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde::Deserialize;
use serde_json::{Value, json};

use super::choices::ChoicesRow;
use crate::{
    database::{Postgres, bad_row, failed},
    sql::{BATCH, in_batches, prepared},
};

const CLAIM: &str = include_str!("sql/claim.sql");
const RECIPIENTS: &str = include_str!("sql/recipients.sql");
const RECORD: &str = include_str!("sql/record.sql");
const RELEASE: &str = include_str!("sql/release.sql");
const AGAIN: &str = include_str!("sql/again.sql");
const IN_THE_MORNING: &str = include_str!("sql/in_the_morning.sql");
const PRUNE: &str = include_str!("sql/prune.sql");

#[derive(QueryableByName)]
struct PageRow {
    #[diesel(sql_type = t::Nullable<t::Text>)]
    last: Option<String>,
    #[diesel(sql_type = t::BigInt)]
    wanted: i64,
    #[diesel(sql_type = t::BigInt)]
    claimed: i64,
}

#[derive(QueryableByName)]
struct RecipientRow {
    #[diesel(sql_type = t::Text)]
    customer_email: String,
    #[diesel(sql_type = t::Date)]
    business_day: NaiveDate,
    #[diesel(sql_type = t::Array<t::Text>)]
    reached: Vec<String>,
    #[diesel(embed)]
    choices: ChoicesRow,
    #[diesel(sql_type = t::Text)]
    secret: String,
    #[diesel(sql_type = t::Bool)]
    email_vouched: bool,
    #[diesel(sql_type = t::Nullable<t::Jsonb>)]
    subscriptions: Option<Value>,
}

#[derive(Deserialize)]
struct SubscriptionJson {
    id: String,
    endpoint: String,
    p256dh: String,
    auth: String,
}

impl TryFrom<RecipientRow> for Recipient {
    type Error = Error;

    fn try_from(row: RecipientRow) -> Result<Self> {
        let subscriptions: Option<Vec<SubscriptionJson>> =
            row.subscriptions.map(serde_json::from_value).transpose().map_err(|_| bad_row("push_subscriptions"))?;
        let subscription = |SubscriptionJson { id, endpoint, p256dh, auth }| (id, Subscription { endpoint, p256dh, auth });
        Ok(Self {
            customer: Email::trusted(row.customer_email),
            day: row.business_day,
            choices: row.choices.into(),
            email_vouched: row.email_vouched,
            secret: row.secret,
            subscriptions: subscriptions.unwrap_or_default().into_iter().map(subscription).collect(),
            reached: row.reached,
        })
    }
}

fn payload(batch: &NoticeBatch) -> Result<Value> {
    let mut payload = serde_json::to_value(batch).map_err(Error::internal)?;
    payload["kind"] = json!("notice_batch");
    Ok(payload)
}

#[async_trait]
impl NoticeBook for Postgres {
    async fn claim<'a>(&self, page: PageOf<'a>) -> Result<Page> {
        let PageOf { occasion, day, after, limit, at_night, most, batch, now } = page;
        let task = payload(&NoticeBatch { batch: batch.to_owned(), occasion: occasion.clone(), attempt: 0 })?;
        let mut connection = self.connection().await?;
        let query = sql_query(CLAIM)
            .bind::<t::Text, _>(occasion.store.as_str())
            .bind::<t::Text, _>(occasion.kind.as_str())
            .bind::<t::Text, _>(occasion.id())
            .bind::<t::Date, _>(day)
            .bind::<t::Text, _>(after)
            .bind::<t::BigInt, _>(limit)
            .bind::<t::Bool, _>(at_night)
            .bind::<t::Integer, _>(most)
            .bind::<t::Text, _>(batch)
            .bind::<t::Jsonb, _>(task)
            .bind::<t::Timestamptz, _>(now);
        let PageRow { last, wanted, claimed } = prepared(query).get_result(&mut connection).await.map_err(failed)?;
        Ok(Page { last, is_settled: wanted == claimed, claimed })
    }

    async fn recipients(&self, batch: &str) -> Result<Vec<Recipient>> {
        let mut connection = self.connection().await?;
        let rows: Vec<RecipientRow> =
            prepared(sql_query(RECIPIENTS).bind::<t::Text, _>(batch)).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(Recipient::try_from).collect()
    }

    async fn record(&self, batch: &str, told: &[Told], gone: &[String], at: DateTime<Utc>) -> Result<()> {
        let told: Vec<_> =
            told.iter().map(|Told { customer, reached, done }| json!({ "customer": customer, "reached": reached, "done": done })).collect();
        let mut connection = self.connection().await?;
        let query = sql_query(RECORD)
            .bind::<t::Text, _>(batch)
            .bind::<t::Jsonb, _>(Value::Array(told))
            .bind::<t::Array<t::Text>, _>(gone)
            .bind::<t::Timestamptz, _>(at);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn release(&self, batch: &str, customers: &[String], at: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let query = sql_query(RELEASE).bind::<t::Text, _>(batch).bind::<t::Array<t::Text>, _>(customers).bind::<t::Timestamptz, _>(at);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn again(&self, old: &str, new: &NoticeBatch, run_at: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let query = sql_query(AGAIN)
            .bind::<t::Text, _>(old)
            .bind::<t::Text, _>(&new.batch)
            .bind::<t::Text, _>(new.occasion.store.as_str())
            .bind::<t::Jsonb, _>(payload(new)?)
            .bind::<t::Timestamptz, _>(run_at);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn in_the_morning(&self, occasion: &Occasion, at: DateTime<Utc>) -> Result<()> {
        let mut connection = self.connection().await?;
        let query = sql_query(IN_THE_MORNING)
            .bind::<t::Text, _>(occasion.id())
            .bind::<t::Text, _>(occasion.store.as_str())
            .bind::<t::Jsonb, _>(serde_json::to_value(occasion).map_err(Error::internal)?)
            .bind::<t::Timestamptz, _>(at);
        prepared(query).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn prune(&self, day: NaiveDate) -> Result<u64> {
        let mut connection = self.connection().await?;
        let old = || prepared(sql_query(PRUNE).bind::<t::Date, _>(day).bind::<t::BigInt, _>(BATCH));
        in_batches(&mut connection, old).await
    }
}
