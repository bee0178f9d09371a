//! `just overload`: a dinner rush that does not wait for answers (open loop), at half, once, twice and four times of what was served.
//!
//! The rate of arrivals is fixed and a latency counts from the instant at which the request was to begin, so that a server that stands
//! still is not spared the requests that it keeps from coming. The arrivals have cores of their own, http and its servers share the rest:
//! ratios are worth something.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for the terminal that stops where it cannot go on")]

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use cheapbob_domain::{
    shared::Email,
    users::{Account, Role, SessionTokens},
};
use cheapbob_test_support::{RealServer, TestDatabase, redis_url};
use futures::future::join_all;
use hdrhistogram::Histogram;
use jsonwebtoken::Algorithm;
use reqwest::{Client, StatusCode};
use secrecy::SecretString;
use serde_json::json;
use tokio::{sync::mpsc, time::sleep_until};

const STORES: usize = 500;
/// More than calls are made: whoever calls a second time asks for something else, since a checkout then takes the place of the one before.
const CUSTOMERS: usize = 300_000;
const SECRET: &str = "a secret of the benchmark, of no other use";

/// Callers of the closed loop that finds out what can be served.
const CALLERS: usize = 64;

/// Times of that.
const LOADS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Search,
    Today,
    Init,
    /// Of a payment that nobody has paid: it is looked for, and PortOne is not asked.
    Confirm,
}

impl Call {
    /// Of twenty calls: eight searches, five checkouts, five lists, two confirmations.
    fn nth(n: usize) -> Self {
        match n % 20 {
            0 | 2 | 5 | 7 | 10 | 12 | 15 | 17 => Self::Search,
            1 | 6 | 11 | 14 | 18 => Self::Init,
            3 | 13 => Self::Confirm,
            _ => Self::Today,
        }
    }

    /// Whether it is refused last.
    fn is_promised(self) -> bool {
        self == Self::Confirm
    }
}

struct Rush {
    client: Client,
    base: String,
    tokens: Vec<String>,
    next: AtomicUsize,
}

/// What became of a call.
struct Answer {
    call: Call,
    status: Option<StatusCode>,
    /// Since it was to begin.
    after: Duration,
}

impl Rush {
    async fn call(&self, begin: Instant) -> Answer {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let call = Call::nth(n);
        let url = |path: &str| format!("{}/api/v1/customer/{path}", self.base);
        let request = match call {
            Call::Search => self.client.get(url(&format!("search/stores?page={}", n % 50))),
            Call::Today => self.client.get(url("orders/today")),
            Call::Init => {
                let product = format!("PRD_{:026}", n % STORES + 1);
                self.client.post(url("payment/init")).json(&json!({ "product_id": product, "quantity": 1 }))
            }
            Call::Confirm => self.client.post(url("payment/confirm")).json(&json!({ "payment_id": format!("PAY{n:026}") })),
        };
        let answer = request.bearer_auth(&self.tokens[n % self.tokens.len()]).send().await;
        let status = answer.as_ref().ok().map(reqwest::Response::status);
        if let Ok(answer) = answer {
            // Read to its end, so that the connection serves the next.
            let _ = answer.bytes().await;
        }
        Answer { call, status, after: begin.elapsed() }
    }

    /// Answers a second of callers that each wait for their answer.
    async fn capacity(&self, seconds: u64) -> f64 {
        let end = Instant::now() + Duration::from_secs(seconds);
        let answered = join_all((0..CALLERS).map(|_| async {
            let mut answered = 0;
            while Instant::now() < end {
                let answer = self.call(Instant::now()).await;
                answered += usize::from(answer.status.is_some_and(|status| status != StatusCode::SERVICE_UNAVAILABLE));
            }
            answered
        }));
        answered.await.into_iter().sum::<usize>() as f64 / seconds as f64
    }
}

/// What came of a while at a fixed rate.
struct Measured {
    good: Histogram<u64>,
    refused: Histogram<u64>,
    refused_promises: usize,
    promises: usize,
    broken: usize,
}

/// `rate` calls a second, whatever becomes of them.
async fn rush(rush: &Arc<Rush>, rate: f64, seconds: f64) -> Measured {
    let (tell, mut told) = mpsc::unbounded_channel();
    let begin = Instant::now();
    let sender = {
        let rush = Arc::clone(rush);
        tokio::spawn(async move {
            for n in 0..(rate * seconds) as u64 {
                let start = begin + Duration::from_secs_f64(n as f64 / rate);
                sleep_until(start.into()).await;
                let (rush, tell) = (Arc::clone(&rush), tell.clone());
                tokio::spawn(async move { tell.send(rush.call(start).await) });
            }
        })
    };
    let histogram = || Histogram::new_with_bounds(1, 120_000_000, 3).unwrap();
    let mut measured = Measured { good: histogram(), refused: histogram(), refused_promises: 0, promises: 0, broken: 0 };
    while let Some(Answer { call, status, after }) = told.recv().await {
        let micros = (after.as_micros() as u64).max(1);
        measured.promises += usize::from(call.is_promised());
        match status {
            Some(StatusCode::SERVICE_UNAVAILABLE) => {
                measured.refused.saturating_record(micros);
                measured.refused_promises += usize::from(call.is_promised());
            }
            Some(status) if !status.is_server_error() => measured.good.saturating_record(micros),
            _ => measured.broken += 1,
        }
    }
    sender.await.unwrap();
    measured
}

/// Leaves the cores that the servers and http were started on to them: a generator that takes from them what they need measures itself.
fn step_aside() {
    let Ok(cores) = std::env::var("CHEAPBOB_GENERATOR_CORES") else { return };
    let moved = Command::new("taskset").args(["--all-tasks", "--cpu-list", "--pid", &cores, &std::process::id().to_string()]).output();
    assert!(moved.unwrap().status.success(), "no cores {cores}");
}

#[tokio::main]
async fn main() {
    let seconds: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(10);
    let database = TestDatabase::create().await;
    database.stores(1, STORES).await;
    let redis = url::Url::parse(&redis_url()).unwrap();
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("REDIS_HOST", "127.0.0.1".to_owned()),
        ("REDIS_PORT", redis.port().unwrap().to_string()),
        ("RUST_LOG", "error".to_owned()),
        ("JWT_SECRET", SECRET.to_owned()),
        // All from one address, and more than people would.
        ("RATE_LIMITS", "off".to_owned()),
    ];
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    step_aside();
    let made = "2026-01-01T00:00:00Z";
    database
        .sql(&format!(
            "INSERT INTO accounts SELECT 'c' || n || '@bench.example', 'customer', true, true, '{made}' FROM generate_series(1, {CUSTOMERS}) n;
             INSERT INTO customers SELECT email, '길동', '01012345678', '{made}', '{made}' FROM accounts WHERE email LIKE 'c%@bench.example'"
        ))
        .await;
    let now = server.api.now().await;
    let signed = SessionTokens::new(&SecretString::from(SECRET), None, Algorithm::HS256, chrono::Duration::days(7));
    let tokens = (1..=CUSTOMERS).map(|n| {
        let email = Email::parse(&format!("c{n}@bench.example")).unwrap();
        let account = Account::new(email, Role::Customer, true, made.parse().unwrap());
        signed.begin(&format!("bench-{n}"), &account, false, now).unwrap().token
    });
    let the_rush = Arc::new(Rush {
        client: Client::builder().pool_max_idle_per_host(4_096).timeout(Duration::from_secs(60)).build().unwrap(),
        base: server.api.base.replace("localhost", "127.0.0.1"),
        tokens: tokens.collect(),
        next: AtomicUsize::new(0),
    });
    the_rush.capacity(3).await;
    let capacity = the_rush.capacity(seconds).await;
    println!("served to {CALLERS} callers who wait: {capacity:.0} a second\n");
    println!(
        "{:<12}{:>10}{:>10}{:>12}{:>12}{:>12}{:>16}{:>10}",
        "arrivals", "served/s", "of peak", "p50, ms", "p99, ms", "p99 of 503", "promised: 503", "broken"
    );
    let ms = |histogram: &Histogram<u64>, quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
    let mut peak = 0.0_f64;
    let mut show = |name: String, measured: &Measured, seconds: f64| {
        let served = measured.good.len() as f64 / seconds;
        peak = peak.max(served);
        println!(
            "{name:<12}{served:>10.0}{:>9.0}%{:>12.1}{:>12.1}{:>12.1}{:>15.1}%{:>10}",
            served / peak * 100.0,
            ms(&measured.good, 0.5),
            ms(&measured.good, 0.99),
            ms(&measured.refused, 0.99),
            measured.refused_promises as f64 / measured.promises.max(1) as f64 * 100.0,
            measured.broken
        );
    };
    for load in LOADS {
        let measured = rush(&the_rush, capacity * load, seconds as f64).await;
        show(format!("{load}×"), &measured, seconds as f64);
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = rush(&the_rush, capacity * 0.5, seconds as f64).await;
    show("0.5× after".to_owned(), &after, seconds as f64);
}
