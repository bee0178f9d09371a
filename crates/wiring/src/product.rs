//! Adapters and services, put together.

use std::sync::Arc;

use actix_web::web;
use anyhow::{Context, Result, anyhow};
use cheapbob_adapters_embedded::{
    Embedded,
    clock::SandboxClock,
    demo::Demo,
    postgres::ManagedPostgres,
    sandbox::{self, Sandbox},
    storage::Folder,
};
use cheapbob_adapters_mongo::Mongo;
use cheapbob_adapters_postgres::Postgres;
use cheapbob_adapters_redis::Redis;
use cheapbob_adapters_s3::S3;
use cheapbob_adapters_smtp::Smtp;
use cheapbob_domain::shared::{Clock, Ids, tasks::JobRunner};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    parts::{kept, passing, prepare, signals},
    services::{Ports, Services, payments, services},
    settings::{PostgresAt, Settings},
    system::{SystemClock, SystemIds},
};

/// Connections of the twins.
const EMBEDDED_POOL: usize = 4;

/// How the product behaves, apart from its services.
#[derive(Debug, Clone)]
pub struct Switches {
    /// No sandbox, no local front end.
    pub production: bool,
    /// The sandbox is mounted.
    pub sandbox: bool,
    /// Origin of the apps.
    pub frontend_url: Option<String>,
    /// Second origin.
    pub frontend_local_url: Option<String>,
}

/// The running parts under the services.
pub struct Backing {
    /// The transactional store.
    pub postgres: Postgres,
    /// Where Redis serves.
    pub redis: Option<Redis>,
    /// Where MongoDB serves.
    pub mongo: Option<Mongo>,
    /// Where an object storage serves.
    pub s3: Option<Arc<S3>>,
    /// Where a twin serves.
    pub embedded: Option<(Embedded, Arc<SandboxClock>)>,
}

/// The whole product.
pub struct Product {
    /// Use cases.
    pub services: Services,
    /// Behaviour.
    pub switches: Switches,
    /// Parts.
    pub backing: Backing,
    ports: Ports,
    settings: Settings,
    url: SecretString,
}

/// What must be done once in each process before anything speaks TLS.
pub fn prepare_process() {
    // An error says that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Settings {
    /// Starts PostgreSQL where it is a child. Call it on the main thread, and keep the child until the end.
    ///
    /// # Errors
    /// One line that a person can act on.
    pub fn start_postgres(&self) -> Result<(Option<ManagedPostgres>, SecretString)> {
        match &self.postgres {
            PostgresAt::Server(url) => Ok((None, url.clone())),
            PostgresAt::Child(folder) => {
                let child = ManagedPostgres::start(folder)?;
                let url = SecretString::from(child.url("postgres"));
                Ok((Some(child), url))
            }
        }
    }
}

impl Product {
    /// Migrates the database and connects everything.
    ///
    /// # Errors
    /// One line that a person can act on.
    pub async fn connect(settings: &Settings, postgres_url: &SecretString) -> Result<Self> {
        let url = postgres_url.expose_secret();
        migrate(url, "the database", cheapbob_adapters_postgres::migrate(url)).await?;
        let postgres = Postgres::new(url, settings.db_pool_size, Arc::clone(&settings.secret_keys))?;
        seal(&postgres).await?;
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let embedded = if settings.production {
            None
        } else {
            migrate(url, "the twins' schema", cheapbob_adapters_embedded::migrate(url)).await?;
            let (embedded, clock) = (Embedded::new(url, EMBEDDED_POOL)?, Arc::new(SandboxClock::default()));
            clock.refresh(&embedded).await?;
            Some((embedded, clock))
        };
        let clock: Arc<dyn Clock> =
            embedded.as_ref().map_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>, |(_, clock)| Arc::clone(clock) as _);
        let redis = settings.redis_url.as_deref().map(|url| Redis::new(url, settings.redis_pool_size)).transpose()?;
        let mongo = settings.mongodb.as_ref().map(Mongo::new).transpose()?;
        if let Some(mongo) = &mongo {
            tokio::spawn(prepare(mongo.clone()));
        }
        let s3 = settings.s3.as_ref().map(S3::new).transpose()?.map(Arc::new);
        let twin = embedded.as_ref().map(|(embedded, _)| embedded);
        let ports = Ports {
            postgres: postgres.clone(),
            passing: passing(redis.as_ref(), twin)?,
            signals: signals(settings, url, redis.as_ref(), embedded.as_ref())?,
            kept: kept(mongo.as_ref(), twin)?,
            storage: match &s3 {
                Some(s3) => Arc::clone(s3) as _,
                None => Arc::new(Folder::new(settings.data_dir.join("media"), &settings.public_base)),
            },
            mailer: match &settings.smtp {
                Some(smtp) => Arc::new(Smtp::new(smtp)?),
                None => Arc::new(twin.cloned().context("neither SMTP nor its twin")?),
            },
            payments: payments(settings)?,
            clock,
            ids,
            #[cfg(feature = "crash-points")]
            crash_points: crate::crash::from_environment(),
        };
        let product = Self {
            services: services(settings, &ports)?,
            ports,
            settings: settings.clone(),
            url: postgres_url.clone(),
            switches: Switches {
                production: settings.production,
                sandbox: settings.sandbox(),
                frontend_url: settings.frontend_url.clone(),
                frontend_local_url: settings.frontend_local_url.clone(),
            },
            backing: Backing { postgres, redis, mongo, s3, embedded },
        };
        if let PostgresAt::Child(_) = settings.postgres {
            product.seed().await?;
        }
        Ok(product)
    }

    /// The same use cases over connections of their own, for one of `workers` threads with a runtime each. A connection is driven
    /// by the runtime that opened it: from another thread each answer would cost two wake-ups across threads.
    pub fn for_worker(&self, workers: usize) -> Services {
        self.own_connections(workers).unwrap_or_else(|error| {
            // The same addresses have worked a moment ago; sharing is only slower.
            tracing::error!(%error, "a worker shares its connections");
            self.services.clone()
        })
    }

    fn own_connections(&self, workers: usize) -> Result<Services> {
        let (settings, url) = (&self.settings, self.url.expose_secret());
        let postgres = Postgres::new(url, settings.db_pool_size.div_ceil(workers), Arc::clone(&settings.secret_keys))?;
        let redis = settings.redis_url.as_deref().map(|url| Redis::new(url, 1)).transpose()?;
        let twin = self.backing.embedded.as_ref().map(|_| Embedded::new(url, EMBEDDED_POOL.div_ceil(workers))).transpose()?;
        let passing = passing(redis.as_ref(), twin.as_ref())?;
        let kept = kept(self.backing.mongo.as_ref(), twin.as_ref())?;
        services(settings, &Ports { postgres, passing, kept, ..self.ports.clone() })
    }

    /// Makes the demo stores, if the sandbox plays and no stores but the demo's are there.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn seed(&self) -> Result<()> {
        let Some((embedded, _)) = self.backing.embedded.as_ref().filter(|_| self.switches.sandbox) else { return Ok(()) };
        let postgres = Arc::new(self.backing.postgres.clone());
        let demo = Demo {
            accounts: postgres.clone(),
            customers: postgres.clone(),
            stores: postgres.clone(),
            search: postgres.clone(),
            products: postgres,
            storage: Arc::clone(&self.services.storage),
            clock: Arc::clone(&self.services.clock),
            ids: Arc::clone(&self.services.ids),
            embedded: embedded.clone(),
        };
        if demo.is_wanted().await? {
            demo.seed().await?;
        }
        Ok(())
    }
}

/// Secrets stored before there were keys are sealed once. (What is sealed is not looked at: an old key may be missing here.)
async fn seal(postgres: &Postgres) -> Result<()> {
    match postgres.seal_clear_secrets().await {
        Ok(0) => Ok(()),
        Ok(sealed) => {
            tracing::info!(sealed, "secrets that were stored in clear are sealed");
            Ok(())
        }
        Err(error) => Err(anyhow!("secrets that are stored in clear cannot be sealed: {error}")),
    }
}

async fn migrate<T>(
    url: &str,
    what: &str,
    migration: impl Future<Output = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>>,
) -> Result<T> {
    let host = Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default();
    migration
        .await
        .map_err(|e| anyhow!(e))
        .with_context(|| format!("cannot prepare {what} (host {host:?}): is PostgreSQL running, and are the DB_… settings right?"))
}

impl Product {
    /// Parts that `/health/ready` asks, by name.
    pub fn probes(&self) -> Vec<(&'static str, Probe)> {
        fn probe<T, F>(part: &T, ping: impl Fn(T) -> F + Send + Sync + 'static) -> Probe
        where
            T: Clone + Send + Sync + 'static,
            F: Future<Output = cheapbob_domain::shared::Result<()>> + Send + 'static,
        {
            let part = part.clone();
            Arc::new(move || Box::pin(ping(part.clone())))
        }
        let Backing { postgres, redis, mongo, s3, .. } = &self.backing;
        let mut probes = vec![("postgres", probe(postgres, |p| async move { p.ping().await }))];
        probes.extend(redis.as_ref().map(|part| ("redis", probe(part, |p| async move { p.ping().await }))));
        probes.extend(mongo.as_ref().map(|part| ("mongodb", probe(part, |p| async move { p.ping().await }))));
        probes.extend(s3.as_ref().map(|part| ("s3", probe(part, |p| async move { p.ping().await }))));
        probes
    }

    /// The sandbox's routes, where it plays a part.
    pub fn sandbox(&self, jobs: Arc<dyn JobRunner>) -> Option<Mount> {
        let (embedded, clock) = self.backing.embedded.as_ref().filter(|_| self.switches.sandbox)?;
        let sandbox = web::Data::new(Sandbox {
            base: format!("http://127.0.0.1:{}", self.settings.port),
            embedded: embedded.clone(),
            clock: Arc::clone(clock),
            jobs,
        });
        Some(Arc::new(move |config| sandbox::configure(config, sandbox.clone())))
    }
}

/// Asks one part whether it answers.
pub type Probe = Arc<dyn Fn() -> futures::future::BoxFuture<'static, cheapbob_domain::shared::Result<()>> + Send + Sync>;

/// Routes to be mounted beside the product's.
pub type Mount = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;
