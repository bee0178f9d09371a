use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Result},
    users::{CustomerDetail, DetailChange, NewProfile, Preference, PreferenceKind, PreferencesAdded, Profile, ports::Customers},
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::accounts::unless_taken;
use crate::{
    database::{Connection, Postgres, bad_row, failed},
    schema::{customer_preferences, customers},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = customers, check_for_backend(diesel::pg::Pg))]
struct DetailRow {
    email: String,
    nickname: String,
    phone_number: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<DetailRow> for CustomerDetail {
    fn from(row: DetailRow) -> Self {
        let DetailRow { email, nickname, phone_number, created_at, updated_at } = row;
        Self { email: Email::trusted(email), nickname, phone_number, created_at, updated_at }
    }
}

#[derive(AsChangeset)]
#[diesel(table_name = customers)]
struct DetailChanges<'a> {
    nickname: Option<&'a str>,
    phone_number: Option<&'a str>,
    updated_at: DateTime<Utc>,
}

async fn detail(connection: &mut Connection, email: &Email) -> Result<Option<CustomerDetail>> {
    let row = customers::table.find(email.as_str()).select(DetailRow::as_select()).first(connection).await.optional();
    Ok(row.map_err(failed)?.map(Into::into))
}

#[async_trait]
impl Customers for Postgres {
    async fn register(&self, email: &Email, profile: &NewProfile, at: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let words: Vec<_> = profile.preferences.iter().map(|(kind, word)| new_word(email, *kind, word, at)).collect();
        let stored = connection
            .transaction(async |c| {
                diesel::insert_into(customers::table)
                    .values((
                        customers::email.eq(email.as_str()),
                        customers::nickname.eq(profile.nickname.as_str()),
                        customers::phone_number.eq(profile.phone_number.as_str()),
                        customers::created_at.eq(at),
                        customers::updated_at.eq(at),
                    ))
                    .execute(c)
                    .await?;
                diesel::insert_into(customer_preferences::table).values(&words).execute(c).await
            })
            .await;
        unless_taken(stored)
    }

    async fn profile(&self, email: &Email) -> Result<Option<Profile>> {
        let mut connection = self.connection().await?;
        let Some(detail) = detail(&mut connection, email).await? else { return Ok(None) };
        let rows = of(email).load(&mut connection).await.map_err(failed)?;
        let preferences = into_preferences(rows)?;
        Ok(Some(Profile { detail, preferences }))
    }

    async fn detail(&self, email: &Email) -> Result<Option<CustomerDetail>> {
        let mut connection = self.connection().await?;
        detail(&mut connection, email).await
    }

    async fn change_detail(&self, email: &Email, change: &DetailChange, at: DateTime<Utc>) -> Result<Option<CustomerDetail>> {
        let mut connection = self.connection().await?;
        let changes = DetailChanges {
            nickname: change.nickname.as_ref().map(|n| n.as_str()),
            phone_number: change.phone_number.as_ref().map(|p| p.as_str()),
            updated_at: at,
        };
        let row = diesel::update(customers::table.find(email.as_str()))
            .set(changes)
            .returning(DetailRow::as_returning())
            .get_result(&mut connection)
            .await
            .optional();
        Ok(row.map_err(failed)?.map(Into::into))
    }

    async fn preferences(&self, email: &Email, kind: PreferenceKind) -> Result<Vec<Preference>> {
        let mut connection = self.connection().await?;
        let rows = of(email).filter(customer_preferences::kind.eq(kind.as_str())).load(&mut connection).await;
        into_preferences(rows.map_err(failed)?)
    }

    async fn add_preferences(
        &self,
        email: &Email,
        kind: PreferenceKind,
        words: &[&'static str],
        at: DateTime<Utc>,
    ) -> Result<PreferencesAdded> {
        let mut connection = self.connection().await?;
        if detail(&mut connection, email).await?.is_none() {
            return Ok(PreferencesAdded::NoProfile);
        }
        let words: Vec<_> = words.iter().map(|word| new_word(email, kind, word, at)).collect();
        let added = diesel::insert_into(customer_preferences::table).values(&words).execute(&mut connection).await;
        Ok(if unless_taken(added)? { PreferencesAdded::Added } else { PreferencesAdded::WasThere })
    }

    async fn remove_preference(&self, email: &Email, kind: PreferenceKind, word: &str) -> Result<bool> {
        let mut connection = self.connection().await?;
        let mine = customer_preferences::table
            .filter(customer_preferences::email.eq(email.as_str()))
            .filter(customer_preferences::kind.eq(kind.as_str()).and(customer_preferences::word.eq(word)));
        Ok(diesel::delete(mine).execute(&mut connection).await.map_err(failed)? == 1)
    }
}

type PreferenceRow = (i64, String, String, DateTime<Utc>);

#[diesel::dsl::auto_type(no_type_alias)]
fn of(email: &Email) -> _ {
    let email: &str = email.as_str();
    let columns: (customer_preferences::id, customer_preferences::kind, customer_preferences::word, customer_preferences::created_at) =
        (customer_preferences::id, customer_preferences::kind, customer_preferences::word, customer_preferences::created_at);
    customer_preferences::table.filter(customer_preferences::email.eq(email)).order(customer_preferences::id).select(columns)
}

fn into_preferences(rows: Vec<PreferenceRow>) -> Result<Vec<Preference>> {
    rows.into_iter()
        .map(|(id, kind, word, created_at)| {
            let kind = PreferenceKind::parse(&kind).ok_or_else(|| bad_row("customer_preferences.kind"))?;
            Ok(Preference { id, kind, word, created_at })
        })
        .collect()
}

#[derive(Insertable)]
#[diesel(table_name = customer_preferences)]
struct NewWord<'a> {
    email: &'a str,
    kind: &'static str,
    word: &'a str,
    created_at: DateTime<Utc>,
}

fn new_word<'a>(email: &'a Email, kind: PreferenceKind, word: &'a str, created_at: DateTime<Utc>) -> NewWord<'a> {
    NewWord { email: email.as_str(), kind: kind.as_str(), word, created_at }
}
