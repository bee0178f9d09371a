#![doc = include_str!("../README.md")]

mod sessions;
mod signals;

use std::time::Duration;

use cheapbob_domain::shared::{Error, Result};
use deadpool_redis::{Config, Connection, Pool, PoolConfig, Runtime, Timeouts, redis};

pub use signals::RedisSignals;

const PART: &str = "redis";

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// A pool of connections.
#[derive(Clone)]
pub struct Redis {
    pool: Pool,
}

impl Redis {
    /// A pool of at most `size` connections to `url` (`redis://host:port/db`); connects when first used.
    ///
    /// # Errors
    /// Where the URL is none.
    pub fn new(url: &str, size: usize) -> std::result::Result<Self, deadpool_redis::CreatePoolError> {
        let mut config = Config::from_url(url);
        let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
        config.pool = Some(PoolConfig { max_size: size, timeouts, ..PoolConfig::default() });
        Ok(Self { pool: config.create_pool(Some(Runtime::Tokio1))? })
    }

    async fn connection(&self) -> Result<Connection> {
        self.pool.get().await.map_err(|e| Error::unavailable(PART, e))
    }

    async fn query<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T> {
        let mut connection = self.connection().await?;
        match tokio::time::timeout(PATIENCE, command.query_async(&mut connection)).await {
            Ok(answer) => answer.map_err(|e| Error::unavailable(PART, e)),
            Err(_) => {
                // The late answer would be read as the next command's.
                drop(Connection::take(connection));
                Err(Error::unavailable(PART, "no answer within a second"))
            }
        }
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn ping(&self) -> Result<()> {
        self.query::<String>(&redis::cmd("PING")).await.map(|_| ())
    }
}
