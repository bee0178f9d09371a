//! The connection to Redis that all requests of a worker thread share.

use std::{
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cheapbob_domain::shared::{Error, Result};
use deadpool_redis::{
    BuildError, Connection, Manager, Pool, PoolError, Runtime, Timeouts,
    redis::{self, Client, ErrorKind, IntoConnectionInfo, RedisError, TlsCertificates, aio::MultiplexedConnection},
};
use secrecy::{ExposeSecret, SecretString};

/// Redis' name in errors and in `/health/ready`.
pub(crate) const PART: &str = "redis";

/// How long a call may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// The key that is written, for a second, to see whether Redis takes writes.
const READY: &str = "ready";

/// Where Redis is.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `redis://user:password@host:port/db`, `rediss://` with TLS, `unix:///path?db=0`.
    pub url: SecretString,
    /// PEM of the authorities that may have signed its certificate; `None`: the system's.
    pub root_certificate: Option<Vec<u8>>,
}

impl RedisSettings {
    /// Whether they name a Redis that can be connected to; connects nowhere.
    ///
    /// # Errors
    /// What is wrong with them, without their secrets.
    pub fn check(&self) -> std::result::Result<(), RedisError> {
        self.client().map(|_| ())
    }

    pub(crate) fn client(&self) -> std::result::Result<Client, RedisError> {
        let place = self.url.expose_secret().into_connection_info()?;
        // An ACL user need not have the right to say which library asks.
        let quiet = place.redis_settings().clone().set_skip_set_lib_name();
        let place = place.set_redis_settings(quiet);
        match &self.root_certificate {
            None => Client::open(place),
            Some(pem) => Client::build_with_tls(place, TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) }),
        }
    }
}

/// Why there is no connecting.
#[derive(Debug, thiserror::Error)]
pub enum RedisSetupError {
    /// The settings name no Redis.
    #[error("REDIS_URL or REDIS_CA_FILE: {0}")]
    Settings(#[from] RedisError),
    /// The pool cannot be built.
    #[error(transparent)]
    Pool(#[from] BuildError),
}

/// Which connection gave an answer: a later one has a higher number.
pub(crate) type Generation = u64;

/// Redis over one connection that all requests of this process share: its commands are pipelined, none waits for another.
/// The pool makes the connection and makes it again after a fault.
#[derive(Clone)]
pub struct Redis {
    pool: Pool,
    shared: Arc<RwLock<Option<(Generation, MultiplexedConnection)>>>,
    generations: Arc<AtomicU64>,
}

/// Why a command has no answer.
enum Failure {
    /// Its connection is gone; another one may do.
    Dropped(Error),
    Other(Error),
}

/// A command, or several that are sent together.
#[derive(Clone, Copy)]
pub(crate) enum Question<'a> {
    One(&'a redis::Cmd),
    Several(&'a redis::Pipeline),
}

impl Question<'_> {
    async fn ask<T: redis::FromRedisValue>(self, connection: &mut MultiplexedConnection) -> redis::RedisResult<T> {
        match self {
            Self::One(command) => command.query_async(connection).await,
            Self::Several(pipeline) => pipeline.query_async(connection).await,
        }
    }
}

impl Redis {
    /// Redis where the settings say; connects when first used, at most `size` times at once.
    ///
    /// # Errors
    /// Where the settings name no Redis.
    pub fn new(settings: &RedisSettings, size: usize) -> std::result::Result<Self, RedisSetupError> {
        let place = settings.client()?.get_connection_info().clone();
        let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
        let pool = Pool::builder(Manager::new(place)?).max_size(size).timeouts(timeouts).runtime(Runtime::Tokio1).build()?;
        Ok(Self { pool, shared: Arc::default(), generations: Arc::default() })
    }

    async fn connection(&self) -> Result<(Generation, MultiplexedConnection)> {
        if let Some(connection) = self.lock_read().clone() {
            return Ok(connection);
        }
        let pooled = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => failed(&error),
            error => Error::unavailable(PART, error),
        })?;
        let fresh = (self.generations.fetch_add(1, Ordering::Relaxed) + 1, Connection::take(pooled));
        *self.shared.write().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(fresh)
    }

    fn lock_read(&self) -> RwLockReadGuard<'_, Option<(Generation, MultiplexedConnection)>> {
        self.shared.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn query<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T> {
        self.ask(Question::One(command)).await.map(|(_, answer)| answer)
    }

    /// A connection that broke while nobody used it is replaced unnoticed: after an outage of Redis nobody sees an error any more.
    /// (Of a command that Redis took before the connection broke, the second answer counts: what it deletes is then gone.)
    #[tracing::instrument(name = "redis", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    pub(crate) async fn ask<T: redis::FromRedisValue>(&self, question: Question<'_>) -> Result<(Generation, T)> {
        match self.attempt(question).await {
            Err(Failure::Dropped(_)) => self.attempt(question).await,
            answer => answer,
        }
        .map_err(|(Failure::Dropped(error) | Failure::Other(error))| error)
    }

    async fn attempt<T: redis::FromRedisValue>(&self, question: Question<'_>) -> std::result::Result<(Generation, T), Failure> {
        let (generation, mut connection) = self.connection().await.map_err(Failure::Other)?;
        let answer = tokio::time::timeout(PATIENCE, question.ask(&mut connection)).await;
        let failure = match answer {
            Ok(Ok(value)) => return Ok((generation, value)),
            Ok(Err(e)) if e.is_connection_dropped() => Failure::Dropped(failed(&e)),
            // It answers; another connection would be told the same.
            Ok(Err(e)) if stays(&e) => return Err(Failure::Other(failed(&e))),
            Ok(Err(e)) => Failure::Other(failed(&e)),
            Err(_) => Failure::Other(Error::unavailable(PART, "no answer within a second")),
        };
        // Broken or stuck, or a server that will not do: the next command gets a new one, perhaps to another server.
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        if shared.as_ref().is_some_and(|(latest, _)| *latest == generation) {
            *shared = None;
        }
        drop(shared);
        Err(failure)
    }

    /// Whether Redis does what a request needs: it takes a write of ours.
    ///
    /// # Errors
    /// Unavailable: no answer within a second, or it is full, a replica, or our user has no right to.
    pub async fn ping(&self) -> Result<()> {
        self.query::<()>(redis::cmd("SET").arg(READY).arg("").arg("EX").arg(1)).await
    }
}

/// Redis' code: of several commands that were sent together that of the first that failed.
fn code(error: &RedisError) -> Option<String> {
    let several = || Some(error.clone().into_server_errors()?.first()?.1.code().to_owned());
    error.code().map(str::to_owned).or_else(several)
}

/// Whether the connection is as good as before: Redis is full, or does not let us.
fn stays(error: &RedisError) -> bool {
    matches!(code(error).as_deref(), Some("OOM" | "NOPERM"))
}

/// With what an operator can do, by Redis' code. Redis' own words name no secret.
pub(crate) fn failed(error: &RedisError) -> Error {
    let advice = match code(error).as_deref() {
        _ if error.kind() == ErrorKind::AuthenticationFailed => "Redis refuses REDIS_USER and REDIS_PASSWORD (or those of REDIS_URL)",
        Some("NOAUTH") => "Redis wants a password: set REDIS_PASSWORD, and REDIS_USER where there are ACLs",
        Some("WRONGPASS") => "Redis refuses REDIS_USER and REDIS_PASSWORD (or those of REDIS_URL)",
        Some("NOPERM") => "REDIS_USER may not do what README's ACL allows",
        Some("OOM") => "Redis is full: raise maxmemory",
        Some("READONLY") => "this Redis is a replica: REDIS_HOST has to lead to the primary",
        Some("LOADING") => "Redis reads its data and will serve when it has",
        Some("MASTERDOWN") => "this Redis is a replica that has lost its primary",
        _ => return Error::unavailable(PART, error.clone()),
    };
    Error::unavailable(PART, format!("{advice} ({error})"))
}
