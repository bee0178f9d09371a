//! The connection to Redis that all requests of a worker thread share.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use cheapbob_domain::shared::{Error, Result};
use deadpool_redis::{
    Config, Connection, CreatePoolError, Pool, PoolConfig, Runtime, Timeouts,
    redis::{self, aio::MultiplexedConnection},
};

/// Redis' name in errors and in `/health/ready`.
pub(crate) const PART: &str = "redis";

/// How long a call may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// Redis over one connection that all requests of this process share: its commands are pipelined, none waits for another.
/// The pool makes the connection and makes it again after a fault.
#[derive(Clone)]
pub struct Redis {
    pool: Pool,
    shared: Arc<RwLock<Option<MultiplexedConnection>>>,
}

/// Why a command has no answer.
enum Failure {
    /// Its connection is gone; another one may do.
    Dropped(Error),
    Other(Error),
}

impl Redis {
    /// Redis at `url` (`redis://host:port/db`); connects when first used, at most `size` times at once.
    ///
    /// # Errors
    /// Where `url` is not one of Redis.
    pub fn new(url: &str, size: usize) -> std::result::Result<Self, CreatePoolError> {
        let mut config = Config::from_url(url);
        let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
        config.pool = Some(PoolConfig { max_size: size, timeouts, ..PoolConfig::default() });
        Ok(Self { pool: config.create_pool(Some(Runtime::Tokio1))?, shared: Arc::default() })
    }

    async fn connection(&self) -> Result<MultiplexedConnection> {
        if let Some(connection) = self.lock_read().clone() {
            return Ok(connection);
        }
        let fresh = Connection::take(self.pool.get().await.map_err(|e| Error::unavailable(PART, e))?);
        *self.shared.write().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(fresh)
    }

    fn lock_read(&self) -> RwLockReadGuard<'_, Option<MultiplexedConnection>> {
        self.shared.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that broke while nobody used it is replaced unnoticed: after an outage of Redis nobody sees an error any more.
    /// (Of a command that Redis took before the connection broke, the second answer counts: what it deletes is then gone.)
    #[tracing::instrument(name = "redis", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    pub(crate) async fn query<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T> {
        match self.attempt(command).await {
            Err(Failure::Dropped(_)) => self.attempt(command).await,
            answer => answer,
        }
        .map_err(|(Failure::Dropped(error) | Failure::Other(error))| error)
    }

    async fn attempt<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> std::result::Result<T, Failure> {
        let mut connection = self.connection().await.map_err(Failure::Other)?;
        let answer = tokio::time::timeout(PATIENCE, command.query_async(&mut connection)).await;
        let failure = match answer {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(e)) if e.is_connection_dropped() => Failure::Dropped(Error::unavailable(PART, e)),
            Ok(Err(e)) => Failure::Other(Error::unavailable(PART, e)),
            Err(_) => Failure::Other(Error::unavailable(PART, "no answer within a second")),
        };
        // Broken or stuck: the next command gets a new one.
        *self.shared.write().unwrap_or_else(PoisonError::into_inner) = None;
        Err(failure)
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// Unavailable: no answer within a second.
    pub async fn ping(&self) -> Result<()> {
        self.query::<String>(&redis::cmd("PING")).await.map(|_| ())
    }
}
