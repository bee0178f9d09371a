//! A connection that waits for an answer so long and no longer.
//!
//! The server ends a statement that takes too long itself (`statement_timeout`). A server that accepts and says nothing ends nothing:
//! then this side does, and the connection is not used again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
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
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::PoolableConnection,
};
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::time::{Instant, timeout_at};

/// A connection to PostgreSQL with a limit to each of its statements.
pub struct PatientConnection {
    connection: AsyncPgConnection,
    limit: Option<Duration>,
    /// Something was asked, and its answer did not come in time, or was not waited for.
    unanswered: Arc<AtomicBool>,
}

impl PatientConnection {
    /// Connects; each statement has `limit` then.
    pub(crate) async fn connect(url: &str, limit: Duration) -> ConnectionResult<Self> {
        let connection = AsyncPgConnection::establish(url).await?;
        Ok(Self { connection, limit: Some(limit), unanswered: Arc::default() })
    }

    /// The limit from now on. `None`: waits for ever.
    pub(crate) fn set_limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }
}

fn silent() -> Error {
    Error::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new("no answer in time".to_owned()))
}

/// Waits for what was asked until `end`. `unanswered` until then: whoever drops the future leaves it so.
async fn answered<T>(unanswered: &AtomicBool, end: Option<Instant>, asked: impl Future<Output = QueryResult<T>>) -> QueryResult<T> {
    unanswered.store(true, Ordering::Relaxed);
    let answer = match end {
        Some(end) => timeout_at(end, asked).await.map_err(|_| silent())?,
        None => asked.await,
    };
    unanswered.store(false, Ordering::Relaxed);
    answer
}

impl SimpleAsyncConnection for PatientConnection {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let end = self.limit.map(|limit| Instant::now() + limit);
        answered(&self.unanswered, end, self.connection.batch_execute(query)).await
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
        let Self { connection, limit, unanswered } = self;
        let end = limit.map(|limit| Instant::now() + limit);
        let asked = connection.load(source);
        Box::pin(async move {
            let rows = answered(unanswered, end, asked).await?;
            let Some(end) = end else { return Ok(rows) };
            let unanswered = Arc::clone(unanswered);
            let in_time = stream::unfold((rows, unanswered), move |(mut rows, unanswered)| async move {
                let row = match timeout_at(end, rows.next()).await {
                    Ok(row) => row?,
                    Err(_) => {
                        unanswered.store(true, Ordering::Relaxed);
                        Err(silent())
                    }
                };
                Some((row, (rows, unanswered)))
            });
            Ok(in_time.boxed())
        })
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let Self { connection, limit, unanswered } = self;
        let end = limit.map(|limit| Instant::now() + limit);
        Box::pin(answered(unanswered, end, connection.execute_returning_count(source)))
    }
}

impl AsyncConnection for PatientConnection {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(url: &str) -> ConnectionResult<Self> {
        AsyncPgConnection::establish(url).await.map(|connection| Self { connection, limit: None, unanswered: Arc::default() })
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
        self.unanswered.load(Ordering::Relaxed) || self.connection.is_broken()
    }
}
