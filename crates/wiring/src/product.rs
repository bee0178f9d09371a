//! Adapters and services, put together.

use std::sync::Arc;

use actix_web::web;
use anyhow::{Context, Result, anyhow};
use cheapbob_adapters_embedded::{
    Embedded,
    clock::SandboxClock,
    demo::Demo,
    feed::Feed,
    postgres::ManagedPostgres,
    sandbox::{self, Sandbox},
    storage::Folder,
};
use cheapbob_adapters_oauth::{OAuth, ProviderSettings};
use cheapbob_adapters_portone::PortOne;
use cheapbob_adapters_postgres::Postgres;
use cheapbob_adapters_redis::{Redis, RedisSignals};
use cheapbob_domain::{
    orders::{HoldService, MailService, OrderService, PickupCodes, PickupService, RefundService, SettleService, ports::PickupSignals},
    products::ProductService,
    shared::{
        Clock, Ids,
        tasks::{JobRunner, TaskQueue},
    },
    stores::{SearchService, StoreService, ports::ObjectStorage},
    users::{CustomerService, Provider, SessionService, SessionTokens, SignInService, ports::Sessions},
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    settings::{PostgresAt, Settings},
    system::{SystemClock, SystemIds},
};

/// Connections of the twins.
const EMBEDDED_POOL: usize = 4;

/// Every use case of the product.
#[derive(Clone)]
pub struct Services {
    /// Logging in.
    pub sign_in: Arc<SignInService>,
    /// Sessions.
    pub sessions: Arc<SessionService>,
    /// Customers' profiles.
    pub customers: Arc<CustomerService>,
    /// A seller's store.
    pub stores: Arc<StoreService>,
    /// Searching stores.
    pub search: Arc<SearchService>,
    /// A seller's products.
    pub products: Arc<ProductService>,
    /// Payments.
    pub holds: Arc<HoldService>,
    /// What payments come to.
    pub settle: Arc<SettleService>,
    /// Refunds.
    pub refunds: Arc<RefundService>,
    /// Orders.
    pub orders: Arc<OrderService>,
    /// Handing out.
    pub pickup: Arc<PickupService>,
    /// Mails.
    pub mails: Arc<MailService>,
    /// Pictures.
    pub storage: Arc<dyn ObjectStorage>,
    /// The queue of tasks.
    pub tasks: Arc<dyn TaskQueue>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

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
        let postgres = Postgres::new(url, settings.db_pool_size)?;
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
        let (sessions, signals) = passing(settings, url, redis.as_ref(), embedded.as_ref())?;
        let storage: Arc<dyn ObjectStorage> = Arc::new(Folder::new(settings.data_dir.join("media"), &settings.public_base));
        let mailer = embedded.as_ref().map(|(e, _)| e.clone());
        let ports = Ports { postgres: postgres.clone(), sessions, signals, storage, clock, ids, mailer };
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
            backing: Backing { postgres, redis, embedded },
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
        let postgres = Postgres::new(url, settings.db_pool_size.div_ceil(workers))?;
        let sessions: Arc<dyn Sessions> = match &settings.redis_url {
            Some(redis) => Arc::new(Redis::new(redis, 1)?),
            None => Arc::new(Embedded::new(url, EMBEDDED_POOL.div_ceil(workers))?),
        };
        services(settings, &Ports { postgres, sessions, ..self.ports.clone() })
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

/// What passes: Redis, or its twin.
fn passing(
    settings: &Settings,
    url: &str,
    redis: Option<&Redis>,
    embedded: Option<&(Embedded, Arc<SandboxClock>)>,
) -> Result<(Arc<dyn Sessions>, Arc<dyn PickupSignals>)> {
    // The feed runs also beside Redis: it tells of moves of the clock.
    let feed = embedded.map(|(embedded, clock)| Feed::start(url, embedded.clone(), Arc::clone(clock)));
    match (redis, settings.redis_url.as_deref(), embedded, feed) {
        (Some(redis), Some(redis_url), _, feed) => {
            let signals = RedisSignals::start(redis.clone(), redis_url)?;
            Ok((Arc::new(redis.clone()), Arc::new(BesideFeed { signals, _feed: feed })))
        }
        (_, _, Some((embedded, _)), Some(feed)) => Ok((Arc::new(embedded.clone()), Arc::new(feed))),
        _ => Err(anyhow!("neither Redis nor its twin")),
    }
}

/// Keeps the feed of the sandbox's clock alive as long as Redis' signals.
struct BesideFeed {
    signals: RedisSignals,
    _feed: Option<Feed>,
}

#[async_trait::async_trait]
impl PickupSignals for BesideFeed {
    async fn publish(&self, payment: &cheapbob_domain::shared::PaymentId) -> cheapbob_domain::shared::Result<()> {
        self.signals.publish(payment).await
    }

    async fn subscribe(
        &self,
        payment: &cheapbob_domain::shared::PaymentId,
    ) -> cheapbob_domain::shared::Result<futures::stream::BoxStream<'static, ()>> {
        self.signals.subscribe(payment).await
    }
}

#[derive(Clone)]
struct Ports {
    postgres: Postgres,
    sessions: Arc<dyn Sessions>,
    signals: Arc<dyn PickupSignals>,
    storage: Arc<dyn ObjectStorage>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    mailer: Option<Embedded>,
}

fn services(settings: &Settings, ports: &Ports) -> Result<Services> {
    let Ports { postgres, sessions, signals, storage, clock, ids, mailer } = ports;
    let postgres = Arc::new(postgres.clone());
    let base = settings.portone.clone().map_or_else(|| sandbox_url(settings, "portone"), Ok)?;
    let payments = Arc::new(PortOne::new(base, settings.production)?);
    let providers = Arc::new(OAuth::new(providers(settings)?, &settings.public_base, Arc::clone(clock))?);
    let mailer = mailer.clone().context("no mailer: production has no twins")?;

    let tokens = SessionTokens::new(&settings.jwt_secret, settings.jwt_algorithm, settings.jwt_life);
    let stores = Arc::new(StoreService::new(postgres.clone(), Arc::clone(clock), Arc::clone(ids)));
    let refunds = Arc::new(RefundService::new(postgres.clone(), postgres.clone(), payments.clone(), Arc::clone(clock)));
    let settle = Arc::new(SettleService::new(postgres.clone(), postgres.clone(), payments, Arc::clone(&refunds), Arc::clone(clock)));
    let orders = Arc::new(OrderService::new(postgres.clone(), Arc::clone(&stores), Arc::clone(clock)));
    Ok(Services {
        sign_in: Arc::new(SignInService::new(
            providers,
            postgres.clone(),
            Arc::clone(sessions),
            Arc::clone(clock),
            Arc::clone(ids),
            !settings.production,
        )),
        sessions: Arc::new(SessionService::new(tokens, postgres.clone(), Arc::clone(sessions), Arc::clone(clock), Arc::clone(ids))),
        customers: Arc::new(CustomerService::new(postgres.clone(), Arc::clone(clock))),
        search: Arc::new(SearchService::new(postgres.clone(), Arc::clone(clock))),
        products: Arc::new(ProductService::new(postgres.clone(), Arc::clone(&stores), Arc::clone(clock), Arc::clone(ids))),
        holds: Arc::new(HoldService::new(postgres.clone(), Arc::clone(&settle), Arc::clone(clock), Arc::clone(ids))),
        pickup: Arc::new(PickupService::new(
            Arc::clone(&orders),
            postgres.clone(),
            Arc::clone(signals),
            PickupCodes::new(&settings.jwt_secret),
            Arc::clone(clock),
        )),
        mails: Arc::new(MailService::new(postgres.clone(), Arc::new(mailer))),
        stores,
        settle,
        refunds,
        orders,
        storage: Arc::clone(storage),
        tasks: postgres,
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
    })
}

/// The sandbox as this machine's processes reach it.
fn sandbox_url(settings: &Settings, path: &str) -> Result<Url> {
    Ok(Url::parse(&format!("http://127.0.0.1:{}/sandbox/{path}", settings.port))?)
}

fn providers(settings: &Settings) -> Result<[ProviderSettings; 3]> {
    let one = |provider: Provider, client: &Option<crate::settings::OAuthClient>| match client {
        Some(client) => Ok::<_, anyhow::Error>(ProviderSettings::real(provider, client.id.clone(), client.secret.clone())?),
        None => {
            let path = |end: &str| format!("oauth/{}/{end}", provider.as_str());
            Ok(ProviderSettings {
                client_id: "sandbox".to_owned(),
                client_secret: SecretString::from("sandbox"),
                authorize_url: Url::parse(&format!("{}/sandbox/{}", settings.public_base, path("authorize")))?,
                token_url: sandbox_url(settings, &path("token"))?,
                userinfo_url: sandbox_url(settings, &path("userinfo"))?,
            })
        }
    };
    let [google, kakao, naver] = &settings.oauth;
    Ok([one(Provider::Google, google)?, one(Provider::Kakao, kakao)?, one(Provider::Naver, naver)?])
}

impl Product {
    /// Parts that `/health/ready` asks, by name.
    pub fn probes(&self) -> Vec<(&'static str, Probe)> {
        let postgres = self.backing.postgres.clone();
        let mut probes: Vec<(&'static str, Probe)> = vec![(
            "postgres",
            Arc::new(move || {
                let postgres = postgres.clone();
                Box::pin(async move { postgres.ping().await })
            }),
        )];
        if let Some(redis) = self.backing.redis.clone() {
            probes.push((
                "redis",
                Arc::new(move || {
                    let redis = redis.clone();
                    Box::pin(async move { redis.ping().await })
                }),
            ));
        }
        probes
    }

    /// The sandbox's routes, where it plays a part.
    pub fn sandbox(&self, jobs: Arc<dyn JobRunner>) -> Option<Mount> {
        let (embedded, clock) = self.backing.embedded.as_ref().filter(|_| self.switches.sandbox)?;
        let sandbox = web::Data::new(Sandbox { embedded: embedded.clone(), clock: Arc::clone(clock), jobs });
        Some(Arc::new(move |config| sandbox::configure(config, sandbox.clone())))
    }
}

/// Asks one part whether it answers.
pub type Probe = Arc<dyn Fn() -> futures::future::BoxFuture<'static, cheapbob_domain::shared::Result<()>> + Send + Sync>;

/// Routes to be mounted beside the product's.
pub type Mount = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;
