//! Adapters and services, put together.

use std::sync::Arc;

use actix_web::web;
use anyhow::{Context, Result, anyhow};
use cheapbob_adapters_embedded::{
    fakes::{self, Folder, SandboxClock, postgres::ManagedPostgres},
    sandbox::{self, Sandbox, demo::Demo},
};
use cheapbob_adapters_postgres::Postgres;
use cheapbob_adapters_smtp::Smtp;
use cheapbob_domain::{
    shared::{Clock, Ids, mail::Mailer},
    tasks::ports::JobRunner,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    parts::{Backing, Probe, Signals, durable_stores, prepare},
    services::{Ports, Services, payments, services},
    settings::{PostgresAt, Settings},
    system::{SystemClock, SystemIds, SystemTimer},
};

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

/// What a process has once, whichever thread works.
struct Once {
    clock: Arc<dyn Clock>,
    sandbox_clock: Option<Arc<SandboxClock>>,
    ids: Arc<dyn Ids>,
    signals: Signals,
    mailer: Arc<dyn Mailer>,
    #[cfg(feature = "crash-points")]
    crash_points: Option<Arc<dyn crate::crash::CrashPoints>>,
}

/// The whole product.
pub struct Product {
    /// Use cases.
    pub services: Services,
    /// Behaviour.
    pub switches: Switches,
    /// Parts.
    pub backing: Backing,
    once: Once,
    settings: Settings,
    url: SecretString,
}

/// What one worker thread serves with.
pub struct Worker {
    /// Use cases.
    pub services: Services,
    /// Parts for `/health/ready`, by name.
    pub probes: Vec<(&'static str, Probe)>,
    /// The sandbox's routes, where it plays a part.
    pub sandbox: Option<Mount>,
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
        let backing = Backing::new(settings, url, 1)?;
        seal(&backing.postgres).await?;
        let sandbox_clock = match &backing.embedded {
            None => None,
            Some(embedded) => {
                migrate(url, "the fakes' schema", fakes::migrate(url)).await?;
                let clock = Arc::new(SandboxClock::default());
                clock.refresh(embedded).await?;
                Some(clock)
            }
        };
        if let Some(mongo) = &backing.mongo {
            tokio::spawn(prepare(mongo.clone()));
        }
        let once = Once {
            clock: sandbox_clock.clone().map_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>, |clock| clock as _),
            ids: Arc::new(SystemIds::default()),
            signals: Signals::start(settings, url, &backing, sandbox_clock.as_ref())?,
            mailer: match &settings.smtp {
                Some(smtp) => Arc::new(Smtp::new(smtp)?),
                None => Arc::new(backing.embedded.clone().context("neither SMTP nor its fake")?),
            },
            sandbox_clock,
            #[cfg(feature = "crash-points")]
            crash_points: crate::crash::from_environment(),
        };
        let product = Self {
            services: services(settings, &ports(settings, &backing, &once)?)?,
            switches: Switches {
                production: settings.production,
                sandbox: settings.sandbox(),
                frontend_url: settings.frontend_url.clone(),
                frontend_local_url: settings.frontend_local_url.clone(),
            },
            backing,
            once,
            settings: settings.clone(),
            url: postgres_url.clone(),
        };
        if let PostgresAt::Child(_) = settings.postgres {
            product.seed().await?;
        }
        Ok(product)
    }

    /// What one of `workers` worker threads serves with, over connections of its own; call it in that thread. `jobs` makes the runner
    /// that the sandbox asks.
    pub fn worker(&self, workers: usize, jobs: impl FnOnce(Services) -> Arc<dyn JobRunner>) -> Worker {
        self.own(workers, jobs).unwrap_or_else(|error| {
            // The same addresses have worked a moment ago; sharing is only slower.
            tracing::error!(%error, "a worker shares its connections");
            Worker { services: self.services.clone(), probes: self.backing.probes(), sandbox: None }
        })
    }

    fn own(&self, workers: usize, jobs: impl FnOnce(Services) -> Arc<dyn JobRunner>) -> Result<Worker> {
        let backing = Backing::new(&self.settings, self.url.expose_secret(), workers)?;
        let services = services(&self.settings, &ports(&self.settings, &backing, &self.once)?)?;
        let sandbox = backing.embedded.clone().zip(self.once.sandbox_clock.clone()).filter(|_| self.switches.sandbox);
        let sandbox = sandbox.map(|(embedded, clock)| {
            let base = format!("http://127.0.0.1:{}", self.settings.port);
            let data = web::Data::new(Sandbox { base, embedded, clock, jobs: jobs(services.clone()) });
            Box::new(move |config: &mut web::ServiceConfig| sandbox::configure(config, data)) as Mount
        });
        Ok(Worker { services, probes: backing.probes(), sandbox })
    }

    /// Makes the demo stores, if the sandbox plays and no stores but the demo's are there.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn seed(&self) -> Result<()> {
        let Some(embedded) = self.backing.embedded.as_ref().filter(|_| self.switches.sandbox) else { return Ok(()) };
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

/// What the use cases stand on, over these connections.
fn ports(settings: &Settings, backing: &Backing, once: &Once) -> Result<Ports> {
    let (signals, ephemeral) = once.signals.over(backing)?;
    Ok(Ports {
        postgres: backing.postgres.clone(),
        ephemeral,
        durable: durable_stores(backing.mongo.as_ref(), backing.embedded.as_ref())?,
        signals,
        storage: match &backing.s3 {
            Some(s3) => Arc::clone(s3) as _,
            None => Arc::new(Folder::new(settings.data_dir.join("media"), &settings.public_base)),
        },
        mailer: Arc::clone(&once.mailer),
        payments: payments(settings)?,
        clock: Arc::clone(&once.clock),
        ids: Arc::clone(&once.ids),
        timer: Arc::new(SystemTimer),
        #[cfg(feature = "crash-points")]
        crash_points: once.crash_points.clone(),
    })
}

/// Routes to be mounted beside the product's.
pub type Mount = Box<dyn FnOnce(&mut web::ServiceConfig)>;
