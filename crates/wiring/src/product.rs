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
use cheapbob_adapters_mongo::Mongo;
use cheapbob_adapters_oauth::{OAuth, ProviderSettings};
use cheapbob_adapters_portone::PortOne;
use cheapbob_adapters_postgres::Postgres;
use cheapbob_adapters_redis::{Redis, RedisSignals};
use cheapbob_adapters_s3::S3;
use cheapbob_adapters_smtp::Smtp;
use cheapbob_domain::{
    orders::{
        CancelService, HoldService, MailService, OrderService, PickupCodes, PickupService, RefundService, SettleService, SettlementService,
        ports::{Mailer, OrderArchive, PickupSignals},
    },
    products::{ProductService, ports::StockReservations},
    shared::{
        Clock, Ids,
        tasks::{JobRunner, TaskQueue},
    },
    stores::{
        HistoryService, HoursService, ImageService, SearchService, StoreService,
        ports::{ObjectStorage, SearchHistory},
    },
    users::{
        CustomerService, Provider, SessionService, SessionTokens, SignInService, WithdrawalService,
        ports::{Sessions, Withdrawals},
    },
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
    /// Leaving.
    pub withdrawal: Arc<WithdrawalService>,
    /// A store's opening hours.
    pub hours: Arc<HoursService>,
    /// A store's pictures.
    pub images: Arc<ImageService>,
    /// Searching stores.
    pub search: Arc<SearchService>,
    /// What customers searched for.
    pub history: Arc<HistoryService>,
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
    /// Giving orders up.
    pub cancel: Arc<CancelService>,
    /// What stores earned.
    pub settlement: Arc<SettlementService>,
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
            clock,
            ids,
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
        let postgres = Postgres::new(url, settings.db_pool_size.div_ceil(workers))?;
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

/// Makes MongoDB's indexes; a MongoDB that is down must not keep everything else from serving.
async fn prepare(mongo: Mongo) {
    const AGAIN: std::time::Duration = std::time::Duration::from_secs(5);
    let mut said = false;
    while let Err(error) = mongo.prepare().await {
        if !said {
            said = true;
            tracing::error!(%error, "MongoDB's indexes are not made; tried again until they are");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// What passes: Redis, or its twin.
#[derive(Clone)]
struct Passing {
    sessions: Arc<dyn Sessions>,
    history: Arc<dyn SearchHistory>,
}

fn passing(redis: Option<&Redis>, twin: Option<&Embedded>) -> Result<Passing> {
    fn both<T: Sessions + SearchHistory + 'static>(part: T) -> Passing {
        let part = Arc::new(part);
        Passing { sessions: part.clone(), history: part }
    }
    match (redis, twin) {
        (Some(redis), _) => Ok(both(redis.clone())),
        (None, Some(twin)) => Ok(both(twin.clone())),
        (None, None) => Err(anyhow!("neither Redis nor its twin")),
    }
}

/// What is kept for long: MongoDB, or its twin.
#[derive(Clone)]
struct Kept {
    archive: Arc<dyn OrderArchive>,
    reservations: Arc<dyn StockReservations>,
    withdrawals: Arc<dyn Withdrawals>,
}

fn kept(mongo: Option<&Mongo>, twin: Option<&Embedded>) -> Result<Kept> {
    fn all<T: OrderArchive + StockReservations + Withdrawals + 'static>(part: T) -> Kept {
        let part = Arc::new(part);
        Kept { archive: part.clone(), reservations: part.clone(), withdrawals: part }
    }
    match (mongo, twin) {
        (Some(mongo), _) => Ok(all(mongo.clone())),
        (None, Some(twin)) => Ok(all(twin.clone())),
        (None, None) => Err(anyhow!("neither MongoDB nor its twin")),
    }
}

fn signals(
    settings: &Settings,
    url: &str,
    redis: Option<&Redis>,
    embedded: Option<&(Embedded, Arc<SandboxClock>)>,
) -> Result<Arc<dyn PickupSignals>> {
    // The feed runs also beside Redis: it tells of moves of the clock.
    let feed = embedded.map(|(embedded, clock)| Feed::start(url, embedded.clone(), Arc::clone(clock)));
    match (redis, settings.redis_url.as_deref(), feed) {
        (Some(redis), Some(redis_url), feed) => {
            Ok(Arc::new(BesideFeed { signals: RedisSignals::start(redis.clone(), redis_url)?, _feed: feed }))
        }
        (_, _, Some(feed)) => Ok(Arc::new(feed)),
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
    passing: Passing,
    kept: Kept,
    signals: Arc<dyn PickupSignals>,
    storage: Arc<dyn ObjectStorage>,
    mailer: Arc<dyn Mailer>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

fn services(settings: &Settings, ports: &Ports) -> Result<Services> {
    let Ports { passing: Passing { sessions, history }, kept, signals, storage, mailer, .. } = ports.clone();
    let postgres = Arc::new(ports.postgres.clone());
    let clock = || Arc::clone(&ports.clock);
    let ids = || Arc::clone(&ports.ids);
    let base = settings.portone.clone().map_or_else(|| sandbox_url(settings, "portone"), Ok)?;
    let payments = Arc::new(PortOne::new(base, settings.production)?);
    let providers = Arc::new(OAuth::new(providers(settings)?, &settings.public_base, clock())?);
    let tokens = SessionTokens::new(&settings.jwt_secret, settings.jwt_algorithm, settings.jwt_life);

    let stores = Arc::new(StoreService::new(postgres.clone(), clock(), ids()));
    let refunds = Arc::new(RefundService::new(postgres.clone(), postgres.clone(), payments.clone(), clock()));
    let settle = Arc::new(SettleService::new(postgres.clone(), postgres.clone(), payments, refunds.clone(), clock()));
    let orders = Arc::new(OrderService::new(postgres.clone(), kept.archive, postgres.clone(), stores.clone(), clock()));
    let codes = PickupCodes::new(&settings.jwt_secret);
    Ok(Services {
        sign_in: Arc::new(SignInService::new(providers, postgres.clone(), sessions.clone(), clock(), ids(), !settings.production)),
        sessions: Arc::new(SessionService::new(tokens, postgres.clone(), sessions, clock(), ids())),
        customers: Arc::new(CustomerService::new(postgres.clone(), clock())),
        withdrawal: Arc::new(WithdrawalService::new(postgres.clone(), kept.withdrawals, stores.clone(), clock())),
        hours: Arc::new(HoursService::new(postgres.clone(), stores.clone(), clock())),
        images: Arc::new(ImageService::new(postgres.clone(), storage.clone(), stores.clone(), ids())),
        search: Arc::new(SearchService::new(postgres.clone(), clock())),
        history: Arc::new(HistoryService::new(history, clock())),
        products: Arc::new(ProductService::new(postgres.clone(), kept.reservations, stores.clone(), clock(), ids())),
        holds: Arc::new(HoldService::new(postgres.clone(), settle.clone(), clock(), ids())),
        cancel: Arc::new(CancelService::new(postgres.clone(), orders.clone(), stores.clone(), refunds.clone(), clock())),
        settlement: Arc::new(SettlementService::new(orders.clone(), stores.clone(), clock())),
        pickup: Arc::new(PickupService::new(orders.clone(), postgres.clone(), signals, codes, clock())),
        mails: Arc::new(MailService::new(orders.clone(), mailer)),
        stores,
        settle,
        refunds,
        orders,
        storage,
        tasks: postgres,
        clock: clock(),
        ids: ids(),
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
        let sandbox = web::Data::new(Sandbox { embedded: embedded.clone(), clock: Arc::clone(clock), jobs });
        Some(Arc::new(move |config| sandbox::configure(config, sandbox.clone())))
    }
}

/// Asks one part whether it answers.
pub type Probe = Arc<dyn Fn() -> futures::future::BoxFuture<'static, cheapbob_domain::shared::Result<()>> + Send + Sync>;

/// Routes to be mounted beside the product's.
pub type Mount = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;
