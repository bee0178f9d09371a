//! Reviews. The store's rating is changed by a trigger, in the same transaction (migration of that name).

use async_trait::async_trait;
use cheapbob_domain::{
    reviews::{ChangeReview, NewReview, ReasonWord, Reply, Reported, Review, Stars, ports::Reviews},
    shared::{Email, Error, PaymentId, ProductId, Result, ReviewId, StoreId},
};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;

use crate::{
    database::{Postgres, bad_row, failed},
    schema::{review_reports, reviews, stores},
    sql::prepared,
};

/// What is read of a review `r`.
const COLUMNS: &str = include_str!("sql/columns.sql");
const ADD: &str = include_str!("sql/add.sql");
const REPORTED: &str = include_str!("sql/reported.sql");

#[derive(QueryableByName)]
#[diesel(table_name = reviews, check_for_backend(diesel::pg::Pg))]
struct ReviewRow {
    id: String,
    payment_id: String,
    store_id: String,
    product_id: String,
    product_name: String,
    customer_email: String,
    #[diesel(sql_type = t::Text)]
    nickname: String,
    rating: i16,
    reasons: Vec<String>,
    text: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    reply: Option<String>,
    replied_at: Option<DateTime<Utc>>,
    hidden_at: Option<DateTime<Utc>>,
}

impl TryFrom<ReviewRow> for Review {
    type Error = Error;

    fn try_from(row: ReviewRow) -> Result<Self> {
        Ok(Self {
            id: ReviewId::trusted(row.id),
            payment_id: PaymentId::trusted(row.payment_id),
            store_id: StoreId::trusted(row.store_id),
            product_id: ProductId::trusted(row.product_id),
            product_name: row.product_name,
            customer: Email::trusted(row.customer_email),
            nickname: row.nickname,
            says: NewReview {
                stars: Stars::parse(row.rating.into()).map_err(|_| bad_row("reviews.rating"))?,
                reasons: ReasonWord::words(&row.reasons).map_err(|_| bad_row("reviews.reasons"))?,
                text: row.text,
            },
            created_at: row.created_at,
            updated_at: row.updated_at,
            reply: row.reply.zip(row.replied_at).map(|(text, at)| Reply { text, at }),
            is_hidden: row.hidden_at.is_some(),
        })
    }
}

#[derive(QueryableByName)]
struct ReportedRow {
    #[diesel(embed)]
    review: ReviewRow,
    #[diesel(sql_type = t::Array<t::Text>)]
    why: Vec<String>,
}

fn words(reasons: &[ReasonWord]) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.as_str()).collect()
}

fn one(row: Option<ReviewRow>) -> Result<Option<Review>> {
    row.map(Review::try_from).transpose()
}

#[async_trait]
impl Reviews for Postgres {
    async fn add(&self, review: &Review) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = sql_query(ADD)
            .bind::<t::Text, _>(review.id.as_str())
            .bind::<t::Text, _>(review.payment_id.as_str())
            .bind::<t::Text, _>(review.store_id.as_str())
            .bind::<t::Text, _>(review.product_id.as_str())
            .bind::<t::Text, _>(&review.product_name)
            .bind::<t::Text, _>(review.customer.as_str())
            .bind::<t::SmallInt, _>(review.says.stars.get())
            .bind::<t::Array<t::Text>, _>(words(&review.says.reasons))
            .bind::<t::Nullable<t::Text>, _>(review.says.text.as_deref())
            .bind::<t::Timestamptz, _>(review.created_at)
            .bind::<t::Timestamptz, _>(review.updated_at);
        let rows = prepared(query).execute(&mut connection).await.map_err(failed)?;
        Ok(rows == 1)
    }

    async fn of_payment(&self, payment: &PaymentId) -> Result<Option<Review>> {
        let mut connection = self.connection().await?;
        let query = sql_query(format!("SELECT {COLUMNS} FROM reviews r WHERE r.payment_id = $1")).bind::<t::Text, _>(payment.as_str());
        one(prepared(query).get_result(&mut connection).await.optional().map_err(failed)?)
    }

    async fn change(&self, id: &ReviewId, change: &ChangeReview, at: DateTime<Utc>) -> Result<Option<Review>> {
        let mut connection = self.connection().await?;
        let statement = format!(
            "UPDATE reviews r
             SET rating = coalesce($2, r.rating), reasons = coalesce($3, r.reasons), text = CASE WHEN $4 THEN $5 ELSE r.text END, updated_at = $6
             WHERE r.id = $1 RETURNING {COLUMNS}"
        );
        let query = sql_query(statement)
            .bind::<t::Text, _>(id.as_str())
            .bind::<t::Nullable<t::SmallInt>, _>(change.stars.map(Stars::get))
            .bind::<t::Nullable<t::Array<t::Text>>, _>(change.reasons.as_deref().map(words))
            .bind::<t::Bool, _>(change.text.is_some())
            .bind::<t::Nullable<t::Text>, _>(change.text.as_ref().and_then(Option::as_deref))
            .bind::<t::Timestamptz, _>(at);
        one(prepared(query).get_result(&mut connection).await.optional().map_err(failed)?)
    }

    async fn delete(&self, id: &ReviewId) -> Result<bool> {
        let mut connection = self.connection().await?;
        Ok(diesel::delete(reviews::table.find(id.as_str())).execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn of_store<'a>(
        &self,
        store: &StoreId,
        before: Option<&'a ReviewId>,
        limit: i64,
        with_hidden: bool,
    ) -> Result<Option<Vec<Review>>> {
        let mut connection = self.connection().await?;
        // Texts of their own, so that each is planned by the index that it needs.
        let after = if before.is_some() { "r.id < $2" } else { "$2 IS NULL" };
        let shown = if with_hidden { "" } else { " AND r.hidden_at IS NULL" };
        let statement = format!("SELECT {COLUMNS} FROM reviews r WHERE r.store_id = $1 AND {after}{shown} ORDER BY r.id DESC LIMIT $3");
        let query = sql_query(statement)
            .bind::<t::Text, _>(store.as_str())
            .bind::<t::Nullable<t::Text>, _>(before.map(ReviewId::as_str))
            .bind::<t::BigInt, _>(limit);
        let rows: Vec<ReviewRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        let is_there = !rows.is_empty()
            || diesel::select(diesel::dsl::exists(stores::table.find(store.as_str()))).get_result(&mut connection).await.map_err(failed)?;
        if is_there { rows.into_iter().map(Review::try_from).collect::<Result<_>>().map(Some) } else { Ok(None) }
    }

    async fn reply<'a>(&self, store: &StoreId, id: &ReviewId, text: Option<&'a str>, at: DateTime<Utc>) -> Result<Option<Review>> {
        let mut connection = self.connection().await?;
        let statement = format!(
            "UPDATE reviews r SET reply = $3, replied_at = CASE WHEN $3 IS NOT NULL THEN $4 END WHERE r.id = $2 AND r.store_id = $1 RETURNING {COLUMNS}"
        );
        let query = sql_query(statement)
            .bind::<t::Text, _>(store.as_str())
            .bind::<t::Text, _>(id.as_str())
            .bind::<t::Nullable<t::Text>, _>(text)
            .bind::<t::Timestamptz, _>(at);
        one(prepared(query).get_result(&mut connection).await.optional().map_err(failed)?)
    }

    async fn report(&self, id: &ReviewId, by: &Email, reason: &str, at: DateTime<Utc>) -> Result<Option<bool>> {
        let mut connection = self.connection().await?;
        let reported = diesel::insert_into(review_reports::table)
            .values(reviews::table.find(id.as_str()).filter(reviews::hidden_at.is_null()).select((
                reviews::id,
                diesel::dsl::sql::<t::Text>("").bind::<t::Text, _>(by.as_str()),
                diesel::dsl::sql::<t::Text>("").bind::<t::Text, _>(reason),
                diesel::dsl::sql::<t::Timestamptz>("").bind::<t::Timestamptz, _>(at),
            )))
            .into_columns((review_reports::review_id, review_reports::reporter, review_reports::reason, review_reports::created_at))
            .on_conflict_do_nothing()
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        if reported == 1 {
            return Ok(Some(true));
        }
        let shown = reviews::table.find(id.as_str()).filter(reviews::hidden_at.is_null());
        let is_there: bool = diesel::select(diesel::dsl::exists(shown)).get_result(&mut connection).await.map_err(failed)?;
        Ok(is_there.then_some(false))
    }

    async fn reported(&self, limit: i64) -> Result<Vec<Reported>> {
        let mut connection = self.connection().await?;
        let query = sql_query(format!("SELECT {COLUMNS}, {REPORTED}")).bind::<t::BigInt, _>(limit);
        let rows: Vec<ReportedRow> = prepared(query).load(&mut connection).await.map_err(failed)?;
        rows.into_iter().map(|row| Ok(Reported { review: row.review.try_into()?, reasons: row.why })).collect()
    }

    async fn hide(&self, id: &ReviewId, hidden: bool, at: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let changed = diesel::update(reviews::table.find(id.as_str()))
            .set(reviews::hidden_at.eq(hidden.then_some(at)))
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(changed == 1)
    }
}
