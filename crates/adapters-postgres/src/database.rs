//! The pool, the migrations, and what the driver's errors mean.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cheapbob_domain::shared::{Error, Result};
use deadpool::Runtime;
use diesel::{
    result::{DatabaseErrorKind, Error as DieselError},
    sql_types::Bool,
};
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{BuildError, Object, Pool},
    },
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures::FutureExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{patient::PatientConnection, secrets::SecretKeys};

/// A pooled connection.
pub type Connection = Object<PatientConnection>;

const PART: &str = "postgres";

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// How long a request waits for a connection before the database counts as unavailable.
const WAIT: Duration = Duration::from_secs(2);

/// After so much more than the server's own limit a statement has no answer.
const SILENCE: Duration = Duration::from_secs(1);

/// Who waits for the statements of a pool, and thus for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// A person with an app: 5 s for a statement, 1 s for a row that somebody has locked.
    Person,
    /// A job: a day's rollover may write for a minute, and waits 10 s for a row.
    Job,
}

impl Waiting {
    const fn statement(self) -> Duration {
        match self {
            Self::Person => Duration::from_secs(5),
            Self::Job => Duration::from_secs(60),
        }
    }

    const fn lock(self) -> Duration {
        match self {
            Self::Person => Duration::from_secs(1),
            Self::Job => Duration::from_secs(10),
        }
    }

    /// The server's limits, as its options.
    fn options(self) -> String {
        format!("-c%20statement_timeout%3D{}%20-c%20lock_timeout%3D{}", self.statement().as_millis(), self.lock().as_millis())
    }
}

/// Every port that must be transactional, on one pool.
#[derive(Clone)]
pub struct Postgres {
    pool: Pool<PatientConnection>,
    limit: Duration,
    /// Half of the connections: what reports may have of them at once.
    reports: Arc<Semaphore>,
    pub(crate) keys: Arc<SecretKeys>,
}

impl Postgres {
    /// A pool of at most `size` connections to `url`; connects when first used. `keys` seal the secrets in its rows.
    ///
    /// # Errors
    /// Where the pool cannot be built.
    pub fn new(url: &str, size: usize, waiting: Waiting, keys: Arc<SecretKeys>) -> std::result::Result<Self, BuildError> {
        // A statement that hangs must not hold a request for longer than the app waits. Plans are kept whatever a parameter is:
        // ours are written for that, and to plan a search anew takes longer than to run it.
        // Data that nobody acknowledges for 2 s: the cable was pulled, and the connection is closed.
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}tcp_user_timeout=2&options={}%20-c%20plan_cache_mode%3Dforce_generic_plan", waiting.options());
        let limit = waiting.statement() + SILENCE;
        let mut config = ManagerConfig::default();
        config.custom_setup = Box::new(move |url| PatientConnection::connect(url, limit).boxed());
        // A connection that has broken is noticed without a query; the default would ask the database at each checkout.
        config.recycling_method = RecyclingMethod::Fast;
        crate::traces::statements();
        let manager = AsyncDieselConnectionManager::<PatientConnection>::new_with_config(url, config);
        let pool = Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .recycle_timeout(Some(WAIT))
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self { pool, limit, reports: Arc::new(Semaphore::new(size.div_ceil(2))), keys })
    }

    /// A connection for a report: what reads many rows, and may be slow. However many of them come, half of the connections are left
    /// for buying and selling.
    ///
    /// # Errors
    /// Unavailable: there is none in time.
    pub(crate) async fn report(&self) -> Result<(SemaphorePermit<'_>, Connection)> {
        let permit = tokio::time::timeout(WAIT, self.reports.acquire()).await.map_err(|e| Error::unavailable(PART, e))?;
        Ok((permit.map_err(Error::internal)?, self.connection().await?))
    }

    /// Work that no limit ends, on the server and here.
    pub(crate) async fn without_limit(&self, steps: &[&str]) -> Result<()> {
        let mut connection = self.connection().await?;
        connection.set_limit(None);
        let mut done = diesel::sql_query("SET statement_timeout = 0").execute(&mut connection).await;
        for step in steps {
            if done.is_ok() {
                done = diesel::sql_query(*step).execute(&mut connection).await;
            }
        }
        connection.set_limit(Some(self.limit));
        diesel::sql_query("RESET statement_timeout").execute(&mut connection).await.map_err(failed)?;
        done.map(|_| ()).map_err(failed)
    }

    /// A connection.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn connection(&self) -> Result<Connection> {
        let begin = Instant::now();
        let connection = self.pool.get().await;
        metrics::histogram!("cheapbob_db_pool_wait_seconds").record(begin.elapsed());
        connection.map_err(|e| {
            metrics::counter!("cheapbob_db_pool_failures_total").increment(1);
            Error::unavailable(PART, e)
        })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn ping(&self) -> Result<()> {
        let mut connection = self.connection().await?;
        diesel::sql_query("SELECT 1").execute(&mut connection).await.map(|_| ()).map_err(failed)
    }
}

/// What a driver error means to the domain.
pub(crate) fn failed(error: DieselError) -> Error {
    match &error {
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _) => {
            Error::unavailable(PART, error)
        }
        // 57P01 … 57P03 and 53300 (shutting down, starting up, too many connections) have no kind of their own.
        DieselError::DatabaseError(_, info)
            if [
                "terminating connection",
                "shutting down",
                "starting up",
                "too many clients",
                "statement timeout",
                "lock timeout",
                "connection closed",
            ]
            .iter()
            .any(|phrase| info.message().contains(phrase)) =>
        {
            Error::unavailable(PART, error)
        }
        _ => Error::internal(error),
    }
}

/// A row that the database should not have.
pub(crate) fn bad_row(what: &str) -> Error {
    Error::internal(format!("bad row: {what}"))
}

/// Runs the migrations that are missing; any number of processes may call it at once.
///
/// Needs the multi-thread runtime of tokio (diesel's harness blocks in place).
///
/// # Errors
/// What the database or a migration says.
pub async fn migrate(url: &str) -> std::result::Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = AsyncPgConnection::establish(url).await?;
    // Tried, not waited for: a blocked SELECT holds a snapshot, and CREATE INDEX CONCURRENTLY in the winner waits for it.
    while !diesel::select(diesel::dsl::sql::<Bool>("pg_try_advisory_lock(727274)")).get_result::<bool>(&mut connection).await? {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut harness = AsyncMigrationHarness::new(connection);
    let count = harness.run_pending_migrations(MIGRATIONS)?.len();
    let mut connection = harness.into_inner();
    diesel::sql_query("SELECT pg_advisory_unlock(727274)").execute(&mut connection).await?;
    Ok(count)
}
