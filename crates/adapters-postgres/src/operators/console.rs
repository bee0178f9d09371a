//! What operators see: each page is a document that one statement makes.

use async_trait::async_trait;
use cheapbob_domain::{
    disputes::ANSWERED_WITHIN,
    operators::{
        CustomerView, DiscrepancyView, Found, MessageView, Overview, PaymentView, Sought, StoreView, WorkView,
        ports::{Console, DiscrepancyCases},
    },
    shared::{Email, Error, PaymentId, Result, StoreId},
};
use chrono::{DateTime, Utc};
use diesel::{pg::Pg, prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;

use crate::{
    database::{Postgres, bad_row, failed},
    sql::prepared,
};

#[derive(QueryableByName)]
struct Document {
    #[diesel(sql_type = t::Jsonb)]
    view: serde_json::Value,
}

/// What the document of a statement has. `None`: it found nothing. All its parameters are texts, which it casts.
async fn view<T: DeserializeOwned>(database: &Postgres, statement: &'static str, parameters: &[&str]) -> Result<Option<T>> {
    let (_permit, mut connection) = database.report().await?;
    let query = sql_query(statement).into_boxed::<Pg>();
    let query = parameters.iter().fold(query, |query, parameter| query.bind::<t::Text, _>((*parameter).to_owned()));
    let document: Option<Document> = prepared(query).get_result(&mut connection).await.optional().map_err(failed)?;
    document.map(|Document { view }| serde_json::from_value(view).map_err(Error::internal)).transpose()
}

/// Of a statement that always gives a row.
fn whole<T>(view: Option<T>) -> Result<T> {
    view.ok_or_else(|| bad_row("a page of the console without a row"))
}

/// `LIKE` pattern for "contains"; the pattern's own signs are plain characters.
fn contains(text: &str) -> String {
    let plain: String = text.chars().flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c])).collect();
    format!("%{plain}%")
}

#[async_trait]
impl Console for Postgres {
    async fn find(&self, sought: &Sought, limit: i64) -> Result<Vec<Found>> {
        let limit = limit.to_string();
        let found = match sought {
            Sought::Payment(payment) => view(self, include_str!("sql/find_payment.sql"), &[payment.as_str()]).await?,
            Sought::Request(request) => {
                let since = format!("PAY{}", request.get(..10).unwrap_or_default());
                view(self, include_str!("sql/find_request.sql"), &[request, &since, &limit]).await?
            }
            Sought::Email(email) => view(self, include_str!("sql/find_email.sql"), &[email.as_str(), &limit]).await?,
            Sought::Phone(end) => view(self, include_str!("sql/find_phone.sql"), &[end, &limit]).await?,
            Sought::Store(store) => view(self, include_str!("sql/find_store.sql"), &[store.as_str(), &limit]).await?,
            Sought::Name(name) => view(self, include_str!("sql/find_name.sql"), &[&contains(name), &limit]).await?,
        };
        Ok(found.unwrap_or_default())
    }

    async fn discrepancies(&self, limit: i64) -> Result<Vec<DiscrepancyView>> {
        Ok(view(self, include_str!("sql/discrepancies.sql"), &[&limit.to_string()]).await?.unwrap_or_default())
    }

    async fn work(&self, now: DateTime<Utc>, limit: i64) -> Result<WorkView> {
        whole(view(self, include_str!("sql/work.sql"), &[&now.to_rfc3339(), &limit.to_string()]).await?)
    }

    async fn overview(&self, now: DateTime<Utc>) -> Result<Overview> {
        let unanswered = now - ANSWERED_WITHIN;
        whole(view(self, include_str!("sql/overview.sql"), &[&now.to_rfc3339(), &unanswered.to_rfc3339()]).await?)
    }

    async fn messages(&self, limit: i64) -> Result<Vec<MessageView>> {
        Ok(view(self, include_str!("sql/messages.sql"), &[&limit.to_string()]).await?.unwrap_or_default())
    }

    async fn store(&self, store: &StoreId, limit: i64) -> Result<Option<StoreView>> {
        view(self, include_str!("sql/store.sql"), &[store.as_str(), &limit.to_string()]).await
    }

    async fn customer(&self, email: &Email, now: DateTime<Utc>, limit: i64) -> Result<Option<CustomerView>> {
        view(self, include_str!("sql/customer.sql"), &[email.as_str(), &now.to_rfc3339(), &limit.to_string()]).await
    }

    async fn payment(&self, payment: &PaymentId) -> Result<Option<PaymentView>> {
        view(self, include_str!("sql/payment.sql"), &[payment.as_str()]).await
    }
}

#[async_trait]
impl DiscrepancyCases for Postgres {
    async fn assign(&self, entry: i64, to: &Email) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(include_str!("sql/assign.sql")).bind::<t::BigInt, _>(entry).bind::<t::Text, _>(to.as_str());
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn close(&self, entry: i64, by: &Email, reason: &str, at: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(include_str!("sql/close.sql"))
            .bind::<t::BigInt, _>(entry)
            .bind::<t::Text, _>(by.as_str())
            .bind::<t::Text, _>(reason)
            .bind::<t::Timestamptz, _>(at);
        Ok(prepared(query).execute(&mut connection).await.map_err(failed)? == 1)
    }
}
