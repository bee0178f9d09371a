//! Adapters and services, put together.

use std::{path::PathBuf, sync::Arc, time::Duration};

use actix_web::web;
use anyhow::{Context, Result, anyhow};
use cheapbob_adapters_embedded::{
    fakes::{self, SandboxClock, postgres::ManagedPostgres},
    sandbox::{self, Names, Played, Sandbox, demo::Demo},
};
use cheapbob_adapters_postgres::{Address, Waiting};
use cheapbob_adapters_smtp::Smtp;
use cheapbob_adapters_webpush::WebPush;
use cheapbob_domain::{
    notices::ports::PushService,
    shared::{Clock, Ids, mail::Mailer},
    tasks::ports::JobRunner,
};
use ipnet::IpNet;

use url::Url;

use crate::{
    breakers::Breakers,
    connections::{self, Connections, prepare},
    limits::ProcessLimits,
    ports::Ports,
    services::Services,
    settings::{PostgresAt, Settings},
    signals::Signals,
    system::{SystemClock, SystemIds},
};

/// How the product behaves, apart from its services.
#[derive(Debug, Clone)]
pub struct Switches {
    /// No sandbox, no local front end.
    pub production: bool,
    /// What the sandbox plays; `None`: it is not mounted.
    pub sandbox: Option<Played>,
    /// Our own origin, as browsers see it.
    pub public_base: String,
    /// Origin of the apps.
    pub frontend_url: Option<String>,
    /// Parts that fakes play, by name.
    pub fakes: Vec<&'static str>,
    /// Second origin.
    pub frontend_local_url: Option<String>,
    /// `/docs` and `/openapi.json` are there.
    pub api_docs: bool,
    /// How long an idle connection is kept, and one on which nothing was asked yet.
    pub keep_alive: Duration,
    /// The file of this program, of which a child looks at pictures.
    pub program: PathBuf,
    /// Whose word on a caller's address counts.
    pub trusted_proxies: Arc<[IpNet]>,
}

/// A process of the product, connected.
pub struct Product {
    /// Use cases over [`Self::connections`].
    pub services: Services,
    /// Behaviour.
    pub switches: Switches,
    /// Driven by the runtime that made them.
    pub connections: Connections,
    signals: Signals,
    mailer: Arc<dyn Mailer>,
    push: Arc<dyn PushService>,
    sandbox_clock: Option<Arc<SandboxClock>>,
    limits: Arc<ProcessLimits>,
    decorate: fn(Ports) -> Ports,
    settings: Settings,
    address: Address,
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
    pub fn start_postgres(&self) -> Result<(Option<ManagedPostgres>, Address)> {
        match &self.postgres {
            PostgresAt::Server(address) => Ok((None, address.clone())),
            PostgresAt::Child(folder) => {
                let child = ManagedPostgres::start(folder)?;
                let address = Address::parse(&child.url("postgres"))?;
                Ok((Some(child), address))
            }
        }
    }
}

impl Product {
    /// Migrates the database and connects everything.
    ///
    /// # Errors
    /// One line that a person can act on.
    pub async fn connect(settings: &Settings, address: &Address) -> Result<Self> {
        Self::connect_through(settings, address, |ports| ports).await
    }

    /// The same, but each thread's use cases stand on what `decorate` makes of its ports: so tests come between.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_through(settings: &Settings, address: &Address, decorate: fn(Ports) -> Ports) -> Result<Self> {
        migrate(address, "the database", cheapbob_adapters_postgres::migrate(address)).await?;
        let breakers = Breakers::default();
        let connections = Connections::new(settings, address, 1, Waiting::Job, &breakers)?;
        let sandbox_clock = match &connections.embedded {
            None => None,
            Some(embedded) => {
                migrate(address, "the fakes' schema", fakes::migrate(&connections::connect(address))).await?;
                let clock = Arc::new(SandboxClock::default());
                clock.refresh(embedded).await?;
                Some(clock)
            }
        };
        if let Some(mongo) = &connections.mongo {
            tokio::spawn(prepare(mongo.clone()));
        }
        let signals = Signals::start(settings, address, &connections, sandbox_clock.as_ref())?;
        let mailer: Arc<dyn Mailer> = match &settings.smtp {
            Some(smtp) => Arc::new(Smtp::new(smtp)?.with_breaker(Arc::clone(&breakers.smtp))),
            None => Arc::new(connections.embedded.clone().context("neither SMTP nor its fake")?),
        };
        let push: Arc<dyn PushService> = match &settings.web_push {
            Some(web_push) => Arc::new(WebPush::new(web_push)?),
            None => Arc::new(connections.embedded.clone().context("neither Web Push nor its fake")?),
        };
        let clock = sandbox_clock.clone().map_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>, |clock| clock as _);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
        let ports = Ports::new(settings, &connections, &signals, &mailer, &push, &clock, &ids)?;
        let limits = Arc::new(ProcessLimits::default());
        Ok(Self {
            services: Services::new(settings, decorate(ports), &limits)?,
            switches: Switches {
                production: settings.production,
                sandbox: settings.played(),
                public_base: settings.public_base.clone(),
                fakes: settings.fakes(),
                frontend_url: settings.frontend_url.clone(),
                frontend_local_url: settings.frontend_local_url.clone(),
                api_docs: settings.api_docs,
                keep_alive: settings.keep_alive,
                program: settings.program.clone(),
                trusted_proxies: settings.trusted_proxies.clone(),
            },
            connections,
            signals,
            mailer,
            push,
            sandbox_clock,
            limits,
            decorate,
            settings: settings.clone(),
            address: address.clone(),
        })
    }

    /// Worker threads on a machine with so many cores: each has connections enough of its own.
    pub fn workers(&self, cores: usize) -> usize {
        connections::workers(self.settings.db_pool_size, cores)
    }

    /// What one of `workers` worker threads serves with, over connections of its own; call it in that thread.
    pub fn worker(&self, workers: usize) -> (Services, Connections) {
        self.own(workers).unwrap_or_else(|error| {
            // The same addresses have worked a moment ago; sharing is only slower.
            tracing::error!(%error, "a worker shares its connections");
            (self.services.clone(), self.connections.clone())
        })
    }

    fn own(&self, workers: usize) -> Result<(Services, Connections)> {
        let mut connections = Connections::new(&self.settings, &self.address, workers, Waiting::Person, &self.connections.breakers)?;
        connections.postgres = connections.postgres.sharing_documents_of(&self.connections.postgres);
        let Services { clock, ids, .. } = &self.services;
        let ports = Ports::new(&self.settings, &connections, &self.signals, &self.mailer, &self.push, clock, ids)?;
        Ok((Services::new(&self.settings, (self.decorate)(ports), &self.limits)?, connections))
    }

    /// The sandbox's routes over these connections, where it plays a part; `jobs` is the runner that it asks.
    pub fn sandbox(&self, connections: &Connections, jobs: Arc<dyn JobRunner>) -> Option<Mount> {
        let (embedded, clock) = connections.embedded.clone().zip(self.sandbox_clock.clone())?;
        let base = format!("http://127.0.0.1:{}", self.settings.port);
        let url = |text: &String| Url::parse(text).ok();
        let apps = [&self.switches.frontend_url, &self.switches.frontend_local_url].into_iter().flatten().filter_map(url).collect();
        let ours = [&self.switches.public_base, &self.settings.sandbox_base].into_iter().filter_map(url);
        let names = Names { servers: ours.chain(self.settings.portone.clone()).collect(), apps };
        let data = web::Data::new(Sandbox { base, names, played: self.switches.sandbox?, embedded, clock, jobs });
        Some(Box::new(move |config| sandbox::configure(config, data)))
    }

    /// Makes the demo stores, if PostgreSQL is this process's own, the sandbox plays and no stores but the demo's are there.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn seed(&self) -> Result<()> {
        let is_wanted = matches!(self.settings.postgres, PostgresAt::Child(_)) && self.switches.sandbox.is_some();
        let Some(embedded) = self.connections.embedded.as_ref().filter(|_| is_wanted) else { return Ok(()) };
        let postgres = Arc::new(self.connections.postgres.clone());
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

async fn migrate<T>(
    address: &Address,
    what: &str,
    migration: impl Future<Output = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>>,
) -> Result<T> {
    migration.await.map_err(|e| anyhow!(e)).with_context(|| {
        let address = address.direct().unwrap_or(address);
        format!(
            "cannot prepare {what} ({address}): is PostgreSQL running, and are DATABASE_URL or the DB_… settings, or MIGRATION_DATABASE_URL, right?"
        )
    })
}

/// Routes to be mounted beside the product's.
pub type Mount = Box<dyn FnOnce(&mut web::ServiceConfig)>;
