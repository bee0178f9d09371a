//! Ports → use cases.

use std::sync::Arc;

use anyhow::Result;
use cheapbob_adapters_oauth::{OAuth, ProviderSettings};
use cheapbob_adapters_portone::SignedWebhooks;
use cheapbob_domain::{
    disputes::DisputeService,
    imports::{GiveBackService, ImportParts, ImportService, VerifyService},
    notices::{NoticeParts, NoticeService},
    operators::{ActionParts, ActionService, ConsoleParts, ConsoleService, OperatorSignIn, SignInParts, TeamService},
    orders::{
        ArchiveService, AuditService, CancelService, CheckoutService, IdempotencyService, LiveService, MailService, OrderService,
        PastPayments, PaymentDesk, PickupCodes, PickupService, ReconcileParts, ReconcileService, RefundService, ResolveService,
        SettlementService, WebhookService,
    },
    products::ProductService,
    reviews::ReviewService,
    shared::{Clock, Ids, RateLimiter, RateLimits},
    stores::{
        ApprovalService, HistoryService, HoursService, ImageService, NearbyService, SearchService, StoreService, ports::ObjectStorage,
    },
    tasks::ports::{Outbox, RunLedger, TaskQueue},
    users::{
        CustomerService, DeletionService, ExchangeService, ExportService, ImportedTokens, LoginFlow, Provider, SessionService,
        SessionTokens, SignInService, StreamService, TakeoverService, UnlinkService, WithdrawalService, ports::PersonalData,
    },
};
use secrecy::SecretString;
use url::Url;

use crate::{
    breakers::Breakers,
    limits::ProcessLimits,
    ports::{Ports, sandbox_url},
    settings::{OAuthClient, Settings},
};

/// Every use case of the product.
#[derive(Clone)]
pub struct Services {
    /// Logging in.
    pub sign_in: Arc<SignInService>,
    /// Links between accounts and their providers.
    pub unlink: Arc<UnlinkService>,
    /// Taking over accounts that were never vouched for.
    pub takeovers: Arc<TakeoverService>,
    /// Giving people all that is kept of them.
    pub exports: Arc<ExportService>,
    /// Sessions.
    pub sessions: Arc<SessionService>,
    /// Customers' profiles.
    pub customers: Arc<CustomerService>,
    /// A seller's store.
    pub stores: Arc<StoreService>,
    /// Deleting those who left.
    pub deletion: Arc<DeletionService>,
    /// Moving orders of ended days.
    pub archive: Arc<ArchiveService>,
    /// Moving settled payments of the past.
    pub past: Arc<PastPayments>,
    /// Leaving.
    pub withdrawal: Arc<WithdrawalService>,
    /// Stores that operators approve.
    pub approvals: Arc<ApprovalService>,
    /// A store's opening hours.
    pub hours: Arc<HoursService>,
    /// A store's pictures.
    pub images: Arc<ImageService>,
    /// Searching stores.
    pub search: Arc<SearchService>,
    /// Stores around a place, and on a map.
    pub nearby: Arc<NearbyService>,
    /// What customers searched for.
    pub history: Arc<HistoryService>,
    /// A seller's products.
    pub products: Arc<ProductService>,
    /// What customers say of stores.
    pub reviews: Arc<ReviewService>,
    /// What was wrong with orders.
    pub disputes: Arc<DisputeService>,
    /// Notices of favourites.
    pub notices: Arc<NoticeService>,
    /// Payments.
    pub checkout: Arc<CheckoutService>,
    /// What payments come to.
    pub resolve: Arc<ResolveService>,
    /// Refunds.
    pub refunds: Arc<RefundService>,
    /// Orders, for both sides.
    pub orders: Arc<OrderService>,
    /// Cancelling orders.
    pub cancel: Arc<CancelService>,
    /// Our books against PortOne's.
    pub reconcile: Arc<ReconcileService>,
    /// What PortOne tells by itself.
    pub webhooks: Arc<WebhookService>,
    /// Calls with an Idempotency-Key.
    pub idempotency: Arc<IdempotencyService>,
    /// Looking back.
    pub audit: Arc<AuditService>,
    /// Orders as they happen.
    pub live: Arc<LiveService>,
    /// What stores earned.
    pub settlement: Arc<SettlementService>,
    /// Handing out.
    pub pickup: Arc<PickupService>,
    /// Mails.
    pub mails: Arc<MailService>,
    /// Pictures.
    pub storage: Arc<dyn ObjectStorage>,
    /// The queue of tasks, for workers.
    pub tasks: Arc<dyn TaskQueue>,
    /// The ledger of scheduled runs.
    pub ledger: Arc<dyn RunLedger>,
    /// The queue of tasks, for operators.
    pub outbox: Arc<dyn Outbox>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
    /// Moving in.
    pub import: Arc<ImportService>,
    /// Whether everything has moved.
    pub verify: Arc<VerifyService>,
    /// The way back.
    pub give_back: Arc<GiveBackService>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// What is left alone for now.
    pub breakers: Breakers,
    /// How often somebody may call; `None`: as often as they like, for load tests.
    pub limiter: Option<Arc<RateLimiter>>,
    /// What somebody keeps open.
    pub streams: Arc<StreamService>,
    /// Operators getting in and out.
    pub operator_sign_in: Arc<OperatorSignIn>,
    /// Who the operators are.
    pub team: Arc<TeamService>,
    /// What operators see.
    pub console: Arc<ConsoleService>,
    /// What operators do.
    pub actions: Arc<ActionService>,
}

impl Services {
    /// Puts the use cases together; `apart` is the process' own count of calls.
    ///
    /// # Errors
    /// Where an address among the settings is none.
    pub fn new(settings: &Settings, ports: Ports, apart: &Arc<ProcessLimits>) -> Result<Self> {
        let Ports { postgres, holds, orders: current, cancellations, refunds, inbox, payments, mailer, push, .. } = ports;
        let Ports {
            sessions,
            history,
            limits,
            streams,
            archive: archived,
            past,
            reservations,
            withdrawals,
            signals,
            storage,
            clock,
            timer,
            ids,
            breakers,
            ..
        } = ports;
        let moving = ImportParts {
            imports: postgres.clone(),
            ours: postgres.clone(),
            accounts: postgres.clone(),
            stores: postgres.clone(),
            hours: postgres.clone(),
            products: postgres.clone(),
            holds: holds.clone(),
            ended: postgres.clone(),
            archive: archived.clone(),
            past: past.clone(),
            reservations: reservations.clone(),
            withdrawals: withdrawals.clone(),
            clock: Arc::clone(&clock),
        };
        let clock = || Arc::clone(&clock);
        let ids = || Arc::clone(&ids);
        let providers = OAuth::new(providers(settings)?, &settings.public_base, clock())?.with_kakao_admin_key(kakao_admin_key(settings));
        let providers = Arc::new(providers.with_breakers(breakers.unlinking.clone()));
        let tokens =
            SessionTokens::new(&settings.jwt_secret, settings.jwt_secret_previous.as_ref(), settings.jwt_algorithm, settings.jwt_life);
        let session_service = SessionService::new(tokens, postgres.clone(), sessions.clone(), clock(), ids());
        let exchange = settings.legacy_tokens_until.map(|until| {
            let tokens = ImportedTokens::new(&settings.jwt_secret, settings.jwt_secret_previous.as_ref(), until);
            ExchangeService::new(tokens, postgres.clone(), postgres.clone(), sessions.clone())
        });

        let stores = Arc::new(StoreService::new(postgres.clone(), clock(), ids()).with_approval(settings.store_approval));
        let images = Arc::new(ImageService::new(postgres.clone(), storage.clone(), stores.clone(), ids()));
        let refunds = Arc::new(RefundService::new(refunds, postgres.clone(), payments.clone(), clock(), timer.clone()));
        let resolve =
            Arc::new(ResolveService::new(holds.clone(), postgres.clone(), payments.clone(), refunds.clone(), clock(), timer.clone()));
        let orders = Arc::new(OrderService::new(current.clone(), archived.clone(), postgres.clone(), stores.clone(), clock()));
        let past = Arc::new(PastPayments::new(postgres.clone(), past, clock(), settings.keep_payments, settings.production));
        let codes = PickupCodes::new(&settings.jwt_secret, settings.jwt_secret_previous.as_ref());
        let cancel = Arc::new(CancelService::new(cancellations, orders.clone(), stores.clone(), refunds.clone(), past.clone(), clock()));
        let reconcile = Arc::new(ReconcileService::new(ReconcileParts {
            books: postgres.clone(),
            audit: postgres.clone(),
            holds: holds.clone(),
            stores: postgres.clone(),
            payments,
            resolve: resolve.clone(),
            refunds: refunds.clone(),
            cancel: cancel.clone(),
            orders: orders.clone(),
            past: past.clone(),
            clock: clock(),
        }));
        let webhooks = WebhookService::new(inbox, Arc::new(SignedWebhooks), postgres.clone(), reconcile.clone(), clock());
        let archive = Arc::new(ArchiveService::new(postgres.clone(), archived.clone()));
        let history = Arc::new(HistoryService::new(history, clock()));
        let takeovers = Arc::new(TakeoverService::new(
            postgres.clone(),
            postgres.clone(),
            sessions.clone(),
            mailer.clone(),
            clock(),
            ids(),
            settings.public_base.clone(),
        ));
        let reviews = Arc::new(ReviewService::new(postgres.clone(), orders.clone(), stores.clone(), clock(), ids()));
        let notices = Arc::new(NoticeService::new(NoticeParts {
            choices: postgres.clone(),
            happenings: postgres.clone(),
            book: postgres.clone(),
            push,
            mailer: mailer.clone(),
            clock: clock(),
            timer,
            ids: ids(),
            base: settings.public_base.clone(),
        }));
        let hours = Arc::new(HoursService::new(postgres.clone(), stores.clone(), clock()));
        let products = Arc::new(ProductService::new(postgres.clone(), reservations, stores.clone(), hours.clone(), clock(), ids()));
        let desk = Arc::new(PaymentDesk::new(holds.clone(), past.clone(), resolve.clone()));
        let personal_data: Vec<Arc<dyn PersonalData>> = vec![archive.clone() as _, past.clone(), history.clone(), products.clone()];
        let session_service = Arc::new(match exchange {
            Some(exchange) => session_service.with_exchange(exchange),
            None => session_service,
        });
        let operator_sign_in = OperatorSignIn::new(SignInParts {
            flow: LoginFlow::new(providers.clone(), sessions.clone(), clock(), ids()),
            operators: postgres.clone(),
            factors: postgres.clone(),
            sessions: postgres.clone(),
            log: postgres.clone(),
            clock: clock(),
            ids: ids(),
            by_setting: settings.operator_emails.clone(),
        });
        let approvals = Arc::new(ApprovalService::new(postgres.clone(), stores.clone(), images.clone(), mailer.clone(), clock()));
        let disputes = Arc::new(DisputeService::new(
            postgres.clone(),
            orders.clone(),
            stores.clone(),
            refunds.clone(),
            storage.clone(),
            mailer.clone(),
            clock(),
        ));
        let console = ConsoleService::new(ConsoleParts {
            console: postgres.clone(),
            log: postgres.clone(),
            orders: orders.clone(),
            desk,
            approvals: approvals.clone(),
            disputes: disputes.clone(),
            clock: clock(),
        });
        let actions = ActionService::new(ActionParts {
            log: postgres.clone(),
            cancel: cancel.clone(),
            refunds: refunds.clone(),
            reconcile: reconcile.clone(),
            outbox: postgres.clone(),
            ledger: postgres.clone(),
            cases: postgres.clone(),
            reviews: reviews.clone(),
            approvals: approvals.clone(),
            disputes: disputes.clone(),
            sessions: session_service.clone(),
            clock: clock(),
        });
        Ok(Self {
            operator_sign_in: Arc::new(operator_sign_in),
            team: Arc::new(TeamService::new(postgres.clone(), postgres.clone(), clock(), settings.operator_emails.clone())),
            console: Arc::new(console),
            actions: Arc::new(actions),
            give_back: Arc::new(GiveBackService::new(moving.clone())),
            import: Arc::new(ImportService::new(moving.clone())),
            verify: Arc::new(VerifyService::new(moving)),
            unlink: Arc::new(UnlinkService::new(providers.clone(), postgres.clone(), postgres.clone(), clock())),
            sign_in: Arc::new(SignInService::new(
                providers,
                postgres.clone(),
                postgres.clone(),
                sessions.clone(),
                clock(),
                ids(),
                takeovers.clone(),
            )),
            sessions: session_service,
            customers: Arc::new(CustomerService::new(postgres.clone(), clock())),
            exports: Arc::new(ExportService::new(
                postgres.clone(),
                withdrawals.clone(),
                personal_data.clone(),
                mailer.clone(),
                clock(),
                ids(),
                settings.public_base.clone(),
            )),
            deletion: Arc::new(DeletionService::new(
                postgres.clone(),
                withdrawals.clone(),
                personal_data,
                sessions.clone(),
                clock(),
                ids(),
            )),
            archive,
            withdrawal: Arc::new(WithdrawalService::new(postgres.clone(), withdrawals, sessions.clone(), stores.clone(), clock())),
            hours,
            reviews,
            notices,
            approvals,
            images,
            search: Arc::new(SearchService::new(postgres.clone(), clock())),
            nearby: Arc::new(NearbyService::new(postgres.clone(), postgres.clone(), clock())),
            history,
            products,
            checkout: Arc::new(CheckoutService::new(holds, resolve.clone(), past.clone(), clock(), ids())),
            cancel,
            reconcile,
            webhooks: Arc::new(webhooks),
            idempotency: Arc::new(IdempotencyService::new(postgres.clone(), clock(), ids())),
            audit: Arc::new(AuditService::new(postgres.clone(), stores.clone(), past.clone())),
            live: Arc::new(LiveService::new(postgres.clone(), orders.clone(), stores.clone())),
            settlement: Arc::new(SettlementService::new(orders.clone(), stores.clone(), postgres.clone(), clock())),
            disputes,
            pickup: Arc::new(PickupService::new(orders.clone(), current, signals, codes, clock())),
            mails: Arc::new(MailService::new(orders.clone(), postgres.clone(), postgres.clone(), mailer)),
            takeovers,
            past,
            stores,
            resolve,
            refunds,
            orders,
            storage,
            tasks: postgres.clone(),
            ledger: postgres.clone(),
            outbox: postgres,
            clock: clock(),
            limiter: settings.rate_limits.then(|| Arc::new(RateLimiter::new(limits, Arc::clone(apart) as Arc<dyn RateLimits>))),
            streams: Arc::new(StreamService::new(streams, ids())),
            ids: ids(),
            breakers,
        })
    }
}

/// Kakao's admin key; the sandbox's where it plays Kakao.
fn kakao_admin_key(settings: &Settings) -> Option<SecretString> {
    let [_, kakao, _] = &settings.oauth;
    if kakao.is_some() { settings.kakao_admin_key.clone() } else { Some(SecretString::from("sandbox")) }
}

fn providers(settings: &Settings) -> Result<[ProviderSettings; 3]> {
    let one = |provider: Provider, client: &Option<OAuthClient>| match client {
        Some(client) => Ok::<_, anyhow::Error>(ProviderSettings::real(provider, client.id.clone(), client.secret.clone())?),
        None => {
            let path = |end: &str| format!("oauth/{}/{end}", provider.as_str());
            Ok(ProviderSettings {
                client_id: "sandbox".to_owned(),
                client_secret: SecretString::from("sandbox"),
                authorize_url: Url::parse(&format!("{}/sandbox/{}", settings.public_base, path("authorize")))?,
                token_url: sandbox_url(settings, &path("token"))?,
                userinfo_url: sandbox_url(settings, &path("userinfo"))?,
                unlink_url: sandbox_url(settings, &path("unlink"))?,
            })
        }
    };
    let [google, kakao, naver] = &settings.oauth;
    Ok([one(Provider::Google, google)?, one(Provider::Kakao, kakao)?, one(Provider::Naver, naver)?])
}
