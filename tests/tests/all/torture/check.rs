//! What must be true when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use cheapbob_domain::shared::Clock;
use cheapbob_test_support::TestDatabase;
use chrono::Duration;

use super::{
    portone::Status,
    schedule::{Promise, Schedule},
};

/// Rounds until everything must have come to rest: the last look at a payment is up to two days after its hold.
const ROUNDS: usize = 60;

/// A payment in PortOne's books, whoever plays PortOne.
#[derive(Debug, Clone)]
pub(super) struct Booked {
    /// Money came.
    pub(super) paid: bool,
    pub(super) total: i64,
    pub(super) cancelled: i64,
    /// Cancellations that were done.
    pub(super) times: usize,
}

/// A store at rest: our books are in the database, the others here.
pub(super) struct Evidence {
    pub(super) store: String,
    /// What the store put out of its product.
    pub(super) initial: i64,
    pub(super) books: BTreeMap<String, Booked>,
    /// Names of the events of which mails came to the store's customers.
    pub(super) mails: BTreeSet<String>,
}

impl Schedule<'_> {
    /// Lets time pass with PortOne well and the jobs running, until nothing is left to do.
    pub(super) async fn rest(&self) -> Result<(), String> {
        self.world.portone.heal();
        for round in 0..ROUNDS {
            // From minutes to hours, and then to the end of the week for which a payment is watched whose window stays open.
            self.world.clock.advance(Duration::minutes(match round {
                0..6 => 2,
                6..30 => 60,
                _ => 360,
            }));
            self.world.services.tasks.heartbeat(&[], 0, self.world.clock.now()).await.map_err(|e| e.to_string())?;
            for job in ["end_pickups", "refund_open_orders", "resolve_holds", "process_refunds", "reconcile"] {
                self.world.job(job).await;
            }
            // What changed at PortOne long after the payment is found at night.
            if round % 8 == 0 {
                self.world.job("reconcile_nightly").await;
            }
            while self.world.work(20).await > 0 {}
            if self.open().await.is_empty() {
                self.world.job("reconcile_nightly").await;
                return Ok(());
            }
        }
        Err(format!("still to do: {}", self.open().await.join(", ")))
    }

    async fn open(&self) -> Vec<String> {
        let store = &self.shop.store;
        self.world
            .database
            .texts(&format!(
                "SELECT 'look at ' || payment_id || ' at ' || next_look_at FROM holds WHERE store_id = '{store}' AND next_look_at IS NOT NULL
                 UNION SELECT state || ' refund of ' || payment_id || ': ' || coalesce(last_answer, '') FROM refunds
                     WHERE store_id = '{store}' AND state <> 'succeeded'
                 UNION SELECT status || ' order ' || payment_id FROM orders WHERE store_id = '{store}' AND status IN ('reservation', 'accept')
                 UNION SELECT status || ' task ' || id || ': ' || coalesce(last_error, '') FROM tasks WHERE status IN ('pending', 'running')"
            ))
            .await
    }

    /// Every rule that is broken.
    pub(super) async fn wrong(&self) -> Vec<String> {
        let booked =
            |p: super::portone::Payment| Booked { paid: p.status == Status::Paid, total: p.total, cancelled: p.cancelled, times: p.times };
        let books = self.world.portone.of_store(&self.shop.portone_store).into_iter().map(|(id, p)| (id, booked(p))).collect();
        let mine: BTreeSet<_> = self.shop.customers.iter().map(ToString::to_string).collect();
        let mails = {
            let mails = self.world.mails.0.lock().unwrap();
            mails.iter().filter(|(_, to)| mine.contains(*to)).map(|(id, _)| id.clone()).collect()
        };
        let evidence = Evidence { store: self.shop.store.to_string(), initial: self.initial.into(), books, mails };
        let mut wrong = wrong(&self.world.database, &evidence).await;
        wrong.extend(self.broken_promises().await);
        wrong
    }

    /// What people were told, and is not so.
    async fn broken_promises(&self) -> Vec<String> {
        let query = format!("SELECT payment_id FROM {ORDERS} WHERE store_id = '{}'", self.shop.store);
        let orders: BTreeSet<_> = self.world.database.texts(&query).await.into_iter().collect();
        let mut answers = BTreeMap::new();
        let broken = self.promises.iter().filter_map(|promise| match promise {
            Promise::Ordered(id) => (!orders.contains(id.as_str())).then(|| format!("{id} was confirmed and is no order")),
            Promise::Keyed { customer, key, answer } => {
                let first = answers.entry((*customer, *key)).or_insert_with(|| answer.clone());
                (first != answer).then(|| format!("key {key} of customer {customer} was answered {first} and {answer}"))
            }
        });
        broken.collect()
    }
}

/// Today's orders and the archive's, each once.
pub(super) const ORDERS: &str = "(SELECT * FROM orders UNION SELECT r.* FROM embedded.order_archive a
    CROSS JOIN jsonb_populate_record(NULL::orders, a.\"order\") r
    WHERE NOT EXISTS (SELECT 1 FROM orders WHERE payment_id = a.payment_id)) o";

/// Every rule that is broken in this store: money, stock, mails, audit log.
pub(super) async fn wrong(database: &TestDatabase, Evidence { store, initial, books, mails }: &Evidence) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let orders: BTreeMap<_, _> = database
        .texts(&format!("SELECT payment_id || ' ' || status || ' ' || total_amount FROM {ORDERS} WHERE store_id = '{store}'"))
        .await
        .into_iter()
        .map(|row| {
            let mut words = row.split(' ').map(str::to_owned);
            (words.next().unwrap(), (words.next().unwrap(), words.next().unwrap().parse::<i64>().unwrap()))
        })
        .collect();
    // Handed out before anybody knew that PortOne's side had taken the money back: nothing can be mended, and it is said.
    let reported: BTreeSet<_> = database
        .texts(&format!("SELECT payment_id FROM audit_log WHERE store_id = '{store}' AND event = 'discrepancy'"))
        .await
        .into_iter()
        .collect();

    // Σ paid − Σ refunded in PortOne's books = Σ of the orders that count; each payment is one order or one whole refund.
    let kept: i64 = books.values().filter(|p| p.paid).map(|p| p.total - p.cancelled).sum();
    let counts = |id: &String| orders.get(id).filter(|(status, _)| status != "cancel");
    let sold: i64 = orders.keys().filter(|id| !reported.contains(*id)).filter_map(counts).map(|(_, total)| total).sum();
    check(kept == sold, format!("{kept} won are in PortOne's books, orders are worth {sold}"));
    for (id, payment) in books {
        let order = counts(id).is_some();
        let fine = match payment.paid {
            true if reported.contains(id) => order && payment.cancelled == payment.total,
            true if order => payment.cancelled == 0,
            true => payment.cancelled == payment.total,
            false => !orders.contains_key(id),
        };
        check(fine, format!("{id}: {payment:?}, an order that counts: {order}"));
        check(payment.times <= 1, format!("{id} was cancelled {} times", payment.times));
    }
    for id in orders.keys() {
        check(books.contains_key(id), format!("{id} is an order without a payment"));
    }
    let none = async |what: &str, query: &str| {
        let number = database.count(query).await;
        (number != 0).then(|| format!("{what}: {number}"))
    };
    let rules = [
        none(
            "orders that count and are refunded",
            &format!("refunds r JOIN {ORDERS} USING (payment_id) WHERE o.store_id = '{store}' AND o.status <> 'cancel'"),
        )
        .await,
        none("refunds without their amount", &format!("refunds WHERE store_id = '{store}' AND (amount IS NULL OR state <> 'succeeded')")).await,
        none(
            "orders canceled without a refund",
            &format!("orders o WHERE store_id = '{store}' AND status = 'cancel' AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = o.payment_id)"),
        )
        .await,
        // An order canceled on its own business day gave its stock back.
        none(
            "products whose stock does not add up",
            &format!(
                "products p WHERE p.store_id = '{store}' AND (p.held <> 0 OR p.initial_stock <> {initial}
                 OR p.initial_stock + p.adjustment - p.sold < 0
                 OR p.sold <> (SELECT coalesce(sum(quantity), 0) FROM {ORDERS} WHERE o.product_id = p.id AND o.business_day >= p.stock_day AND (o.canceled_at IS NULL
                               OR (o.canceled_at AT TIME ZONE 'Asia/Seoul' - interval '4 hours')::date <> o.business_day)))"
            ),
        )
        .await,
        none(
            "orders of which the audit log tells another story",
            &format!(
                "orders o WHERE store_id = '{store}' AND EXISTS (
                     SELECT 1 FROM (VALUES ('ordered', true), ('accepted', o.accepted_at IS NOT NULL), ('completed', o.completed_at IS NOT NULL),
                                           ('canceled', o.canceled_at IS NOT NULL)) e (event, happened)
                     WHERE (SELECT count(*) FROM audit_log a WHERE a.payment_id = o.payment_id AND a.event = e.event) <> e.happened::int)"
            ),
        )
        .await,
    ];
    wrong.extend(rules.into_iter().flatten());

    // A mail for each event, and no other; one that a later mail of its order has overtaken is not sent.
    let events: BTreeSet<_> = database
        .texts(&format!(
            "SELECT 'placed-' || payment_id FROM {ORDERS} WHERE store_id = '{store}'
             UNION SELECT 'accepted-' || payment_id FROM {ORDERS} WHERE store_id = '{store}' AND accepted_at IS NOT NULL
             UNION SELECT 'canceled-' || payment_id FROM {ORDERS} WHERE store_id = '{store}' AND status = 'cancel'"
        ))
        .await
        .into_iter()
        .collect();
    let is_sent = |name: &str, payment: &str| mails.contains(&format!("{name}-{payment}"));
    let is_told = |event: &String| match event.split_once('-') {
        Some(("placed", payment)) => ["placed", "accepted", "canceled"].iter().any(|name| is_sent(name, payment)),
        Some(("accepted", payment)) => ["accepted", "canceled"].iter().any(|name| is_sent(name, payment)),
        _ => mails.contains(event),
    };
    if !mails.is_subset(&events) || !events.iter().all(is_told) {
        wrong.push(format!("mails {mails:?}, events {events:?}"));
    }
    wrong
}
