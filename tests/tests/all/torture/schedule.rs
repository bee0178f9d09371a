//! Random schedules: what customers, stores, PortOne, time and death may do, in any order and at once.

use cheapbob_adapters_embedded::sandbox::sign;
use cheapbob_domain::{
    orders::{Actor, CancelCommand, Canceled, Checkout, Delivery, KeyedCall, KeyedOutcome, KeyedRequest, StoredAnswer},
    products::ProductChange,
    shared::{Clock, Email, ErrorKind, PaymentId, Quantity, Result, Sale, Won},
    users::Role,
};
use chrono::{DateTime, Duration, Utc};
use futures::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::{
    portone::{FAULTS, Fault, Payment, Status},
    world::{Shop, WEBHOOK_SECRET, World, mortal},
};

/// How a payment ends at the window.
#[derive(Debug, Clone, Copy)]
enum Paying {
    Right,
    /// At a price of the store's, in force or not.
    Seen,
    OtherAmount,
    Dollars,
    Failed,
    Opened,
}

/// One thing that somebody does. Payments by their number in the schedule.
#[derive(Debug, Clone, Copy)]
enum Act {
    Checkout {
        customer: usize,
        quantity: i64,
        key: Option<u32>,
    },
    Pay {
        payment: usize,
        how: Paying,
    },
    Confirm {
        payment: usize,
    },
    GiveUp {
        payment: usize,
    },
    /// A message that PortOne has sent, perhaps before.
    Deliver {
        message: usize,
    },
    Accept {
        payment: usize,
    },
    Pickup {
        payment: usize,
    },
    CancelByCustomer {
        payment: usize,
        key: Option<u32>,
    },
    CancelByStore {
        payment: usize,
    },
    CloseStore,
    /// The store asks for another price.
    Reprice {
        price: i64,
    },
    /// The merchant cancels in PortOne's console.
    Console {
        payment: usize,
    },
    Decide {
        payment: usize,
        yes: bool,
    },
    Job(&'static str),
    Tasks(i32),
    /// Somebody takes the workers for dead, rightly or not.
    Revive,
    Later(i64),
    Trouble {
        on_get: bool,
        fault: Fault,
        times: usize,
    },
}

const JOBS: [&str; 5] = ["resolve_holds", "process_refunds", "end_pickups", "refund_open_orders", "reconcile"];

/// What the schedule knows of a payment.
#[derive(Clone)]
struct Known {
    id: PaymentId,
    customer: usize,
    quantity: i64,
    total: i64,
}

/// What the store asks for in turn, without a discount.
const PRICES: [i64; 2] = [7_000, 8_000];

/// What somebody was told, and must stay true.
#[derive(Debug, Clone)]
pub(super) enum Promise {
    /// confirm answered 200.
    Ordered(PaymentId),
    /// payment/init answered this under a key.
    Keyed { customer: usize, key: u32, answer: String },
}

pub(super) struct Schedule<'a> {
    pub(super) world: &'a World,
    pub(super) shop: Shop,
    pub(super) initial: i32,
    payments: Vec<Known>,
    messages: Vec<(String, PaymentId, &'static str)>,
    pub(super) promises: Vec<Promise>,
    /// What was done, for whoever has to find out why it went wrong.
    pub(super) log: Vec<String>,
    rng: StdRng,
}

/// What an act leaves to know.
enum Learnt {
    Nothing,
    Held(Known),
    Promise(Promise),
    HeldUnderKey(Known, Promise),
    Told(PaymentId, &'static str),
}

/// Steps of a schedule, each of one to four acts at once.
const STEPS: usize = 22;

impl<'a> Schedule<'a> {
    /// A schedule in a store of its own, beginning at `begin`.
    pub(super) async fn new(world: &'a World, seed: u64, begin: DateTime<Utc>) -> Self {
        world.clock.set(begin);
        world.ids.seed.store(seed, std::sync::atomic::Ordering::Relaxed);
        let mut rng = StdRng::seed_from_u64(seed);
        let initial = rng.random_range(1..6);
        let shop = world.shop(initial).await;
        Self { world, shop, initial, payments: Vec::new(), messages: Vec::new(), promises: Vec::new(), log: Vec::new(), rng }
    }

    pub(super) async fn run(&mut self) {
        for _ in 0..STEPS {
            let at_once = if self.rng.random_bool(0.35) { self.rng.random_range(2..5) } else { 1 };
            if at_once > 1 && self.rng.random_bool(0.3) {
                // What one of them hears is old when it acts on it.
                self.world.portone.plan(true, Fault::Delay, 1);
            }
            let acts: Vec<_> =
                (0..at_once).map(|_| (self.choose(), self.rng.random_bool(0.25).then(|| self.rng.random_range(1..9)))).collect();
            let this = &*self;
            let done = join_all(acts.iter().map(|(act, fuse)| mortal(*fuse, this.act(*act)))).await;
            for ((act, fuse), learnt) in acts.into_iter().zip(done) {
                let end = match (&learnt, fuse) {
                    (None, Some(fuse)) => format!(", died at place {fuse}"),
                    (Some(Err(error)), _) => format!(": {error}"),
                    _ => String::new(),
                };
                self.log.push(format!("{} {act:?}{end}", self.world.clock.now().format("%d %H:%M:%S")));
                if let Some(Ok(learnt)) = learnt {
                    self.learn(learnt);
                }
            }
        }
    }

    fn learn(&mut self, learnt: Learnt) {
        match learnt {
            Learnt::Nothing => {}
            Learnt::Held(known) => self.payments.push(known),
            Learnt::Promise(promise) => self.promises.push(promise),
            Learnt::HeldUnderKey(known, promise) => {
                if !self.payments.iter().any(|p| p.id == known.id) {
                    self.payments.push(known);
                }
                self.promises.push(promise);
            }
            Learnt::Told(payment, kind) => {
                let id = format!("WH-{}-{}", payment, self.messages.len());
                self.messages.push((id, payment, kind));
            }
        }
    }

    fn choose(&mut self) -> Act {
        let rng = &mut self.rng;
        let key = rng.random_bool(0.4).then(|| rng.random_range(0..3));
        let checkout = Act::Checkout { customer: rng.random_range(0..2), quantity: rng.random_range(1..3), key };
        if self.payments.is_empty() {
            return checkout;
        }
        // Mostly the latest: those can still change.
        let newest = self.payments.len() - 1;
        let payment = if rng.random_bool(0.7) { newest } else { rng.random_range(0..=newest) };
        match rng.random_range(0..100) {
            0..12 => checkout,
            12..24 => {
                let how = [
                    Paying::Right,
                    Paying::Right,
                    Paying::Right,
                    Paying::Seen,
                    Paying::OtherAmount,
                    Paying::Dollars,
                    Paying::Failed,
                    Paying::Opened,
                ];
                Act::Pay { payment, how: *how.choose(rng).unwrap() }
            }
            24..34 => Act::Confirm { payment },
            34..38 => Act::GiveUp { payment },
            38..48 if !self.messages.is_empty() => Act::Deliver { message: rng.random_range(0..self.messages.len()) },
            38..48 => Act::Tasks(2),
            48..55 => Act::Accept { payment },
            55..59 => Act::Pickup { payment },
            59..64 => Act::CancelByCustomer { payment, key },
            64..68 => Act::CancelByStore { payment },
            68 => Act::CloseStore,
            69 | 86..88 => Act::Console { payment },
            70 => Act::Reprice { price: *PRICES.choose(rng).unwrap() },
            71..74 => Act::Decide { payment, yes: rng.random_bool(0.6) },
            74..82 => Act::Job(JOBS.choose(rng).unwrap()),
            82..86 => Act::Tasks(rng.random_range(1..6)),
            88 => Act::Revive,
            89..95 => {
                let seconds = match rng.random_range(0..10) {
                    0 => -20,
                    1..5 => rng.random_range(1..60),
                    5..8 => rng.random_range(60..600),
                    8 => rng.random_range(600..7_200),
                    _ => rng.random_range(7_200..72_000),
                };
                Act::Later(seconds)
            }
            _ => {
                let fault = *FAULTS.choose(rng).unwrap();
                Act::Trouble { on_get: rng.random_bool(0.4), fault, times: rng.random_range(1..4) }
            }
        }
    }

    fn actor(&self, customer: Option<usize>) -> Actor {
        match customer {
            Some(n) => Actor::person(Role::Customer, self.shop.customers[n].clone(), "request".to_owned()),
            None => Actor::person(Role::Seller, self.shop.seller.clone(), "request".to_owned()),
        }
    }

    fn of(&self, payment: usize) -> (&PaymentId, &Email, Actor) {
        let known = &self.payments[payment];
        (&known.id, &self.shop.customers[known.customer], self.actor(Some(known.customer)))
    }

    async fn act(&self, act: Act) -> Result<Learnt> {
        let (services, seller, world) = (&self.world.services, &self.shop.seller, self.world);
        match act {
            Act::Checkout { customer, quantity, key } => return self.checkout(customer, quantity, key).await,
            Act::Pay { payment, how } => return Ok(self.pay(payment, how)),
            Act::Confirm { payment } => {
                let (id, customer, actor) = self.of(payment);
                return services.checkout.confirm(customer, id, &actor).await.map(|id| Learnt::Promise(Promise::Ordered(id)));
            }
            Act::GiveUp { payment } => {
                let (id, customer, actor) = self.of(payment);
                services.checkout.release(customer, id, &actor).await?;
            }
            Act::Deliver { message } => {
                let (id, payment, kind) = &self.messages[message];
                let body = serde_json::json!({ "type": kind, "data": { "paymentId": payment.as_str() } }).to_string();
                let timestamp = world.clock.now().timestamp().to_string();
                let signature = sign(WEBHOOK_SECRET, id, &timestamp, &body)?;
                let delivery = Delivery {
                    store: self.shop.store.to_string(),
                    id: Some(id.clone()),
                    timestamp: Some(timestamp),
                    signature: Some(signature),
                    body: body.into_bytes(),
                };
                let (store, message) = services.webhooks.verify(&delivery).await?;
                services.webhooks.take(&store, &message, "").await?;
            }
            Act::Accept { payment } => {
                services.orders.accept(seller, self.of(payment).0, &self.actor(None)).await?;
            }
            Act::Pickup { payment } => {
                let (id, customer, actor) = self.of(payment);
                let code = services.pickup.code(seller, id).await?.qr_data;
                services.pickup.complete(customer, id, &code, &actor).await?;
            }
            Act::CancelByCustomer { payment, key } => return self.cancel(payment, key).await,
            Act::CancelByStore { payment } => {
                let command = CancelCommand { reason: None, actor: &self.actor(None) };
                services.cancel.by_store(seller, self.of(payment).0, command).await?;
            }
            Act::CloseStore => {
                services.cancel.close_store(seller, &self.actor(None)).await?;
            }
            Act::Reprice { price } => {
                let change = ProductChange { price: Some(Won(price)), sale: Some(Sale::NONE), ..ProductChange::default() };
                services.products.change(seller, &self.shop.product, &change).await?;
            }
            Act::Console { payment } => {
                let id = self.of(payment).0;
                if world.portone.cancel_by_hand(id.as_str()) {
                    return Ok(Learnt::Told(id.clone(), "Transaction.Cancelled"));
                }
            }
            Act::Decide { payment, yes } => {
                let id = self.of(payment).0;
                if world.portone.decide(id.as_str(), yes) && yes {
                    return Ok(Learnt::Told(id.clone(), "Transaction.Cancelled"));
                }
            }
            Act::Job(name) => world.job(name).await,
            Act::Tasks(limit) => {
                world.work(limit).await;
            }
            Act::Revive => services.tasks.heartbeat(&[], 0, world.clock.now()).await?,
            Act::Later(seconds) => world.clock.advance(Duration::seconds(seconds)),
            Act::Trouble { on_get, fault, times } => world.portone.plan(on_get, fault, times),
        }
        Ok(Learnt::Nothing)
    }

    /// As `http` does it, with a key or without.
    async fn checkout(&self, customer: usize, quantity: i64, key: Option<u32>) -> Result<Learnt> {
        let services = &self.world.services;
        let (me, pieces) = (&self.shop.customers[customer], Quantity::parse(quantity).unwrap());
        let name = key.map(|key| (format!("checkout-{key}"), format!("checkout {quantity}")));
        let request = name.as_ref().map(|(key, request)| KeyedRequest { account: me, key, request });
        let actor = self.actor(Some(customer));
        let work = async |call: Option<&KeyedCall>| services.checkout.checkout(me, &self.shop.product, pieces, &actor, call).await;
        let answer = |made: &Result<Checkout>| match made {
            Ok(made) => Some(StoredAnswer { status: 200, body: made.payment_id.to_string() }),
            Err(error) if error.kind() == ErrorKind::Refused => Some(StoredAnswer { status: 400, body: error.to_string() }),
            Err(_) => None,
        };
        let made = match (services.idempotency.run(request, work, answer).await?, key) {
            (KeyedOutcome::Done(made), _) => made,
            (KeyedOutcome::Replayed(answer), Some(key)) => {
                return Ok(Learnt::Promise(Promise::Keyed { customer, key, answer: answer.body }));
            }
            (KeyedOutcome::Replayed(_), None) => unreachable!("without a key nothing is replayed"),
        };
        let known = Known { id: made.payment_id.clone(), customer, quantity, total: made.total_amount.0 };
        Ok(match key {
            Some(key) => Learnt::HeldUnderKey(known, Promise::Keyed { customer, key, answer: made.payment_id.to_string() }),
            None => Learnt::Held(known),
        })
    }

    async fn cancel(&self, payment: usize, key: Option<u32>) -> Result<Learnt> {
        let services = &self.world.services;
        let (id, customer, actor) = self.of(payment);
        let name = key.map(|key| format!("cancel-{key}"));
        let request = name.as_ref().map(|key| KeyedRequest { account: customer, key, request: id.as_str() });
        let work = async |_: Option<&KeyedCall>| {
            let command = CancelCommand { reason: None, actor: &actor };
            services.cancel.by_customer(customer, id, command).await
        };
        let answer = |done: &Result<Canceled>| Some(StoredAnswer { status: if done.is_ok() { 200 } else { 400 }, body: String::new() });
        services.idempotency.run(request, work, answer).await.map(|_| Learnt::Nothing)
    }

    fn pay(&self, payment: usize, how: Paying) -> Learnt {
        let Known { id, total, quantity, .. } = &self.payments[payment];
        let right = Payment {
            store_id: self.shop.portone_store.clone(),
            currency: "KRW",
            total: *total,
            status: Status::Paid,
            cancelled: 0,
            times: 0,
            pending: false,
        };
        let (payment, kind) = match how {
            Paying::Right => (right, "Transaction.Paid"),
            Paying::Seen => (Payment { total: PRICES[1] * quantity, ..right }, "Transaction.Paid"),
            Paying::OtherAmount => (Payment { total: total + 100, ..right }, "Transaction.Paid"),
            Paying::Dollars => (Payment { currency: "USD", ..right }, "Transaction.Paid"),
            Paying::Failed => (Payment { status: Status::Failed, ..right }, "Transaction.Failed"),
            Paying::Opened => (Payment { status: Status::Ready, ..right }, "Transaction.Ready"),
        };
        if self.world.portone.pay(id.as_str(), payment) { Learnt::Told(id.clone(), kind) } else { Learnt::Nothing }
    }
}
