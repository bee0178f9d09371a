//! The connection to Redis that all requests of a worker thread share.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cheapbob_domain::shared::{Error, Result};
use deadpool_redis::{Connection, Manager, Pool, PoolError, Runtime};
use redis::{Client, ErrorKind, RedisError, aio::MultiplexedConnection};
use tokio::time::timeout;

use crate::place::{Place, READY, RedisSettings};

/// Redis' name in errors and in `/health/ready`.
pub(crate) const PART: &str = "redis";

/// How long a call may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// Which connection gave an answer: a later one has a higher number.
pub(crate) type Generation = u64;

/// Redis over one connection that all requests of a worker thread share: its commands are pipelined, none waits for another.
/// It is always to one server, and made anew after a fault: perhaps to another server, which has taken over.
#[derive(Clone)]
pub struct Redis {
    opening: Arc<Opening>,
    shared: Arc<RwLock<Option<(Generation, MultiplexedConnection)>>>,
    generations: Arc<AtomicU64>,
}

/// How connections are made.
struct Opening {
    place: Place,
    /// At most so many at once.
    size: usize,
    /// To the server that was found last.
    pool: RwLock<Option<(String, Pool)>>,
}

/// Why a command has no answer.
enum Failure {
    /// Its connection is gone, or its server has handed over to another; another connection may do.
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
    pub fn new(settings: &RedisSettings, size: usize) -> std::result::Result<Self, RedisError> {
        let opening = Opening { place: settings.place()?, size, pool: RwLock::default() };
        Ok(Self { opening: Arc::new(opening), shared: Arc::default(), generations: Arc::default() })
    }

    /// A key of ours as it is there.
    pub(crate) fn key(&self, name: impl fmt::Display) -> String {
        self.opening.place.key(name)
    }

    async fn connection(&self) -> Result<(Generation, MultiplexedConnection)> {
        if let Some(connection) = self.lock_read().clone() {
            return Ok(connection);
        }
        let open = async {
            let server = self.opening.place.find().await.map_err(|error| failed(&error))?;
            self.pool_of(&server)?.get().await.map_err(|error| match error {
                PoolError::Backend(error) => failed(&error),
                error => Error::unavailable(PART, error),
            })
        };
        let pooled = timeout(PATIENCE, open).await.map_err(|_| late())??;
        // Whoever waited for a turn meanwhile finds what the one before has made.
        if let Some(connection) = self.lock_read().clone() {
            return Ok(connection);
        }
        let fresh = (self.generations.fetch_add(1, Ordering::Relaxed) + 1, Connection::take(pooled));
        *self.shared.write().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(fresh)
    }

    /// The pool of this server: made when another one is found.
    fn pool_of(&self, server: &Client) -> Result<Pool> {
        let info = server.get_connection_info();
        let address = info.addr().to_string();
        let mut current = self.opening.pool.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pool)) = current.as_ref().filter(|(known, _)| *known == address) {
            return Ok(pool.clone());
        }
        let manager = Manager::new(info.clone()).map_err(|error| failed(&error))?;
        let pool = Pool::builder(manager).max_size(self.opening.size).runtime(Runtime::Tokio1).build().map_err(Error::internal)?;
        *current = Some((address, pool.clone()));
        Ok(pool)
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
        let answer = timeout(PATIENCE, question.ask(&mut connection)).await;
        let failure = match answer {
            Ok(Ok(value)) => return Ok((generation, value)),
            Ok(Err(e)) if e.is_connection_dropped() || handed_over(&e) => Failure::Dropped(failed(&e)),
            // It answers; another connection would be told the same.
            Ok(Err(e)) if stays(&e) => return Err(Failure::Other(failed(&e))),
            Ok(Err(e)) => Failure::Other(failed(&e)),
            Err(_) => Failure::Other(late()),
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
        self.query::<()>(redis::cmd("SET").arg(self.key(READY)).arg("").arg("EX").arg(1)).await
    }
}

fn late() -> Error {
    Error::unavailable(PART, "no answer within a second")
}

/// Redis' code: of several commands that were sent together that of the first that failed.
pub(crate) fn code(error: &RedisError) -> Option<String> {
    let several = || Some(error.clone().into_server_errors()?.first()?.1.code().to_owned());
    error.code().map(str::to_owned).or_else(several)
}

/// Whether the connection is as good as before: Redis is full, does not let us, or moves our keys.
fn stays(error: &RedisError) -> bool {
    matches!(code(error).as_deref(), Some("OOM" | "NOPERM" | "ASK" | "TRYAGAIN"))
}

/// Whether another server has our keys now. It has done nothing of what it refuses with these codes.
fn handed_over(error: &RedisError) -> bool {
    matches!(code(error).as_deref(), Some("MOVED" | "READONLY"))
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
        Some("MOVED" | "CROSSSLOT") => "this Redis is a node of a Cluster: set REDIS_CLUSTER=true",
        Some("ASK" | "TRYAGAIN") => "the Cluster is moving our keys to another node and serves when it has",
        Some("CLUSTERDOWN") => "the Cluster is down: most of its primaries are away, or nobody has our keys",
        Some("NOREPLICAS") => "Redis has fewer replicas than its min-replicas-to-write",
        Some("LOADING") => "Redis reads its data and will serve when it has",
        Some("MASTERDOWN") => "this Redis is a replica that has lost its primary",
        _ => return Error::unavailable(PART, error.clone()),
    };
    Error::unavailable(PART, format!("{advice} ({error})"))
}
