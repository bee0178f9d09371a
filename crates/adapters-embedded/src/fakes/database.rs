//! The pool under the fakes.

use std::{sync::Arc, time::Duration};

use cheapbob_domain::shared::{Error, Result};
use deadpool::Runtime;
use diesel::ConnectionResult;
use diesel_async::{
    AsyncMigrationHarness, AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{BuildError, Object, Pool},
    },
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures::future::BoxFuture;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/embedded");

/// Makes a connection to PostgreSQL, however it is reached.
pub type Connect = Arc<dyn Fn() -> BoxFuture<'static, ConnectionResult<AsyncPgConnection>> + Send + Sync>;

/// All fakes whose state is in PostgreSQL.
#[derive(Clone)]
pub struct Embedded {
    pool: Pool<AsyncPgConnection>,
}

impl Embedded {
    /// A pool of at most `size` connections of `connect`; connects when first used.
    ///
    /// # Errors
    /// Where the pool cannot be built.
    pub fn new(connect: &Connect, size: usize) -> std::result::Result<Self, BuildError> {
        const WAIT: Duration = Duration::from_secs(3);
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let connect = Arc::clone(connect);
        config.custom_setup = Box::new(move |_| connect());
        let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config("the fakes", config);
        let pool =
            Pool::builder(manager).max_size(size).wait_timeout(Some(WAIT)).create_timeout(Some(WAIT)).runtime(Runtime::Tokio1).build()?;
        Ok(Self { pool })
    }

    pub(crate) async fn connection(&self) -> Result<Object<AsyncPgConnection>> {
        self.pool.get().await.map_err(|e| Error::unavailable("postgres", e))
    }
}

pub(crate) fn failed(error: diesel::result::Error) -> Error {
    Error::unavailable("postgres", error)
}

/// Makes the schema `embedded`. Only ever called where a fake serves. Callers migrate the base schema first, which
/// serializes them; a race here ends in one winner and one error that a second try heals.
///
/// # Errors
/// What the database or a migration says.
pub async fn migrate(connect: &Connect) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    for last_try in [false, false, true] {
        let connection = connect().await?;
        let migrated = AsyncMigrationHarness::new(connection).run_pending_migrations(MIGRATIONS).map(|_| ());
        if migrated.is_ok() || last_try {
            return migrated;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}
