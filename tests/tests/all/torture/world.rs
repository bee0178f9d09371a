//! The product in process on a real PostgreSQL, with a clock, a PortOne and a mail box that a schedule plays with; its tasks can be
//! dropped at every place where a process may die.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use cheapbob_adapters_embedded::fakes::{Embedded, Folder};
use cheapbob_domain::{
    orders::ports::PickupSignals,
    products::ports::Products,
    shared::{
        Clock, Email, Ids, PaymentId, ProductId, Result, StoreId,
        mail::{Delivery, Mail, Mailer},
    },
    stores::{NewStore, ports::Stores},
    users::{
        Account, Provider, Role,
        ports::{Accounts, Customers},
    },
};
use cheapbob_jobs::Jobs;
use cheapbob_test_support::{
    TestDatabase,
    crash::{CrashPoints, fragile},
    suites, test_settings,
};
use cheapbob_wiring::{Breakers, Ports, Services};
use chrono::{DateTime, Duration, Utc};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use secrecy::SecretString;

use super::portone::{FakePortOne, PersonWaits};

/// Signs the store's webhooks.
pub(super) const WEBHOOK_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

tokio::task_local! {
    /// How many places this task still passes, and what it tells when it dies.
    static FUSE: (Cell<usize>, tokio::sync::mpsc::UnboundedSender<()>);
}

/// Dies where the task's fuse ends.
pub(super) struct Fuses;

#[async_trait]
impl CrashPoints for Fuses {
    async fn pass(&self, _: &'static str, _: bool) {
        let blown = FUSE.try_with(|(left, died)| {
            let now = left.get().saturating_sub(1);
            left.set(now);
            if now == 0 {
                // The other side waits as long as this task lives.
                let _ = died.send(());
            }
            now == 0
        });
        if blown.unwrap_or(false) {
            futures::future::pending::<()>().await;
        }
    }
}

/// Runs `work` until it passes the `fuse`-th place; then it is dropped there. `None`: it died.
pub(super) async fn mortal<T>(fuse: Option<usize>, work: impl Future<Output = T>) -> Option<T> {
    let Some(fuse) = fuse else { return Some(work.await) };
    let (died, mut death) = tokio::sync::mpsc::unbounded_channel();
    tokio::select! {
        biased;
        _ = death.recv() => None,
        done = FUSE.scope((Cell::new(fuse), died), work) => Some(done),
    }
}

/// A clock that a schedule moves.
#[derive(Default)]
pub(super) struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

impl HandClock {
    pub(super) fn set(&self, now: DateTime<Utc>) {
        self.0.store(now.timestamp_millis(), Ordering::Relaxed);
    }

    pub(super) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }
}

/// The same ids for the same seed: a refund's next attempt depends on its id.
#[derive(Default)]
pub(super) struct SeededIds {
    pub(super) seed: AtomicU64,
    count: AtomicU64,
}

impl Ids for SeededIds {
    fn ulid(&self) -> String {
        format!("{:016X}{:010}", self.seed.load(Ordering::Relaxed), self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn secret(&self) -> String {
        self.ulid()
    }
}

/// Mails by the name of their event: the other side tells the same one apart.
#[derive(Default)]
pub(super) struct MailBox(pub(super) Mutex<BTreeMap<String, String>>);

#[async_trait]
impl Mailer for MailBox {
    async fn send(&self, message_id: &str, mail: &Mail) -> Result<Delivery> {
        self.0.lock().unwrap().insert(message_id.to_owned(), mail.to.clone());
        Ok(Delivery::Sent)
    }
}

struct NoScreens;

#[async_trait]
impl PickupSignals for NoScreens {
    async fn publish(&self, _: &PaymentId) -> Result<()> {
        Ok(())
    }

    async fn subscribe(&self, _: &PaymentId) -> Result<BoxStream<'static, ()>> {
        Ok(futures::stream::pending().boxed())
    }
}

/// A store, what it sells, and who buys.
pub(super) struct Shop {
    pub(super) seller: Email,
    pub(super) store: StoreId,
    pub(super) portone_store: String,
    pub(super) product: ProductId,
    pub(super) customers: [Email; 2],
}

pub(super) struct World {
    pub(super) services: Services,
    pub(super) jobs: Arc<Jobs>,
    pub(super) portone: Arc<FakePortOne>,
    pub(super) mails: Arc<MailBox>,
    pub(super) clock: Arc<HandClock>,
    pub(super) ids: Arc<SeededIds>,
    postgres: Arc<cheapbob_adapters_postgres::Postgres>,
    _media: tempfile::TempDir,
    pub(super) database: TestDatabase,
}

impl World {
    pub(super) async fn new() -> Self {
        cheapbob_wiring::prepare_process();
        let (database, media) = (TestDatabase::create().await, tempfile::tempdir().unwrap());
        let settings = test_settings(1, &database, media.path().into());
        let (portone, mails, clock, ids): (Arc<FakePortOne>, Arc<MailBox>, Arc<HandClock>, Arc<SeededIds>) = Default::default();
        let fake = Arc::new(Embedded::new(&database.connect(), 4).unwrap());
        let postgres = Arc::new(database.postgres());
        let ports = Ports {
            breakers: Breakers::default(),
            postgres: postgres.clone(),
            holds: postgres.clone(),
            orders: postgres.clone(),
            cancellations: postgres.clone(),
            refunds: postgres.clone(),
            inbox: postgres.clone(),
            payments: portone.clone(),
            mailer: mails.clone(),
            push: fake.clone(),
            signals: Arc::new(NoScreens),
            sessions: fake.clone(),
            history: fake.clone(),
            limits: fake.clone(),
            streams: fake.clone(),
            archive: fake.clone(),
            past: fake.clone(),
            reservations: fake.clone(),
            withdrawals: fake,
            storage: Arc::new(Folder::new(media.path().into(), "http://localhost")),
            clock: clock.clone(),
            timer: Arc::new(PersonWaits),
            ids: ids.clone(),
        };
        let points: Arc<dyn CrashPoints> = Arc::new(Fuses);
        let services = Services::new(&settings, fragile(ports, &points), &Arc::default()).unwrap();
        let jobs = Jobs::new(services.clone()).unwrap();
        Self { services, jobs, portone, mails, clock, ids, postgres, _media: media, database }
    }

    /// A store of its own for each schedule.
    pub(super) async fn shop(&self, stock: i32) -> Shop {
        let now = self.clock.now();
        let account = async |role| {
            let email = Email::parse(&format!("{}@test.example", self.ids.ulid().to_lowercase())).unwrap();
            let account = Account::new(email.clone(), role, true, now);
            assert!(self.postgres.create(&account, Provider::Google, email.as_str()).await.unwrap());
            email
        };
        let seller = account(Role::Seller).await;
        let whole = suites::new_store("가게");
        // Half of the stores close in the evening; of the others the daily rollover finds orders still open.
        let week = if self.ids.seed.load(Ordering::Relaxed).is_multiple_of(2) { whole.week.clone() } else { suites::round_the_clock() };
        let store = NewStore { id: StoreId::generate(self.ids.as_ref()), week, ..whole };
        assert!(Stores::register(&*self.postgres, &seller, &store, false, now).await.unwrap());
        let portone_store = format!("store-{}", store.id);
        let payment = suites::portone().of_store(&portone_store);
        let secret = SecretString::from(WEBHOOK_SECRET);
        assert!(self.postgres.set_payment(&store.id, &payment, Some(&secret), now).await.unwrap());
        let product = ProductId::generate(self.ids.as_ref());
        Products::register(&*self.postgres, &product, &store.id, &suites::new_product("도시락", stock), now).await.unwrap().unwrap();
        let customers = [account(Role::Customer).await, account(Role::Customer).await];
        for customer in &customers {
            assert!(Customers::register(&*self.postgres, customer, &suites::profile(), now).await.unwrap());
        }
        Shop { seller, store: store.id, portone_store, product, customers }
    }

    /// Works on up to `limit` tasks of the outbox, as a worker does.
    pub(super) fn work(&self, limit: i32) -> BoxFuture<'_, usize> {
        use cheapbob_domain::tasks::{Claiming, Lane, TaskOutcome};
        async move {
            let mut claimed = Vec::new();
            for lane in Lane::all() {
                let limit = limit - i32::try_from(claimed.len()).unwrap();
                let claiming = Claiming { lane, worker: "worker", now: self.clock.now(), since: None, limit };
                claimed.extend(self.services.tasks.claim(&claiming).await.unwrap());
            }
            let number = claimed.len();
            for task in claimed {
                let work = serde_json::from_value(task.payload).unwrap();
                let outcome = match self.jobs.perform(&work).await {
                    Ok(()) => TaskOutcome::Done,
                    Err(error) => TaskOutcome::Retry { error: error.to_string(), at: self.clock.now() + Duration::seconds(1) },
                };
                self.services.tasks.finish(&task.claim, &outcome, self.clock.now()).await.unwrap();
            }
            number
        }
        .boxed()
    }

    /// Runs a scheduled job; it may fail, as PortOne may.
    pub(super) async fn job(&self, name: &str) {
        let work = cheapbob_domain::tasks::TaskPayload::Run { job: name.to_owned(), due_at: self.clock.now() };
        let _ = self.jobs.perform(&work).await;
    }
}
