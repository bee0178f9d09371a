//! Ports → use cases.

use std::sync::Arc;

use anyhow::Result;
use cheapbob_adapters_oauth::{OAuth, ProviderSettings};
use cheapbob_adapters_portone::PortOne;
use cheapbob_adapters_postgres::Postgres;
use cheapbob_domain::{
    orders::{
        CancelService, HoldService, MailService, OrderService, PickupCodes, PickupService, RefundService, SettleService, SettlementService,
        ports::{Mailer, PickupSignals},
    },
    products::ProductService,
    shared::{Clock, Ids, tasks::TaskQueue},
    stores::{HistoryService, HoursService, ImageService, SearchService, StoreService, ports::ObjectStorage},
    users::{CustomerService, Provider, SessionService, SessionTokens, SignInService, WithdrawalService},
};
use secrecy::SecretString;
use url::Url;

use crate::{
    parts::{Kept, Passing},
    settings::Settings,
};

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

/// What the use cases stand on.
#[derive(Clone)]
pub(crate) struct Ports {
    pub(crate) postgres: Postgres,
    pub(crate) passing: Passing,
    pub(crate) kept: Kept,
    pub(crate) signals: Arc<dyn PickupSignals>,
    pub(crate) storage: Arc<dyn ObjectStorage>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

pub(crate) fn services(settings: &Settings, ports: &Ports) -> Result<Services> {
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
