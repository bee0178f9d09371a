//! The pool, the migrations, and what the driver's errors mean.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use cheapbob_domain::shared::{Breaker, Error, Result};
use deadpool::Runtime;
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
    sql_types::{Bool, Text},
};
use diesel_async::{
    AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    methods::LoadQuery,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{BuildError, Object, Pool},
    },
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    address::{Address, PoolMode},
    connect::FORGET,
    documents::Documents,
    lines::Lines,
    patient::{PatientConnection, Pooled},
    replica::Replica,
    secrets::SecretKeys,
    tiles::Tiles,
    together::PART,
};

/// A pooled connection.
pub type Connection = Object<PatientConnection>;

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

    /// The server's limits, and that plans are kept whatever a parameter is: our statements are written for that, and to plan a search anew
    /// takes longer than to run it. Not as options of the start-up: poolers refuse those.
    fn setup(self, set: &str) -> String {
        let (statement, lock) = (self.statement().as_millis(), self.lock().as_millis());
        format!("{set} statement_timeout = {statement}; {set} lock_timeout = {lock}; {set} plan_cache_mode = force_generic_plan; ")
    }
}

/// Every port that must be transactional, on one pool.
#[derive(Clone)]
pub struct Postgres {
    pool: Pool<PatientConnection>,
    pooled: Arc<Pooled>,
    /// Half of the connections: what reports may have of them at once.
    reports: Arc<Semaphore>,
    pub(crate) keys: Arc<SecretKeys>,
    pub(crate) lines: Arc<Lines>,
    pub(crate) documents: Documents,
    pub(crate) tiles: Tiles,
    replica: Option<Replica>,
}

/// Rows, and where they come from.
pub(crate) struct OfOthers<U> {
    pub(crate) rows: Vec<U>,
    /// They are a replica's: a few seconds old.
    pub(crate) may_be_old: bool,
}

/// A pool of at most `size` connections to `address`, and what they have in common.
fn pool(address: &Address, size: usize, waiting: Waiting) -> std::result::Result<(Pool<PatientConnection>, Arc<Pooled>), BuildError> {
    let (setup, setup_of_transaction) = match address.pool_mode {
        PoolMode::Session => (waiting.setup("SET"), String::new()),
        PoolMode::Transaction => (String::new(), format!("{FORGET}{}", waiting.setup("SET LOCAL"))),
    };
    let limit = waiting.statement() + SILENCE;
    let pooled = Arc::new(Pooled { address: address.clone(), setup, setup_of_transaction, limit, demotions: AtomicU64::new(0) });
    let mut config = ManagerConfig::default();
    let connecting = Arc::clone(&pooled);
    config.custom_setup = Box::new(move |_| PatientConnection::connect(Arc::clone(&connecting)).boxed());
    // A connection that has broken is noticed without a query; the default would ask the database at each checkout.
    config.recycling_method = RecyclingMethod::Fast;
    crate::traces::statements();
    let manager = AsyncDieselConnectionManager::<PatientConnection>::new_with_config(address.to_string(), config);
    let pool = Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(WAIT))
        .recycle_timeout(Some(WAIT))
        .runtime(Runtime::Tokio1)
        .build()?;
    Ok((pool, pooled))
}

impl Postgres {
    /// A pool of at most `size` connections to `address`; connects when first used. `keys` seal the secrets in its rows.
    ///
    /// # Errors
    /// Where the pool cannot be built.
    pub fn new(address: &Address, size: usize, waiting: Waiting, keys: Arc<SecretKeys>) -> std::result::Result<Self, BuildError> {
        let (pool, pooled) = pool(address, size, waiting)?;
        let reports = Arc::new(Semaphore::new(size.div_ceil(2)));
        Ok(Self {
            pool,
            pooled,
            reports,
            keys,
            lines: Arc::default(),
            documents: Documents::default(),
            tiles: Tiles::default(),
            replica: None,
        })
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

    /// Work that no limit ends, on the server and here: on a connection of its own.
    pub(crate) async fn without_limit(&self, steps: &[&str]) -> Result<()> {
        let mut connection = self.pooled.address.establish().await.map_err(|e| Error::unavailable(PART, e))?;
        for step in steps {
            connection.batch_execute(step).await.map_err(failed)?;
        }
        Ok(())
    }

    /// The same, but what others have written is read on a replica, over at most `size` connections, unless it is away or does not keep up.
    /// Its breaker is the process's.
    ///
    /// # Errors
    /// Where the pool cannot be built.
    pub fn with_replica(self, address: &Address, size: usize, breaker: Arc<Breaker>) -> std::result::Result<Self, BuildError> {
        let (pool, _) = pool(address, size, Waiting::Person)?;
        Ok(Self { replica: Some(Replica::new(pool, self.pool.clone(), breaker)), ..self })
    }

    /// The same, but what is kept of stores is what `other` keeps.
    #[must_use]
    pub fn sharing_documents_of(self, other: &Self) -> Self {
        Self { documents: other.documents.clone(), tiles: other.tiles.clone(), ..self }
    }

    /// Rows of what others have written: nothing that whoever asks may have written just now, and nothing that decides. On the primary,
    /// where there is no replica or it cannot tell.
    ///
    /// # Errors
    /// Unavailable: the primary does not answer in time either.
    pub(crate) fn load_of_others<'a, Q, U>(&'a self, query: impl Fn() -> Q + Send + Sync + 'a) -> BoxFuture<'a, Result<OfOthers<U>>>
    where
        Q: LoadQuery<'static, Connection, U> + Send + 'static,
        U: Send + 'static,
    {
        // Boxed: a port's future would otherwise have to be Send for queries of every lifetime.
        Box::pin(async move {
            if let Some(replica) = &self.replica {
                match replica.load(query()).await {
                    Ok(rows) => return Ok(OfOthers { rows, may_be_old: true }),
                    // The breaker says once that it is away.
                    Err(error) => tracing::debug!(%error, "the replica does not answer; the primary does"),
                }
            }
            let rows = query().load(&mut self.connection().await?).await.map_err(failed)?;
            Ok(OfOthers { rows, may_be_old: false })
        })
    }

    /// Whether the replica, if there is one, does what a search needs.
    ///
    /// # Errors
    /// Unavailable: it does not answer in time, is no standby, or is too far behind.
    pub async fn ping_replica(&self) -> Result<()> {
        match &self.replica {
            Some(replica) => replica.ping().await.map_err(|e| Error::unavailable("replica", e)),
            None => Ok(()),
        }
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

    /// Whether the database does what a request needs: our user may write, and the server takes it.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time, takes no writes, or gives us no right to.
    pub async fn ping(&self) -> Result<()> {
        #[derive(QueryableByName)]
        struct State {
            #[diesel(sql_type = Bool)]
            read_only: bool,
            #[diesel(sql_type = Bool)]
            migrated: bool,
            #[diesel(sql_type = Bool)]
            may_write: bool,
        }
        let mut connection = self.connection().await?;
        // Of our tables those by which somebody buys: others may share the schema, of which we need no rights.
        let query = "SELECT current_setting('transaction_read_only')::bool AS read_only, bool_and(oid IS NOT NULL) AS migrated,
                            coalesce(bool_and(has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')), false) AS may_write
                     FROM unnest(ARRAY['accounts', 'products', 'holds', 'orders', 'refunds', 'audit_log', 'tasks']) name, to_regclass(name) oid";
        let state: State = diesel::sql_query(query).get_result(&mut connection).await.map_err(failed)?;
        if state.read_only {
            connection.demoted();
            return Err(Error::unavailable(PART, "it takes no writes: it is a standby, or read-only"));
        }
        if !state.migrated {
            return Err(Error::unavailable(PART, "our tables are not there: run `cheapbob-jobs migrate`"));
        }
        if !state.may_write {
            return Err(Error::unavailable(PART, "our user may not write: GRANT SELECT, INSERT, UPDATE, DELETE on our tables"));
        }
        Ok(())
    }
}

/// What a driver error means to the domain. Which codes are outages, [`PatientConnection`] has sorted out.
pub(crate) fn failed(error: DieselError) -> Error {
    match &error {
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        ) => Error::unavailable(PART, error),
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
pub async fn migrate(address: &Address) -> std::result::Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = address.establish().await?;
    check_database(&mut connection).await?;
    let mut tries = 0;
    // Tried, not waited for: a blocked SELECT holds a snapshot, and CREATE INDEX CONCURRENTLY in the winner waits for it.
    while !diesel::select(diesel::dsl::sql::<Bool>("pg_try_advisory_lock(727274)")).get_result::<bool>(&mut connection).await? {
        tries += 1;
        if tries == 50 {
            tracing::info!("another process migrates the database; waited for");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut harness = AsyncMigrationHarness::new(connection);
    let count = harness.run_pending_migrations(MIGRATIONS)?.len();
    let mut connection = harness.into_inner();
    diesel::sql_query("SELECT pg_advisory_unlock(727274)").execute(&mut connection).await?;
    Ok(count)
}

/// Whether the database can hold what we write.
async fn check_database(connection: &mut AsyncPgConnection) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    #[derive(QueryableByName)]
    struct Database {
        #[diesel(sql_type = Text)]
        encoding: String,
        #[diesel(sql_type = Text)]
        ctype: String,
    }
    let query =
        "SELECT current_setting('server_encoding') AS encoding, datctype AS ctype FROM pg_database WHERE datname = current_database()";
    let Database { encoding, ctype } = diesel::sql_query(query).get_result(connection).await?;
    if encoding != "UTF8" {
        return Err(format!("the database's encoding is {encoding}: make it with ENCODING 'UTF8' TEMPLATE template0").into());
    }
    if matches!(ctype.as_str(), "C" | "POSIX") {
        tracing::warn!(
            ctype,
            "the database's LC_CTYPE knows no letters but English ones: a search for a Korean name reads every store; make the database \
             with LC_CTYPE 'C.UTF-8'"
        );
    }
    Ok(())
}
