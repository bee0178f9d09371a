use async_trait::async_trait;
use cheapbob_domain::{
    shared::{Email, Error, Result},
    users::{
        Account, AccountStatus, Deactivation, Erasure, IdentityAdded, NOBODY, Provider, Registered, RegistrationStatus, Role, Unfinished,
        ports::Accounts,
    },
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};

use crate::{
    database::{Postgres, bad_row, failed},
    schema::{account_identities, accounts, erasures, stores},
    sql::prepared,
    together::Statement,
};

const CLAIM: &str = include_str!("sql/claim.sql");
const FIND_ACCOUNTS: &str = include_str!("sql/find_accounts.sql");
const DEACTIVATE: &str = include_str!("sql/deactivate.sql");
const ERASE: &str = include_str!("sql/erase.sql");
const REACTIVATE: &str = include_str!("sql/reactivate.sql");

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg))]
pub(super) struct AccountRow {
    email: String,
    role: String,
    is_active: bool,
    email_vouched: bool,
    created_at: DateTime<Utc>,
    generation: i64,
    kept_session: Option<String>,
    imported_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct StatusRow {
    #[diesel(embed)]
    account: AccountRow,
    #[diesel(sql_type = t::Bool)]
    has_profile: bool,
    #[diesel(sql_type = t::Bool)]
    has_store: bool,
    #[diesel(sql_type = t::Bool)]
    has_product: bool,
}

impl TryFrom<AccountRow> for Account {
    type Error = Error;

    fn try_from(row: AccountRow) -> Result<Self> {
        Ok(Self {
            email: Email::trusted(row.email),
            role: Role::parse(&row.role).ok_or_else(|| bad_row("accounts.role"))?,
            is_active: row.is_active,
            email_vouched: row.email_vouched,
            created_at: row.created_at,
            generation: row.generation,
            kept_session: row.kept_session,
            imported_at: row.imported_at,
        })
    }
}

impl TryFrom<StatusRow> for AccountStatus {
    type Error = Error;

    fn try_from(row: StatusRow) -> Result<Self> {
        let account = Account::try_from(row.account)?;
        let registered = Registered { profile: row.has_profile, store: row.has_store, product: row.has_product };
        let status = RegistrationStatus::of(account.role, registered);
        Ok(Self { account, status })
    }
}

impl Postgres {
    /// The accounts behind authenticated requests, of many at once.
    async fn statuses(&self, emails: &[Email]) -> Result<Vec<Option<AccountStatus>>> {
        let mut connection = self.connection().await?;
        let asked: Vec<_> = emails.iter().map(Email::as_str).collect();
        let query = prepared(sql_query(FIND_ACCOUNTS).bind::<t::Array<t::Text>, _>(asked));
        let rows: Vec<StatusRow> = query.load(&mut connection).await.map_err(failed)?;
        let found: Vec<_> = rows.into_iter().map(AccountStatus::try_from).collect::<Result<_>>()?;
        Ok(emails.iter().map(|email| found.iter().find(|found| found.account.email == *email).cloned()).collect())
    }
}

#[async_trait]
impl Accounts for Postgres {
    async fn find(&self, email: &Email) -> Result<Option<AccountStatus>> {
        let statement = || -> Statement<Email, Option<AccountStatus>> {
            let postgres = self.clone();
            Box::new(move |emails| {
                let postgres = postgres.clone();
                Box::pin(async move { postgres.statuses(&emails).await })
            })
        };
        self.lines.accounts.ask(email.clone(), statement).await
    }

    async fn find_by_identity(&self, provider: Provider, user_id: &str) -> Result<Option<Account>> {
        let mut connection = self.connection().await?;
        let row: Option<AccountRow> = account_identities::table
            .inner_join(accounts::table.on(accounts::email.eq(account_identities::email)))
            .filter(account_identities::provider.eq(provider.as_str()).and(account_identities::provider_user_id.eq(user_id)))
            .select(AccountRow::as_select())
            .first(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        row.map(Account::try_from).transpose()
    }

    async fn create(&self, account: &Account, provider: Provider, user_id: &str) -> Result<bool> {
        let mut connection = self.connection().await?;
        let made = connection
            .transaction(async |c| {
                diesel::insert_into(accounts::table)
                    .values((
                        accounts::email.eq(account.email.as_str()),
                        accounts::role.eq(account.role.as_str()),
                        accounts::is_active.eq(account.is_active),
                        accounts::email_vouched.eq(account.email_vouched),
                        accounts::created_at.eq(account.created_at),
                        accounts::imported_at.eq(account.imported_at),
                    ))
                    .execute(c)
                    .await?;
                insert_identity(c, &account.email, provider, user_id, account.created_at).await
            })
            .await;
        unless_taken(made)
    }

    async fn add_identity(&self, email: &Email, provider: Provider, user_id: &str, at: DateTime<Utc>) -> Result<IdentityAdded> {
        let mut connection = self.connection().await?;
        let added = connection.transaction(async |c| {
            // One login of an account after another: the next statement sees what the one before has added.
            accounts::table.find(email.as_str()).select(accounts::email).for_update().execute(c).await?;
            let others = account_identities::table
                .filter(account_identities::email.eq(email.as_str()).and(account_identities::provider.eq(provider.as_str())))
                .filter(account_identities::provider_user_id.ne(user_id));
            if diesel::select(diesel::dsl::exists(others)).get_result(c).await? {
                return Ok(IdentityAdded::Another);
            }
            insert_identity(c, email, provider, user_id, at).await.map(|_| IdentityAdded::Added)
        });
        match added.await {
            Err(e) => unless_taken(Err(e)).map(|_| IdentityAdded::Taken),
            Ok(added) => Ok(added),
        }
    }

    async fn claim(&self, email: &Email, provider: Provider, user_id: &str, at: DateTime<Utc>) -> Result<IdentityAdded> {
        let mut connection = self.connection().await?;
        let query = sql_query(CLAIM)
            .bind::<t::Text, _>(email.as_str())
            .bind::<t::Text, _>(provider.as_str())
            .bind::<t::Text, _>(user_id)
            .bind::<t::Timestamptz, _>(at);
        match prepared(query).execute(&mut connection).await {
            Ok(1) => Ok(IdentityAdded::Added),
            other => unless_taken(other).map(|_| IdentityAdded::Taken),
        }
    }

    async fn deactivate(&self, email: &Email, now: DateTime<Utc>) -> Result<Deactivation> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Bool)]
            was_active: bool,
            #[diesel(sql_type = t::Bool)]
            busy: bool,
        }
        let mut connection = self.connection().await?;
        let row = connection.transaction(async |c| {
            // An order that is being made holds a share of the store's row: it is waited for, and the next statement sees it.
            stores::table.filter(stores::seller_email.eq(email.as_str())).select(stores::id).for_update().execute(c).await?;
            prepared(sql_query(DEACTIVATE).bind::<t::Text, _>(email.as_str()).bind::<t::Timestamptz, _>(now)).get_result::<Row>(c).await
        });
        let row = row.await.map_err(failed)?;
        Ok(match (row.was_active, row.busy) {
            (false, _) => Deactivation::WasInactive,
            (true, true) => Deactivation::OrderInProgress,
            (true, false) => Deactivation::Done,
        })
    }

    async fn cut_identity(&self, provider: Provider, user_id: &str, at: DateTime<Utc>) -> Result<bool> {
        let mut connection = self.connection().await?;
        let whole = account_identities::table.find((provider.as_str(), user_id)).filter(account_identities::cut_at.is_null());
        let rows = diesel::update(whole).set(account_identities::cut_at.eq(at)).execute(&mut connection).await;
        rows.map(|n| n == 1).map_err(failed)
    }

    async fn restore_identity(&self, provider: Provider, user_id: &str) -> Result<()> {
        let mut connection = self.connection().await?;
        let cut = account_identities::table.find((provider.as_str(), user_id)).filter(account_identities::cut_at.is_not_null());
        let rows = diesel::update(cut).set(account_identities::cut_at.eq(None::<DateTime<Utc>>)).execute(&mut connection).await;
        rows.map(|_| ()).map_err(failed)
    }

    async fn erase(&self, email: &Email, pseudonym: &Email, today: NaiveDate, now: DateTime<Utc>) -> Result<Erasure> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Bool)]
            is_active: bool,
            #[diesel(sql_type = t::Bool)]
            busy: bool,
        }
        let mut connection = self.connection().await?;
        let query = sql_query(ERASE)
            .bind::<t::Text, _>(email.as_str())
            .bind::<t::Text, _>(pseudonym.as_str())
            .bind::<t::Date, _>(today)
            .bind::<t::Timestamptz, _>(now)
            .bind::<t::Text, _>(NOBODY.0)
            .bind::<t::Text, _>(NOBODY.1);
        let row: Option<Row> = prepared(query).get_result(&mut connection).await.optional().map_err(failed)?;
        Ok(match row {
            Some(Row { is_active: true, .. }) => Erasure::Active,
            Some(Row { busy: true, .. }) => Erasure::Waits,
            Some(_) | None => Erasure::Gone,
        })
    }

    async fn unfinished(&self, limit: i64) -> Result<Vec<Unfinished>> {
        let mut connection = self.connection().await?;
        let rows: Vec<(String, String, DateTime<Utc>)> = erasures::table
            .order((erasures::erased_at, erasures::pseudonym))
            .limit(limit)
            .select((erasures::email, erasures::pseudonym, erasures::erased_at))
            .load(&mut connection)
            .await
            .map_err(failed)?;
        let of_row =
            |(email, pseudonym, erased_at)| Unfinished { email: Email::trusted(email), pseudonym: Email::trusted(pseudonym), erased_at };
        Ok(rows.into_iter().map(of_row).collect())
    }

    async fn finish(&self, pseudonym: &Email) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::delete(erasures::table.find(pseudonym.as_str())).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }

    async fn reactivate(&self, email: &Email, session_id: &str) -> Result<bool> {
        let mut connection = self.connection().await?;
        let query = prepared(sql_query(REACTIVATE).bind::<t::Text, _>(email.as_str()).bind::<t::Text, _>(session_id));
        Ok(query.execute(&mut connection).await.map_err(failed)? == 1)
    }

    async fn end_sessions(&self, email: &Email) -> Result<()> {
        let mut connection = self.connection().await?;
        let next = (accounts::generation.eq(accounts::generation + 1), accounts::kept_session.eq(None::<String>));
        diesel::update(accounts::table.find(email.as_str())).set(next).execute(&mut connection).await.map(|_| ()).map_err(failed)
    }
}

async fn insert_identity(
    connection: &mut crate::patient::PatientConnection,
    email: &Email,
    provider: Provider,
    user_id: &str,
    at: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(account_identities::table)
        .values((
            account_identities::provider.eq(provider.as_str()),
            account_identities::provider_user_id.eq(user_id),
            account_identities::email.eq(email.as_str()),
            account_identities::created_at.eq(at),
        ))
        .execute(connection)
        .await
}

/// A unique key in the way means that somebody was faster.
pub(crate) fn unless_taken(inserted: QueryResult<usize>) -> Result<bool> {
    use diesel::result::{DatabaseErrorKind, Error as DieselError};
    match inserted {
        Ok(_) => Ok(true),
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(e) => Err(failed(e)),
    }
}
