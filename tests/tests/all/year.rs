//! Days in a row, with trade between and runners that are killed at random. Here the week of a leap day; `just year` goes through 400.
#![allow(clippy::print_stdout, reason = "how many days it were")]

use cheapbob_domain::shared::kst;
use cheapbob_test_support::{Held, Person, RealServer, Shop, TestApp, eventually};
use chrono::{DateTime, Duration, Utc};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    budget::{Budget, number},
    notices::{choose, like, told},
    operator::beside,
    rollover::{ROLLOVER, morning, rolled_over},
};

/// Hours after noon at which a day's trade may be, and the price of a piece there, in won: 30 % off, and more by [`steps`].
const INSTANTS: [(i64, i64); 3] = [(0, 7_000), (3, 5_000), (8, 4_000)];

/// The shop's pickup ends with the day.
fn steps() -> Value {
    json!({ "steps": [{ "minutes_before_pickup_end": 600, "sale": 50 }, { "minutes_before_pickup_end": 300, "sale": 60 }] })
}

/// The first noon; the 29th of February is among the next days.
fn first_noon() -> DateTime<Utc> {
    "2028-02-25T12:00:00+09:00".parse().unwrap()
}

/// Moves the clock, and lets the ledger begin there: the rollovers of the years between would all be made up.
async fn begin(app: &TestApp, noon: DateTime<Utc>) {
    app.api.set_clock(noon).await;
    let runs = |which: &str| {
        format!(
            "SELECT count(*) AS n FROM tasks WHERE job = ANY ('{{{}}}') AND due_at {which} '{}'",
            ROLLOVER.join(","),
            noon - Duration::days(2)
        )
    };
    let (old, new) = (runs("<"), runs(">="));
    eventually("the ledger begins anew", 60, || async {
        // A tick that has read the ledger before goes on with the years between.
        if app.database.number(&old).await > 0 {
            app.database.sql("DELETE FROM tasks WHERE job IS NOT NULL").await;
        }
        (app.database.number(&new).await == ROLLOVER.len() as i64 && app.database.number(&old).await == 0).then_some(())
    })
    .await;
    rolled_over(app, morning(noon, 0)).await;
}

/// A day's trade, of which a piece costs `price` won: some collect, some cancel, some are forgotten by the store, some never pay. Gives
/// what was earned, in won, and who collected what.
async fn trade(app: &TestApp, shop: &Shop, random: &mut StdRng, price: i64) -> (i64, Vec<(Person, String)>) {
    let (mut earned, mut collected) = (0, Vec::new());
    for _ in 0..random.next_u32() % 4 {
        let customer = app.api.customer().await;
        let quantity = i64::from(random.next_u32() % 2) + 1;
        let paid = |held: Held| {
            assert_eq!(held.body["total_amount"], price * quantity, "{}", held.body);
            held.payment_id
        };
        match random.next_u32() % 4 {
            0 => drop(paid(customer.hold(&shop.product_id, quantity).await)),
            1 => drop(paid(customer.order(&shop.product_id, quantity).await)),
            2 => {
                let payment = paid(customer.order(&shop.product_id, quantity).await);
                customer.cancel(&payment).await.expect(200);
            }
            _ => {
                let payment = paid(customer.order(&shop.product_id, quantity).await);
                shop.accept(&payment).await.expect(200);
                let code = shop.code(&payment).await;
                customer.scan(&payment, &code).await.expect(200);
                earned += price * quantity;
                collected.push((customer, payment));
            }
        }
    }
    (earned, collected)
}

/// What those say who collected something the day before: it is in the archive by now. Some take it back. Gives the ratings that stay.
async fn review(collected: Vec<(Person, String)>, random: &mut StdRng) -> Vec<i64> {
    let mut ratings = Vec::new();
    for (customer, payment) in collected {
        let (said, rating) = (random.next_u32() % 4, i64::from(random.next_u32() % 5) + 1);
        if said == 0 {
            continue;
        }
        let path = format!("/api/v1/customer/orders/{payment}/review");
        customer.post(&path, &json!({ "rating": rating, "text": "또 올게요" })).await.expect(201);
        if said == 1 {
            customer.delete(&path).await.expect(204);
        } else {
            ratings.push(rating);
        }
    }
    ratings
}

/// The store is rated as its customers did, in all days together.
async fn is_rated(shop: &Shop, ratings: &[i64]) {
    let store = shop.seller.get("/api/v1/seller/store").await.expect(200);
    let (sum, count) = (ratings.iter().sum::<i64>(), ratings.len() as i64);
    // One decimal, half up.
    let tenths = (count > 0).then(|| (sum * 20 + count) / (count * 2));
    let shown = store["rating_average"].as_f64().map(|average| (average * 10.0).round() as i64);
    assert_eq!((shown, &store["rating_count"]), (tenths, &json!(count)), "{ratings:?}");
}

/// What customers paid and did not get back, by PortOne's books.
async fn kept(app: &TestApp) -> i64 {
    let won = |field: &str| format!("coalesce((payment->'amount'->>'{field}')::bigint, 0)");
    let paid = "payment->>'status' IN ('PAID', 'CANCELLED', 'PARTIAL_CANCELLED')";
    let sum = format!(
        "SELECT coalesce(sum({} - {}), 0)::bigint AS n FROM embedded.portone_payments WHERE {paid}",
        won("total"),
        won("cancelled")
    );
    app.database.number(&sum).await
}

/// What is kept of payments, wherever it is.
const HOLDS: &str =
    "(SELECT * FROM holds UNION SELECT r.* FROM embedded.payment_archive, jsonb_populate_record(NULL::holds, rows -> 'hold') r) h";
const REFUNDS: &str =
    "(SELECT * FROM refunds UNION SELECT r.* FROM embedded.payment_archive, jsonb_populate_record(NULL::refunds, nullif(rows -> 'refund', 'null')) r
    WHERE r.payment_id IS NOT NULL) r";
const ENTRIES: &str = "(SELECT * FROM audit_log UNION SELECT r.* FROM embedded.payment_archive, jsonb_populate_recordset(NULL::audit_log, rows -> 'audit_log') r) a";

/// As little as the setting allows.
const KEPT: i64 = 7;

/// What trade writes into PostgreSQL and jobs take out again. (Customers stay, and here each buys once.)
const TABLES: [&str; 7] = ["holds", "orders", "refunds", "audit_log", "inbox", "tasks", "idempotency_keys"];

/// Days after which it is no longer expected to grow: PortOne's messages are kept for thirty.
const STEADY: usize = 30;

/// Their size on disk with their indexes, in bytes. Vacuumed first, each day: so it does not depend on when autovacuum comes.
async fn size(app: &TestApp) -> i64 {
    // A transaction of its own: it cannot share one with anything.
    for table in TABLES {
        app.database.sql(&format!("VACUUM {table}")).await;
    }
    let sizes = TABLES.map(|table| format!("pg_total_relation_size('{table}')")).join(" + ");
    app.database.number(&format!("SELECT ({sizes})::bigint AS n")).await
}

/// The trade is the same each day: what is kept of it must not grow with the years.
fn stays_flat(sizes: &[i64], seed: u64) {
    let half = sizes.len() / 2;
    if half < STEADY {
        println!("{} days are too few to see whether PostgreSQL grows", sizes.len());
        return;
    }
    let (before, after) = (sizes[half - 1], *sizes[half..].iter().max().unwrap());
    println!("PostgreSQL's tables of trade: {before} bytes after {half} days, {after} at most in as many days more");
    assert!(after * 4 <= before * 5, "{before} bytes after {half} days, {after} later, seed {seed}: {sizes:?}");
}

/// What is left of it all, as counted rows: ids, people and instants differ from one world to the next.
async fn end_state(app: &TestApp, noon: DateTime<Utc>) -> Vec<String> {
    let counted =
        |name: &str, what: &str, from: &str| format!("SELECT concat_ws(' ', '{name}', count(*), {what}) FROM {from} GROUP BY {what}");
    let runs = format!("tasks WHERE job = ANY ('{{{}}}') AND due_at > '{noon}'", ROLLOVER.join(","));
    let archived =
        r#""order"->>'business_day', "order"->>'status', "order"->>'quantity', "order"->>'total_amount', "order"->>'cancel_reason'"#;
    let mut rows = Vec::new();
    for query in [
        counted("hold", "business_day, state, ended_because, quantity, total_amount", HOLDS),
        counted("order", "business_day, status, quantity, total_amount", "orders"),
        counted("archived", archived, "embedded.order_archive"),
        counted("refund", "reason, state", REFUNDS),
        counted("event", "event, detail", ENTRIES),
        counted("paid", "payment->>'status', payment->'amount'->>'total', payment->'amount'->>'cancelled'", "embedded.portone_payments"),
        counted("product", "initial_stock, adjustment, sold, held, stock_day", "products"),
        counted("mail", "subject", "embedded.mails"),
        counted("review", "rating, text", "reviews"),
        counted("notice", "business_day, kind, reached", "notices"),
        counted("run", "job, due_at, status", &runs),
    ] {
        rows.extend(app.database.texts(&query).await);
    }
    rows.sort();
    rows
}

/// One shop's days, from [`first_noon`] on.
struct Days {
    app: TestApp,
    shop: Shop,
    random: StdRng,
    seed: u64,
    /// Beside the one of this process; they are killed at random.
    runners: Vec<RealServer>,
    /// In won.
    earned: i64,
    /// Who collected what on the day before.
    collected: Vec<(Person, String)>,
    /// All that reviews say.
    ratings: Vec<i64>,
    /// After each day, in bytes.
    sizes: Vec<i64>,
}

impl Days {
    /// `fragile`: with two more runners.
    async fn begin(seed: u64, fragile: bool) -> Self {
        let app = TestApp::with(|settings| {
            settings.keep_payments = Duration::days(KEPT);
            // A year's calls in minutes.
            settings.rate_limits = false;
        })
        .await;
        begin(&app, first_noon()).await;
        let shop = app.api.shop(12).await;
        shop.seller.put(&format!("/api/v1/seller/store/products/{}/price-steps", shop.product_id), &steps()).await.expect(200);
        let fan = app.api.customer().await;
        like(&fan, &shop).await;
        choose(&fan, json!({ "by_mail": true, "by_push": false })).await.expect(200);
        let runners = if fragile { vec![runner(&app), runner(&app)] } else { Vec::new() };
        Self {
            app,
            shop,
            random: StdRng::seed_from_u64(seed),
            seed,
            runners,
            earned: 0,
            collected: Vec::new(),
            ratings: Vec::new(),
            sizes: Vec::new(),
        }
    }

    /// The trade of a day (the first is 0), and the night after it.
    async fn live(&mut self, day: i64) {
        let Self { app, shop, random, seed, runners, earned, collected, ratings, sizes } = self;
        let noon = first_noon();
        let (hours, price) = INSTANTS[random.next_u32() as usize % INSTANTS.len()];
        app.api.set_clock(noon + Duration::days(day) + Duration::hours(hours)).await;
        told(app).await;
        // Tokens live a week.
        shop.seller = app.api.person("seller", &shop.seller.email).await;
        ratings.extend(review(std::mem::take(collected), random).await);
        is_rated(shop, ratings).await;
        let holiday = random.next_u32().is_multiple_of(7);
        if holiday {
            shop.seller.patch("/api/v1/seller/store/close").await.expect(200);
            assert_eq!(app.api.customer().await.init(&shop.product_id, 1).await.refused(400), "store_closed_today");
        } else {
            let (more, by) = trade(app, shop, random, price).await;
            *earned += more;
            *collected = by;
        }
        let next = morning(noon, day + 1);
        app.api.set_clock(next).await;
        let (killed, which) = (random.next_u32().is_multiple_of(3), random.next_u32() as usize % 2);
        if let Some(which) = runners.get_mut(which).filter(|_| killed) {
            std::mem::replace(which, runner(app)).kill();
        }
        rolled_over(app, next).await;
        told(app).await;
        let earned = *earned;
        eventually("each order that nobody collected is paid back", 90, || async { (kept(app).await == earned).then_some(()) }).await;
        assert_eq!(app.services.products.oversold().await.unwrap(), 0, "day {day}, seed {seed}");
        let counted = app.database.count("products WHERE sold <> 0 OR held <> 0").await;
        assert_eq!(counted, 0, "a new day begins with nothing sold: day {day}, seed {seed}");
        // What was still open when the archive's job came (the clock jumps over the quarter of an hour between) goes with the next one.
        let today = kst::business_day(noon + Duration::days(day));
        let left = app.database.count(&format!("orders WHERE business_day < '{today}'")).await;
        assert_eq!(left, 0, "days before are in the archive: day {day}, seed {seed}");
        // A payment is watched for two days at most here, and the job comes once a day: however long the trade goes on, no more than so
        // many days of it are in PostgreSQL.
        let old = next - Duration::days(KEPT + 3);
        let old = format!("SELECT count(*) AS n FROM holds WHERE created_at < '{old}'");
        eventually("what is settled and old is in the archive", 90, || async { (app.database.number(&old).await == 0).then_some(()) })
            .await;
        sizes.push(size(app).await);
    }

    /// After so many days: what is left.
    async fn end(self, days: i64) -> Vec<String> {
        let Self { app, seed, runners: _runners, sizes, .. } = self;
        stays_flat(&sizes, seed);
        let noon = first_noon();
        for job in ROLLOVER {
            let mut runs = app.services.ledger.runs(job, days + 10).await.unwrap();
            runs.retain(|run| run.due_at > noon);
            let rolled_over: Vec<_> =
                runs.iter().rev().map(|run| (kst::business_day(run.due_at) - kst::business_day(noon)).num_days()).collect();
            assert_eq!(rolled_over, (1..=days).collect::<Vec<_>>(), "{job}, seed {seed}");
            assert!(runs.iter().all(|run| run.status == "done" && run.due_from == run.due_at), "{job}: {runs:?}");
        }
        assert_eq!(app.database.count("tasks WHERE status = 'dead'").await, 0);
        // A day without trade: whatever waited for a next rollover has had one.
        let rest = morning(noon, days + 1);
        app.api.set_clock(rest).await;
        rolled_over(&app, rest).await;
        let owed = "SELECT count(*) AS n FROM tasks WHERE job IS NULL AND status <> 'done'";
        // A runner that was killed at it keeps it for half a minute.
        let held = "SELECT count(*) AS n FROM holds WHERE state = 'held'";
        eventually("each hold has ended", 90, || async { (app.database.number(held).await == 0).then_some(()) }).await;
        eventually("the outbox is empty", 90, || async { (app.database.number(owed).await == 0).then_some(()) }).await;
        end_state(&app, noon).await
    }
}

fn runner(app: &TestApp) -> RealServer {
    let port = app.api.base.rsplit(':').next().unwrap().parse().unwrap();
    let settings = [beside(app), vec![("KEEP_PAYMENTS_DAYS", KEPT.to_string())]].concat();
    RealServer::spawn("cheapbob-jobs", port, &settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_day_is_rolled_over_once_whether_runners_die_or_not() {
    let seed = number("CHEAPBOB_SEED").unwrap_or(20_280_229);
    // The sixth begins on the first of March.
    let budget = Budget::new("CHEAPBOB_DAYS", 6, 12, std::time::Duration::from_secs(100));
    let (mut fragile, mut calm) = tokio::join!(Days::begin(seed, true), Days::begin(seed, false));
    let mut days = 0i64;
    while budget.allows(days.unsigned_abs()) {
        tokio::join!(fragile.live(days), calm.live(days));
        days += 1;
    }
    println!("{days} days, seed {seed}");
    let (fragile, calm) = tokio::join!(fragile.end(days), calm.end(days));
    let only = |these: &[String], those: &[String]| these.iter().filter(|row| !those.contains(row)).cloned().collect::<Vec<_>>();
    assert!(fragile == calm, "seed {seed}: only with kills: {:#?}, only without: {:#?}", only(&fragile, &calm), only(&calm, &fragile));
    let has = |what: &str| fragile.iter().any(|row| row.contains(what));
    assert!(["archived", "mail", "review", "notice"].into_iter().all(has), "{fragile:#?}");
}

#[test]
fn what_grows_is_seen() {
    let days = |each: fn(i64) -> i64| (0..60).map(each).collect::<Vec<_>>();
    stays_flat(&days(|day| 10_000 + 1_000 * day.min(STEADY as i64 - 1)), 0);
    stays_flat(&[1, 2, 3], 0);
    std::panic::catch_unwind(|| stays_flat(&days(|day| 10_000 + 1_000 * day), 0)).unwrap_err();
}
