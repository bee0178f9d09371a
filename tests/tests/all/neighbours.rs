//! One slow neighbour stops nobody: a part that hangs, a seller or a customer with more than their share, a row that somebody keeps
//! locked, a runner that stands still.
#![allow(clippy::print_stdout, reason = "how long it took")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use cheapbob_domain::{
    orders::ports::{Holds, Orders},
    shared::{PaymentId, StoreId},
};
use cheapbob_test_support::{Cluster, Held, Person, Shop, TestDatabase, Way, eventually, noon};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::interval};

/// The stock of a hold is free so soon after its end, and a refund that is due is done (contract; issue of slow neighbours).
const TEN_SECONDS: Duration = Duration::from_secs(10);

/// What PortOne tells is an order by then.
const TWO_SECONDS: Duration = Duration::from_secs(2);

/// What the machine may add to a figure by its noise alone.
const NOISE: Duration = Duration::from_secs(1);

/// Of a neighbour's trouble nobody may notice more than this.
fn undisturbed(what: &str, before: Duration, during: Duration, at_least: Duration) {
    println!("{what}: {before:?} before, {during:?} beside the slow neighbour");
    let limit = at_least.max(2 * before) + NOISE;
    assert!(during < limit, "{what} took {during:?}, {before:?} before");
}

/// A cluster on which no job but the frequent ones is due for minutes. Those of the start are over.
async fn cluster() -> Cluster {
    let cluster = Cluster::start().await;
    let now = noon() + chrono::Duration::seconds(31);
    cluster.api.set_clock(now).await;
    eventually("both processes go by it", 10, || async {
        let seen = join_all((0..6).map(|_| cluster.api.now())).await;
        seen.into_iter().all(|seen| seen < now + chrono::Duration::minutes(1)).then_some(())
    })
    .await;
    cluster.database.jobs_of_the_start().await;
    cluster
}

/// A customer who buys in a store of their own.
struct Stranger {
    shop: Shop,
    customer: Person,
}

impl Stranger {
    async fn new(cluster: &Cluster) -> Self {
        let (shop, customer) = (cluster.api.shop(1_000).await, cluster.api.customer().await);
        shop.connect_webhooks().await;
        Self { shop, customer }
    }

    /// From the end of a hold's time until its stock is free.
    async fn expiry(&self, cluster: &Cluster) -> Duration {
        let held = self.customer.hold(&self.shop.product_id, 1).await;
        let begun = Instant::now();
        let over = format!("UPDATE holds SET expires_at = created_at, next_look_at = created_at WHERE payment_id = '{}'", held.payment_id);
        cluster.database.sql(&over).await;
        row(cluster, "the hold ends", 30, &format!("holds WHERE payment_id = '{}' AND state = 'released'", held.payment_id)).await;
        begun.elapsed()
    }

    /// From a refund's next attempt until the money is back. The first one, while the customer waited, has failed.
    async fn refund(&self, cluster: &Cluster) -> Duration {
        let ordered = self.customer.order(&self.shop.product_id, 1).await;
        cluster.api.faults(json!([{ "on": "cancel", "do": "error500" }])).await;
        let canceled = self.customer.cancel(&ordered.payment_id).await.expect(200);
        assert_eq!(canceled["refund_status"], "pending", "{canceled}");
        let begun = Instant::now();
        cluster
            .database
            .sql(&format!("UPDATE refunds SET next_attempt_at = requested_at WHERE payment_id = '{}'", ordered.payment_id))
            .await;
        row(cluster, "the refund", 30, &format!("refunds WHERE payment_id = '{}' AND state = 'succeeded'", ordered.payment_id)).await;
        begun.elapsed()
    }

    /// From the payment, of which only PortOne's message tells, until it is an order.
    async fn webhook(&self, cluster: &Cluster) -> Duration {
        let held = self.customer.hold(&self.shop.product_id, 1).await;
        cluster.api.pay(&held).await;
        let begun = Instant::now();
        row(cluster, "the order", 90, &format!("orders WHERE payment_id = '{}'", held.payment_id)).await;
        begun.elapsed()
    }
}

/// Waits for a row like this.
async fn row(cluster: &Cluster, what: &str, seconds: u64, like: &str) {
    eventually(what, seconds, || async { (cluster.database.count(like).await > 0).then_some(()) }).await;
}

/// Forty mails wait for a mail server that hangs.
async fn forty_mails_wait(how: Way) {
    let cluster = cluster().await;
    let (shop, stranger) = (cluster.api.shop(1_000).await, Stranger::new(&cluster).await);
    let before = [stranger.expiry(&cluster).await, stranger.refund(&cluster).await, stranger.webhook(&cluster).await];
    cluster.smtp.set(how);
    let customers = join_all((0..4).map(|_| cluster.api.customer())).await;
    let (customers, product) = (&customers, &shop.product_id);
    stream::iter(0..40).for_each_concurrent(4, |n| async move { drop(customers[n % 4].order(product, 1).await) }).await;
    row(&cluster, "a mail was tried", 20, "tasks WHERE id LIKE 'mail:%' AND (status = 'running' OR attempts > 0)").await;
    let during = [stranger.expiry(&cluster).await, stranger.refund(&cluster).await, stranger.webhook(&cluster).await];
    let sent = cluster.database.count("tasks WHERE id LIKE 'mail:placed:%' AND status = 'done'").await;
    assert!(sent <= 2, "{sent} mails went to a mail server that hangs");
    for (n, (what, limit)) in [("a hold's end", TEN_SECONDS), ("a refund", TEN_SECONDS), ("a webhook", TWO_SECONDS)].into_iter().enumerate()
    {
        undisturbed(what, before[n], during[n], limit);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_accepts_and_says_nothing_stops_no_money() {
    forty_mails_wait(Way::Frozen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_answers_no_connection_stops_no_money() {
    forty_mails_wait(Way::Silent).await;
}

/// So many holds like this one, with ids of their own.
async fn copies(cluster: &Cluster, held: &Held, number: usize, changed: &str) {
    cluster
        .database
        .sql(&format!(
            "INSERT INTO holds SELECT (jsonb_populate_record(h, jsonb_build_object('payment_id', left(h.payment_id, 23) || lpad(n::text, 6, '0')) || {changed})).*
             FROM holds h, generate_series(1, {number}) n WHERE payment_id = '{}'",
            held.payment_id
        ))
        .await;
}

/// The id of such a copy.
fn copy(held: &Held, n: usize) -> String {
    format!("{}{n:06}", &held.payment_id[..23])
}

fn slow_portone(ms: u64) -> Value {
    json!([{ "on": "get", "do": "delay_ms", "ms": ms, "times": 100_000 }])
}

/// Four hundred payments of one seller, of each of which PortOne tells, and it takes a second to answer a question about one.
#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_one_seller_keep_no_other_waiting() {
    const MESSAGES: usize = 400;
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let cluster = cluster().await;
    let (shop, stranger) = (cluster.api.shop(1_000).await, Stranger::new(&cluster).await);
    shop.set_webhook_secret(SECRET).await;
    let customer = cluster.api.customer().await;
    let held = customer.hold(&shop.product_id, 1).await;
    customer.delete(&format!("/api/v1/customer/payment/init/{}", held.payment_id)).await.expect(200);
    copies(&cluster, &held, MESSAGES, "jsonb_build_object('next_look_at', null)").await;
    cluster.api.faults(slow_portone(1_000)).await;
    let before = stranger.webhook(&cluster).await;
    let (cluster, held, store) = (&cluster, &held, &shop.store_id);
    stream::iter(1..=MESSAGES)
        .for_each_concurrent(16, |n| async move {
            let message = json!({ "type": "Transaction.Paid", "timestamp": "2026-11-24T03:00:00.000Z",
                                  "data": { "storeId": "s", "paymentId": copy(held, n), "transactionId": "t" } });
            cluster.api.webhook(store, SECRET, &format!("WH-{n}"), &message).await.expect(200);
        })
        .await;
    let during = stranger.webhook(cluster).await;
    undisturbed("a webhook", before, during, TWO_SECONDS);
    let waiting = cluster.database.count("tasks WHERE id LIKE 'webhook:%' AND status IN ('pending', 'running')").await;
    assert!(waiting > 50, "only {waiting} messages still wait: this machine is too quick for so few");
}

/// What a customer leaves who begins and gives up thousands of times: payments to be looked at, all of them due before anybody else's.
#[tokio::test(flavor = "multi_thread")]
async fn payments_that_one_customer_gave_up_keep_nobodys_stock() {
    const GIVEN_UP: usize = 8_000;
    let cluster = cluster().await;
    let (shop, customer, stranger) = (cluster.api.shop(1_000).await, cluster.api.customer().await, Stranger::new(&cluster).await);
    cluster.api.faults(slow_portone(300)).await;
    let before = stranger.expiry(&cluster).await;
    let held = customer.hold(&shop.product_id, 1).await;
    customer.delete(&format!("/api/v1/customer/payment/init/{}", held.payment_id)).await.expect(200);
    copies(&cluster, &held, GIVEN_UP, "jsonb_build_object('next_look_at', h.created_at)").await;
    let during = stranger.expiry(&cluster).await;
    let due = cluster.database.count(&format!("holds WHERE store_id = '{}' AND next_look_at = created_at", shop.store_id)).await;
    assert!(due > 1_000, "only {due} payments are still due: this machine is too quick for so few");
    undisturbed("a hold's end", before, during, TEN_SECONDS - NOISE);
    // Their windows were never opened: a payment that was looked at is not looked at again.
    let done = format!("holds WHERE store_id = '{}' AND next_look_at IS NULL", shop.store_id);
    row(&cluster, "the first of them were looked at", 20, &done).await;
    let later = cluster.database.count(&format!("holds WHERE store_id = '{}' AND next_look_at > created_at", shop.store_id)).await;
    assert!(later < 300, "{later} payments are to be looked at again");
}

/// Two thousand holds of one store end at once, and PortOne takes long about each: the stock of another store is free in time.
#[tokio::test(flavor = "multi_thread")]
async fn holds_of_one_store_keep_nobodys_stock() {
    let cluster = cluster().await;
    let (shop, customer, stranger) = (cluster.api.shop(10_000).await, cluster.api.customer().await, Stranger::new(&cluster).await);
    let held = customer.hold(&shop.product_id, 1).await;
    cluster.api.faults(slow_portone(1_500)).await;
    cluster.database.sql(&format!("UPDATE products SET held = held + 2000 WHERE id = '{}'", shop.product_id)).await;
    copies(&cluster, &held, 2_000, "jsonb_build_object('expires_at', h.created_at, 'next_look_at', h.created_at)").await;
    row(&cluster, "the first of them end", 20, &format!("holds WHERE store_id = '{}' AND state = 'released'", shop.store_id)).await;
    let during = stranger.expiry(&cluster).await;
    println!("a hold's end: {during:?} beside two thousand of another store");
    assert!(during < TEN_SECONDS, "{during:?}");
    let still_held = cluster.database.count(&format!("holds WHERE store_id = '{}' AND state = 'held'", shop.store_id)).await;
    assert!(still_held > 200, "only {still_held} of them are still held: this machine is too quick for so few");
}

/// Four hundred refunds of one store are due, PortOne takes long about each and knows none of them: a refund of another store is done in
/// time.
#[tokio::test(flavor = "multi_thread")]
async fn refunds_of_one_store_keep_no_other_waiting() {
    const REFUNDS: usize = 400;
    let cluster = cluster().await;
    let (shop, customer, stranger) = (cluster.api.shop(1_000).await, cluster.api.customer().await, Stranger::new(&cluster).await);
    let flood = customer.order(&shop.product_id, 1).await;
    customer.cancel(&flood.payment_id).await.expect(200);
    let ordered = stranger.customer.order(&stranger.shop.product_id, 1).await;
    cluster.api.faults(json!([{ "on": "cancel", "do": "error500" }])).await;
    stranger.customer.cancel(&ordered.payment_id).await.expect(200);
    cluster
        .database
        .sql(&format!(
            "UPDATE refunds SET next_attempt_at = now() + interval '1 day' WHERE state <> 'succeeded' AND store_id = '{}'",
            stranger.shop.store_id
        ))
        .await;
    cluster.api.faults(slow_portone(1_500)).await;
    copies(&cluster, &flood, REFUNDS, "jsonb_build_object('state', 'refunded')").await;
    cluster
        .database
        .sql(&format!(
            "INSERT INTO refunds (payment_id, store_id, reason, state, attempts, requested_at, next_attempt_at)
             SELECT h.payment_id, h.store_id, 'late', 'unknown', 1, r.requested_at - interval '1 hour', r.requested_at - interval '1 hour'
             FROM holds h JOIN refunds r ON r.payment_id = '{}' WHERE h.store_id = r.store_id AND h.payment_id <> r.payment_id",
            flood.payment_id
        ))
        .await;
    let of_the_flood = |which: &str| format!("refunds WHERE store_id = '{}' AND {which}", shop.store_id);
    row(&cluster, "the first of them are tried", 20, &of_the_flood("state = 'failed'")).await;
    let begun = Instant::now();
    cluster.database.sql(&format!("UPDATE refunds SET next_attempt_at = requested_at WHERE payment_id = '{}'", ordered.payment_id)).await;
    row(&cluster, "the refund", 60, &format!("refunds WHERE payment_id = '{}' AND state = 'succeeded'", ordered.payment_id)).await;
    let during = begun.elapsed();
    println!("a refund: {during:?} beside {REFUNDS} of another store");
    let waiting = cluster.database.count(&of_the_flood("state = 'unknown'")).await;
    assert!(waiting > 100, "only {waiting} of them still wait: this machine is too quick for so few");
    assert!(during < TEN_SECONDS, "{during:?}");
}

/// Somebody keeps a product's row locked for twelve seconds. Who does not need it notices nothing; who needs it is told soon.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_product_stops_only_its_own_buyers() {
    const LOCKED: Duration = Duration::from_secs(12);
    const SOON: Duration = Duration::from_secs(4);
    let cluster = cluster().await;
    let (shop, buyer, stranger) = (cluster.api.shop(1_000).await, cluster.api.customer().await, Stranger::new(&cluster).await);
    let one_purchase = async || {
        let begun = Instant::now();
        stranger.customer.order(&stranger.shop.product_id, 1).await;
        stranger.customer.get("/api/v1/customer/orders/today").await.expect(200);
        stranger.shop.seller.get("/api/v1/seller/store/orders/today").await.expect(200);
        begun.elapsed()
    };
    let mut before = Duration::ZERO;
    for _ in 0..5 {
        before = before.max(one_purchase().await);
    }
    let mut somebody = AsyncPgConnection::establish(&cluster.database.url()).await.unwrap();
    somebody.batch_execute(&format!("BEGIN; SELECT 1 FROM products WHERE id = '{}' FOR UPDATE", shop.product_id)).await.unwrap();
    // Ten buyers a second, whatever became of those before.
    let locked = Arc::new(AtomicBool::new(true));
    let buyers = {
        let (locked, buyer, product) = (Arc::clone(&locked), buyer.clone(), shop.product_id.clone());
        tokio::spawn(async move {
            let (mut calls, mut next) = (JoinSet::new(), interval(Duration::from_millis(100)));
            while locked.load(Ordering::Relaxed) {
                next.tick().await;
                let (locked, buyer, product) = (Arc::clone(&locked), buyer.clone(), product.clone());
                calls.spawn(async move {
                    let asked = Instant::now();
                    let answer = buyer.init(&product, 1).await;
                    (locked.load(Ordering::Relaxed)).then(|| (answer.status, asked.elapsed()))
                });
            }
            calls.join_all().await.into_iter().flatten().collect::<Vec<_>>()
        })
    };
    let begun = Instant::now();
    let expired = stranger.expiry(&cluster).await;
    assert!(expired < TEN_SECONDS, "a hold's end took {expired:?}");
    let mut during = Duration::ZERO;
    while begun.elapsed() < LOCKED {
        during = during.max(one_purchase().await);
    }
    locked.store(false, Ordering::Relaxed);
    somebody.batch_execute("ROLLBACK").await.unwrap();
    let told = buyers.await.unwrap();
    assert!(!told.is_empty(), "nobody was told anything");
    for (status, after) in told {
        assert!(status == 503 && after < SOON, "{status} after {after:?}");
    }
    undisturbed("a purchase", before, during, Duration::ZERO);
    let next = cluster.api.customer().await;
    eventually("it can be bought again", 10, || async { (next.init(&shop.product_id, 1).await.status == 200).then_some(()) }).await;
}

/// Until so many of PortOne's bad answers are left.
async fn portone_was_asked(cluster: &Cluster, left: i64) {
    eventually("PortOne is asked", 40, || async {
        let times = cluster.database.number("SELECT coalesce(sum(times), 0)::bigint AS n FROM embedded.portone_faults").await;
        (times == left).then_some(())
    })
    .await;
}

/// A runner that stands still is taken for dead, and another one does its task. It wakes up in the midst of that, and ends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_was_taken_for_dead_does_not_end_the_run_of_the_one_that_took_over() {
    let mut cluster = cluster().await;
    let stranger = Stranger::new(&cluster).await;
    cluster.stop_jobs(1).await;
    // How long PortOne takes for each of the two.
    let (first, second) = (Duration::from_millis(1_500), Duration::from_millis(4_000));
    let slowly = |by: Duration| json!({ "on": "get", "do": "delay_ms", "ms": by.as_millis() });
    cluster.api.faults(json!([slowly(first), slowly(second)])).await;
    let held = stranger.customer.hold(&stranger.shop.product_id, 1).await;
    cluster.api.pay(&held).await;
    portone_was_asked(&cluster, 1).await;
    cluster.runner(0).freeze();
    let task = format!("tasks WHERE payload->>'payment_id' = '{}' AND payload->>'kind' = 'webhook'", held.payment_id);
    assert_eq!(cluster.database.count(&format!("{task} AND status = 'running'")).await, 1);
    cluster.database.sql("UPDATE tasks SET locked_at = locked_at - interval '31 seconds' WHERE status = 'running'").await;
    cluster.start_jobs(1);
    portone_was_asked(&cluster, 0).await;
    let begun = Instant::now();
    cluster.runner(0).thaw();
    // The sleeper has PortOne's answer, or has waited for it in vain: either way it is done with the task long before the other.
    eventually("the task's end", 30, || async {
        (cluster.database.count(&format!("{task} AND status <> 'running'")).await == 1).then_some(())
    })
    .await;
    assert!(begun.elapsed() > second - Duration::from_millis(1_000), "ended after {:?} by a runner that counted as dead", begun.elapsed());
    eventually("done", 30, || async { (cluster.database.count(&format!("{task} AND status = 'done'")).await == 1).then_some(()) }).await;
    assert_eq!(stranger.shop.history(&held.payment_id).await, ["held", "ordered"]);
}

/// However many lists of all days are asked for at once, and however slow they are: whoever buys finds a connection.
#[tokio::test(flavor = "multi_thread")]
async fn slow_reports_leave_connections_for_buying() {
    let database = TestDatabase::create().await;
    let postgres = Arc::new(database.postgres());
    let mut locking = AsyncPgConnection::establish(&database.url()).await.unwrap();
    locking.batch_execute("BEGIN; LOCK TABLE orders").await.unwrap();
    let mut reports = JoinSet::new();
    for _ in 0..40 {
        let postgres = Arc::clone(&postgres);
        reports.spawn(async move { Orders::all_of_store(&*postgres, &StoreId::trusted("STR_1".to_owned())).await });
    }
    let waiting = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    eventually("half of the connections wait for the lock", 10, || async { (database.number(waiting).await == 8).then_some(()) }).await;
    let begin = Instant::now();
    assert!(Holds::find(&*postgres, &PaymentId::trusted("PAY1".to_owned())).await.unwrap().is_none());
    assert!(begin.elapsed() < TWO_SECONDS, "{:?}", begin.elapsed());
    locking.batch_execute("ROLLBACK").await.unwrap();
    let done = reports.join_all().await;
    assert!(done.iter().any(|report| report.as_ref().is_ok_and(Vec::is_empty)));
}
