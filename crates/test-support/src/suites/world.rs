//! What the suites run on: the ports under test, and rows to begin with.

use std::sync::Arc;

use cheapbob_domain::{
    disputes::ports::Disputes,
    imports::ports::{Imports, OurSide},
    notices::ports::{Happenings, NoticeBook, NoticeChoices},
    operators::ports::{Console, DiscrepancyCases, OperatorLog, OperatorSessions, Operators, SecondFactors},
    orders::{
        Actor, NewHold, OrderOutcome, PricePaid,
        ports::{
            AuditLog, Books, Cancellations, EndedOrders, Holds, IdempotencyKeys, Inbox, OrderChanges, Orders, Refunds, SettledPayments,
        },
    },
    products::{KnownPrices, NewProduct, PRICES_KEPT, PickupEnds, Product, ProductChange, ProductOutcome, Stock, ports::Products},
    reviews::ports::Reviews,
    shared::{Email, Ids, PaymentId, ProductId, Quantity, Sale, StoreId, Validation, Won, kst},
    stores::{
        Address, DayInput, NewStore, PortOneAccount, PortOneIds, Sns, Week,
        ports::{Approvals, Hours, StoreImages, StoreSearch, Stores, StoresNearby},
    },
    tasks::{
        Claiming, Lane, Task,
        ports::{Outbox, RunLedger, TaskQueue},
    },
    users::{
        Account, NewProfile, Nickname, PhoneNumber, PreferenceKind, Provider, Role,
        ports::{Accounts, Customers, ImportedSessions, Revocations, Takeovers, UnlinkTokens},
    },
};
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;

use crate::{api::fresh_email, waiting::noon};

/// One implementation of every transactional port.
pub struct World {
    /// Accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Takeovers under way.
    pub takeovers: Arc<dyn Takeovers>,
    /// Tokens that cut the connection at a provider.
    pub unlink_tokens: Arc<dyn UnlinkTokens>,
    /// Logouts.
    pub revocations: Arc<dyn Revocations>,
    /// Sessions of the Python service that go on here.
    pub imported_sessions: Arc<dyn ImportedSessions>,
    /// Profiles.
    pub customers: Arc<dyn Customers>,
    /// Stores.
    pub stores: Arc<dyn Stores>,
    /// What operators say of stores.
    pub approvals: Arc<dyn Approvals>,
    /// Search.
    pub search: Arc<dyn StoreSearch>,
    /// Where stores are.
    pub nearby: Arc<dyn StoresNearby>,
    /// Opening hours.
    pub hours: Arc<dyn Hours>,
    /// Pictures.
    pub images: Arc<dyn StoreImages>,
    /// Products.
    pub products: Arc<dyn Products>,
    /// Holds.
    pub holds: Arc<dyn Holds>,
    /// Orders.
    pub orders: Arc<dyn Orders>,
    /// What becomes of orders.
    pub changes: Arc<dyn OrderChanges>,
    /// Who runs the service.
    pub operators: Arc<dyn Operators>,
    /// Their second factors.
    pub factors: Arc<dyn SecondFactors>,
    /// Their sessions.
    pub operator_sessions: Arc<dyn OperatorSessions>,
    /// What they did.
    pub operator_log: Arc<dyn OperatorLog>,
    /// Discrepancies under way.
    pub cases: Arc<dyn DiscrepancyCases>,
    /// What they see.
    pub console: Arc<dyn Console>,
    /// Reviews.
    pub reviews: Arc<dyn Reviews>,
    /// Disputes.
    pub disputes: Arc<dyn Disputes>,
    /// What people want to be told.
    pub notice_choices: Arc<dyn NoticeChoices>,
    /// What there is to tell.
    pub happenings: Arc<dyn Happenings>,
    /// Who is told.
    pub notice_book: Arc<dyn NoticeBook>,
    /// Cancellations.
    pub cancellations: Arc<dyn Cancellations>,
    /// Refunds.
    pub refunds: Arc<dyn Refunds>,
    /// The audit log.
    pub audit: Arc<dyn AuditLog>,
    /// PortOne's messages.
    pub inbox: Arc<dyn Inbox>,
    /// Calls with a key.
    pub keys: Arc<dyn IdempotencyKeys>,
    /// Our side of the books.
    pub books: Arc<dyn Books>,
    /// Orders that may go to the archive.
    pub ended: Arc<dyn EndedOrders>,
    /// Payments that may go to the archive.
    pub settled: Arc<dyn SettledPayments>,
    /// What is brought over.
    pub imports: Arc<dyn Imports>,
    /// What is asked of it.
    pub ours: Arc<dyn OurSide>,
    /// The queue, as workers see it.
    pub tasks: Arc<dyn TaskQueue>,
    /// The ledger of runs.
    pub ledger: Arc<dyn RunLedger>,
    /// The queue, as operators see it.
    pub outbox: Arc<dyn Outbox>,
}

impl World {
    /// Claims what is due in every lane.
    pub(super) async fn claim_all(&self, second: i64) -> Vec<Task> {
        let mut claimed = Vec::new();
        for lane in Lane::all() {
            let claiming = Claiming { lane, worker: "w", now: at(second), since: None, limit: 100 };
            claimed.extend(self.tasks.claim(&claiming).await.unwrap());
        }
        claimed
    }
}

/// An instant: 2026-11-24, a Tuesday, 12:00 KST and `seconds`.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    noon() + Duration::seconds(seconds)
}

/// An actor for tests.
pub(crate) fn actor() -> Actor {
    Actor { request_id: Some("r1".into()), ..Actor::job("test") }
}

/// Ids for tests.
pub(crate) struct TestIds;

impl Ids for TestIds {
    fn ulid(&self) -> String {
        ulid::Ulid::r#gen().to_string()
    }

    fn secret(&self) -> String {
        format!("{}{}", self.ulid(), self.ulid())
    }
}

pub(crate) fn email() -> Email {
    Email::parse(&fresh_email()).unwrap()
}

impl World {
    pub(crate) async fn account(&self, role: Role) -> Email {
        let account = Account::new(email(), role, true, at(0));
        assert!(self.accounts.create(&account, Provider::Google, account.email.as_str()).await.unwrap());
        account.email
    }

    pub(crate) async fn customer(&self) -> Email {
        let email = self.account(Role::Customer).await;
        assert!(self.customers.register(&email, &profile(), at(0)).await.unwrap());
        email
    }

    /// A store that can be paid, and its seller.
    pub(crate) async fn store(&self, name: &str) -> (Email, StoreId) {
        let seller = self.account(Role::Seller).await;
        let store = new_store(name);
        assert!(self.stores.register(&seller, &store, false, at(0)).await.unwrap());
        assert!(self.stores.set_payment(&store.id, &portone(), None, at(0)).await.unwrap());
        (seller, store.id)
    }

    /// A customer, a store, and a product of it with five pieces.
    pub(crate) async fn five_pieces(&self) -> (Email, StoreId, Product) {
        let (customer, (_, store)) = (self.customer().await, self.store("가게").await);
        let product = self.product(&store, 5).await;
        (customer, store, product)
    }

    /// An order that waits for its store, made a second after the hold.
    pub(crate) async fn ordered(&self, customer: &Email, product: &Product, quantity: i64) -> PaymentId {
        self.ordered_at(customer, product, quantity, 1).await
    }

    /// The same, made so many seconds after the hold.
    pub(crate) async fn ordered_at(&self, customer: &Email, product: &Product, quantity: i64, second: i64) -> PaymentId {
        let hold = hold(customer, product, quantity);
        assert!(self.holds.hold(&hold).await.unwrap());
        assert_eq!(self.holds.order(&hold.payment_id, &paid(quantity), at(second), &actor()).await.unwrap(), OrderOutcome::Made);
        hold.payment_id
    }

    /// The product changed so; `None` where the store has no such product.
    pub(crate) async fn change(&self, store: &StoreId, product: &ProductId, change: &ProductChange, second: i64) -> Option<Product> {
        let (ends, from) = (PickupEnds::default(), at(second) - PRICES_KEPT);
        let pricing = self.products.find(store, product).await.unwrap()?.pricing();
        let known = KnownPrices { past: pricing.between(&ends, from, at(second)), pricing };
        match self.products.change(store, product, change, &known, at(second)).await.unwrap() {
            ProductOutcome::Changed(product) => Some(product),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn product(&self, store: &StoreId, stock: i32) -> Product {
        self.products.register(&ProductId::generate(&TestIds), store, &new_product("도시락", stock), at(0)).await.unwrap().unwrap()
    }
}

/// A hold of five minutes from [`at`]`(0)` on.
pub(crate) fn hold(customer: &Email, product: &Product, quantity: i64) -> NewHold {
    let quantity = Quantity::parse(quantity).unwrap();
    NewHold {
        payment_id: PaymentId::generate(&TestIds),
        customer: customer.clone(),
        product_id: product.id.clone(),
        quantity,
        pricing: product.pricing(),
        sale: product.sale,
        stepped: Vec::new(),
        total_amount: product.price.unit_price(product.sale).times(quantity),
        portone: portone().ids,
        business_day: kst::business_day(at(0)),
        created_at: at(0),
        expires_at: at(300),
        request_id: Some("r0".into()),
        replaces: None,
    }
}

/// So many pieces at their full price, as [`hold`] has it.
pub(crate) fn paid(quantity: i64) -> PricePaid {
    PricePaid { price: Won(10_000), sale: Sale::parse(30).unwrap(), total_amount: Won(7_000 * quantity) }
}

pub(crate) async fn stock(world: &World, product: &Product) -> Stock {
    world.products.find(&product.store_id, &product.id).await.unwrap().unwrap().stock
}

/// Of five pieces.
pub(crate) fn counters(sold: i32, held: i32) -> Stock {
    Stock { initial: 5, sold, held, adjustment: 0 }
}

/// A customer's profile.
pub fn profile() -> NewProfile {
    NewProfile {
        nickname: Nickname::parse("길동").unwrap(),
        phone_number: PhoneNumber::parse("01012345678").unwrap(),
        preferences: vec![
            (PreferenceKind::PreferredMenu, "poke"),
            (PreferenceKind::PreferredMenu, "salad"),
            (PreferenceKind::Allergy, "egg"),
        ],
    }
}

/// A product of 10,000 won at 30 % off.
pub fn new_product(name: &str, stock: i32) -> NewProduct {
    NewProduct {
        name: name.to_owned(),
        description: "설명".to_owned(),
        initial_stock: stock,
        price: Won::price(10_000).unwrap(),
        sale: Sale::parse(30).unwrap(),
        nutrition_types: vec!["diet"],
        max_per_customer: None,
    }
}

/// A store's account at PortOne.
pub fn portone() -> PortOneAccount {
    PortOneAccount {
        ids: PortOneIds { store_id: "store-1".into(), channel_id: "channel-1".into() },
        secret: SecretString::from("secret-1"),
    }
}

/// Hours as long as a day can be.
pub fn round_the_clock() -> Week {
    let day = |day_of_week| DayInput {
        day_of_week,
        times: [Some("00:00"), Some("23:59:59"), Some("00:00"), Some("23:59:59")],
        is_open_enabled: true,
    };
    Week::parse("week", &(0..7).map(day).collect::<Vec<_>>(), &mut Validation::default()).unwrap()
}

/// A store open from 09:00 to 21:00, pickup from 18:00 to 20:00, but on Sundays.
pub fn new_store(name: &str) -> NewStore {
    let days: Vec<_> = (0..7)
        .map(|day_of_week| DayInput {
            day_of_week,
            times: [Some("09:00"), Some("21:00"), Some("18:00"), Some("20:00")],
            is_open_enabled: day_of_week != 6,
        })
        .collect();
    NewStore {
        id: StoreId::generate(&TestIds),
        name: name.to_owned(),
        introduction: "소개".to_owned(),
        phone: "02-1".to_owned(),
        sns: Sns { x: Some("https://x.example".into()), ..Sns::default() },
        address: Address {
            postal_code: "04000".into(),
            address: "서울".into(),
            detail_address: "1층".into(),
            sido: "서울".into(),
            sigungu: "마포구".into(),
            bname: "서교동".into(),
            lat: "37.5".into(),
            lng: "126.9".into(),
            nearest_station: None,
            walking_time: Some(3),
        },
        week: Week::parse("week", &days, &mut Validation::default()).unwrap(),
    }
}
