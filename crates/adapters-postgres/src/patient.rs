//! A connection that waits for an answer so long and no longer.
//!
//! The server ends a statement that takes too long itself (`statement_timeout`). A server that accepts and says nothing ends nothing:
//! then this side does, and the connection is not used again. Nor is one whose server takes no writes any more, nor a very old one: a name
//! may have moved to another server meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel::{
    ConnectionResult, QueryResult,
    connection::{CacheSize, Instrumentation},
    query_builder::{AsQuery, QueryFragment, QueryId},
    result::{DatabaseErrorKind, Error},
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::PoolableConnection,
};
use futures::{
    StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use rand::Rng;
use tokio::time::{Instant, timeout_at};

use crate::{
    address::{Address, PoolMode},
    connect::POOLED,
    wire::Code,
};

/// How old a connection gets, and up to a quarter more, so that not all of a process end at once.
const OLDEST: Duration = Duration::from_secs(10 * 60);

/// What all connections of a pool have in common.
pub(crate) struct Pooled {
    pub(crate) address: Address,
    /// Run on each at its start.
    pub(crate) setup: String,
    /// Run at the start of each transaction, where the start of a connection is nobody's.
    pub(crate) setup_of_transaction: String,
    /// For each statement.
    pub(crate) limit: Duration,
    /// How often the server was found to take no writes: connections from before are of no use.
    pub(crate) demotions: AtomicU64,
}

/// A connection to PostgreSQL with a limit to each of its statements.
pub struct PatientConnection {
    connection: AsyncPgConnection,
    told: Told,
    /// When it is too old.
    end: Instant,
    /// Of a replica: nothing is missing there that was committed before.
    pub(crate) as_of: Option<std::time::Instant>,
}

impl PatientConnection {
    /// Connects.
    pub(crate) async fn connect(pooled: Arc<Pooled>) -> ConnectionResult<Self> {
        let demotions = pooled.demotions.load(Ordering::Relaxed);
        let (connection, code) = pooled.address.connect(&pooled.setup).await?;
        let end = Instant::now() + OLDEST + rand::rng().random_range(Duration::ZERO..OLDEST / 4);
        Ok(Self { connection, told: Told { code, pooled, demotions, useless: Arc::default() }, end, as_of: None })
    }

    /// Its server takes no writes: whoever has a connection to it gets another one next time.
    pub(crate) fn demoted(&self) {
        self.told.demoted();
    }

    /// Its server does not keep up: the next connection is to lead to another one, where there are several.
    pub(crate) fn lead_elsewhere(&self) {
        self.told.pooled.address.last.fetch_add(1, Ordering::Relaxed);
        self.told.useless.store(true, Ordering::Relaxed);
    }

    /// Behind a pooler that may give the next statement to another server: whether this one is to be a transaction of its own. What it
    /// prepares is used and closed before that ends.
    fn stands_alone(&mut self) -> bool {
        self.told.pooled.address.pool_mode == PoolMode::Transaction
            && matches!(AnsiTransactionManager::transaction_manager_status_mut(&mut self.connection).transaction_depth(), Ok(None))
    }
}

/// What became of the statements of a connection.
#[derive(Clone)]
struct Told {
    code: Arc<Code>,
    pooled: Arc<Pooled>,
    /// How many there had been when it was made.
    demotions: u64,
    /// Something was asked, and its answer did not come in time, or was not waited for; or what it has prepared is not there.
    useless: Arc<AtomicBool>,
}

impl Told {
    fn deadline(&self) -> Instant {
        Instant::now() + self.pooled.limit
    }

    /// Of all that notice the same one, the first counts: connections that were made since then are good.
    fn demoted(&self) {
        // Fails where another one was first.
        let _ = self.pooled.demotions.compare_exchange(self.demotions, self.demotions + 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The error, of a kind that says whether the server can do nothing for us just now.
    fn sorted(&self, error: Error) -> Error {
        let code = self.code.take();
        match error {
            Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, info) => {
                self.demoted();
                Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, info)
            }
            Error::DatabaseError(DatabaseErrorKind::Unknown, info) if matches!(code.as_deref(), Some("26000" | "42P05")) => {
                self.useless.store(true, Ordering::Relaxed);
                let said = format!("{}{POOLED}", info.message());
                Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(said))
            }
            Error::DatabaseError(DatabaseErrorKind::Unknown, info) if code.as_deref().is_some_and(is_outage) => {
                Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, info)
            }
            other => other,
        }
    }

    /// Waits for what was asked until `end`. `useless` until then: whoever drops the future leaves it so.
    async fn answer<T>(&self, end: Instant, asked: impl Future<Output = QueryResult<T>>) -> QueryResult<T> {
        self.useless.store(true, Ordering::Relaxed);
        let answer = timeout_at(end, asked).await.map_err(|_| silent())?;
        self.useless.store(false, Ordering::Relaxed);
        answer.map_err(|error| self.sorted(error))
    }
}

/// Whether an error of this code is of the server, not of the statement: connection lost (08), no resources (53), somebody intervened, as
/// does our own time limit (57), the system (58), a lock that we did not get in time (55P03), a transaction that idled (25P03), and no right
/// to do it (42501). <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn is_outage(code: &str) -> bool {
    matches!(code.get(..2), Some("08" | "53" | "57" | "58")) || matches!(code, "55P03" | "25P03" | "42501")
}

fn silent() -> Error {
    Error::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new("no answer in time".to_owned()))
}

/// A transaction around one statement.
async fn alone<T>(mut connection: &AsyncPgConnection, begin: &str, asked: impl Future<Output = QueryResult<T>>) -> QueryResult<T> {
    connection.batch_execute(begin).await?;
    let answer = asked.await;
    let done = connection.batch_execute(if answer.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
    let answer = answer?;
    done.map(|()| answer)
}

const BEGIN: &str = "BEGIN";

impl SimpleAsyncConnection for PatientConnection {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let end = self.told.deadline();
        let setup = &self.told.pooled.setup_of_transaction;
        let begin = (query.starts_with(BEGIN) && !setup.is_empty()).then(|| format!("{query}; {setup}"));
        self.told.answer(end, self.connection.batch_execute(begin.as_deref().unwrap_or(query))).await
    }
}

impl AsyncConnectionCore for PatientConnection {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = BoxStream<'static, QueryResult<Self::Row<'conn, 'query>>>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = diesel::pg::Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let (alone, end) = (self.stands_alone(), self.told.deadline());
        let Self { connection, told, .. } = self;
        if alone {
            let shared = &*connection;
            let asked = (&mut &*shared).load(source);
            let rows = async move { asked.await?.try_collect::<Vec<_>>().await };
            let begin = format!("{BEGIN}; {}", told.pooled.setup_of_transaction);
            return Box::pin(async move {
                let rows = told.answer(end, self::alone(shared, &begin, rows)).await?;
                Ok(stream::iter(rows.into_iter().map(Ok)).boxed())
            });
        }
        let asked = connection.load(source);
        Box::pin(async move {
            let rows = told.answer(end, asked).await?;
            let told = told.clone();
            let in_time = stream::unfold((rows, told), move |(mut rows, told)| async move {
                let row = match timeout_at(end, rows.next()).await {
                    Ok(row) => row?,
                    Err(_) => {
                        told.useless.store(true, Ordering::Relaxed);
                        Err(silent())
                    }
                };
                Some((row.map_err(|error| told.sorted(error)), (rows, told)))
            });
            Ok(in_time.boxed())
        })
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let (alone, end) = (self.stands_alone(), self.told.deadline());
        let Self { connection, told, .. } = self;
        if alone {
            let shared = &*connection;
            let asked = (&mut &*shared).execute_returning_count(source);
            let begin = format!("{BEGIN}; {}", told.pooled.setup_of_transaction);
            return Box::pin(async move { told.answer(end, self::alone(shared, &begin, asked)).await });
        }
        Box::pin(told.answer(end, connection.execute_returning_count(source)))
    }
}

impl AsyncConnection for PatientConnection {
    type TransactionManager = AnsiTransactionManager;

    /// Only a pool makes them: it knows the limits.
    async fn establish(_: &str) -> ConnectionResult<Self> {
        Err(diesel::ConnectionError::BadConnection("a connection of this kind is made by its pool".to_owned()))
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        self.connection.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.connection.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.connection.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.connection.set_prepared_statement_cache_size(size);
    }
}

impl PoolableConnection for PatientConnection {
    fn is_broken(&mut self) -> bool {
        let demoted = self.told.demotions != self.told.pooled.demotions.load(Ordering::Relaxed);
        demoted || Instant::now() > self.end || self.told.useless.load(Ordering::Relaxed) || self.connection.is_broken()
    }
}
