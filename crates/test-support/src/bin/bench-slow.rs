//! `just bench-slow`: what ordinary customers notice of callers who keep us waiting, and what those take of memory.
//!
//! Everything shares this machine's cores, the attackers' own work too: ratios are worth something.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for the terminal that stops where it cannot go on")]

use std::time::{Duration, Instant};

use cheapbob_test_support::{Person, RealServer, TestDatabase, fresh_email};
use futures::future::join_all;
use hdrhistogram::Histogram;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{interval, sleep},
};

/// Ordinary customers, each with a call every 50 ms.
const CUSTOMERS: usize = 50;

/// Slow bodies, and as many readers who do not read.
const SLOW: usize = 2_000;

const BODY: &str = "POST /api/v1/auth/kakao/unlink HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n";
const ANSWER: &str = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n";

/// Says `first` and then a byte each second, reads nothing, and begins anew where the connection is closed.
async fn attack(address: String, first: &'static str) {
    loop {
        let Ok(mut line) = TcpStream::connect(&address).await else {
            sleep(Duration::from_secs(1)).await;
            continue;
        };
        let mut ticks = interval(Duration::from_secs(1));
        let mut said = line.write_all(first.as_bytes()).await;
        while said.is_ok() {
            ticks.tick().await;
            said = line.write_all(b"x").await;
        }
    }
}

/// Latencies of ordinary calls in microseconds, and how many were refused or lost.
async fn measure(customers: &[Person], seconds: u64) -> (Histogram<u64>, u64) {
    let end = Instant::now() + Duration::from_secs(seconds);
    let calls = customers.iter().map(|customer| async move {
        let (mut latencies, mut bad) = (Vec::new(), 0);
        let mut ticks = interval(Duration::from_millis(50));
        while Instant::now() < end {
            ticks.tick().await;
            let begun = Instant::now();
            let answer = customer.api.try_call(reqwest::Method::GET, "/api/v1/customer/search/stores", Some(&customer.token), None).await;
            latencies.push(begun.elapsed().as_micros() as u64);
            bad += u64::from(!answer.is_ok_and(|answer| answer.status == 200));
        }
        (latencies, bad)
    });
    let mut histogram = Histogram::new_with_bounds(1, 120_000_000, 3).unwrap();
    let mut bad = 0;
    for (latencies, of_one) in join_all(calls).await {
        latencies.into_iter().for_each(|latency| histogram.saturating_record(latency.max(1)));
        bad += of_one;
    }
    (histogram, bad)
}

/// In MB, at most so far.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::main]
async fn main() {
    let seconds = std::env::args().nth(1).map_or(20, |seconds| seconds.parse().expect("seconds for each measurement"));
    let connections = cheapbob_http::room_for_connections();
    assert!(connections > 2 * SLOW + CUSTOMERS, "ulimit -n allows {connections} connections; more than {} are needed", 2 * SLOW);
    let database = TestDatabase::create().await;
    let settings = [("DATABASE_URL", database.url()), ("RATE_LIMITS", "off".to_owned()), ("RUST_LOG", "off".to_owned())];
    let port = RealServer::free_port();
    let server = RealServer::http(port, &settings).await;
    let customers = join_all((0..CUSTOMERS).map(|_| async { server.api.person("customer", &fresh_email()).await })).await;
    measure(&customers, 3).await;
    let (alone, refused) = measure(&customers, seconds).await;
    let quiet = memory(server.pid());
    let attackers: Vec<_> = [BODY, ANSWER]
        .into_iter()
        .flat_map(|first| (0..SLOW).map(move |_| tokio::spawn(attack(format!("127.0.0.1:{port}"), first))))
        .collect();
    sleep(Duration::from_secs(5)).await;
    let (beside, refused_beside) = measure(&customers, seconds).await;
    let busy = memory(server.pid());
    attackers.iter().for_each(tokio::task::JoinHandle::abort);
    let line = |what: &str, latencies: &Histogram<u64>, refused: u64, memory: u64| {
        let ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1_000.0;
        println!(
            "{what:<32} {:>7} calls, {refused} not served; p50 {:.1} ms, p99 {:.1} ms; {memory} MB at most",
            latencies.len(),
            ms(0.5),
            ms(0.99)
        );
    };
    line("alone", &alone, refused, quiet);
    line("beside 2,000 of each", &beside, refused_beside, busy);
    let ratio = |quantile| beside.value_at_quantile(quantile) as f64 / alone.value_at_quantile(quantile) as f64;
    println!("ratio: p50 {:.2}, p99 {:.2}; memory {:.2}", ratio(0.5), ratio(0.99), busy as f64 / quiet as f64);
}
