//! `just bench-live`: what 2,000 open streams of orders take of memory, and how soon they tell.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for the terminal that stops where it cannot go on")]

use std::time::{Duration, Instant};

use cheapbob_test_support::{RealServer, TestDatabase, fresh_email};
use futures::future::join_all;
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::sleep,
};

const PEOPLE: usize = 200;

/// As many as an account may have.
const OF_EACH: usize = 10;

/// Orders that are told.
const ORDERS: usize = 100;

/// What the process has in memory, in kB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Opens a stream; sends the instant of each event.
async fn listen(port: u16, path: &str, token: &str, told: mpsc::UnboundedSender<Instant>) {
    let mut line = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    line.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = vec![0; 8 << 10];
    let read = line.read(&mut bytes).await.unwrap();
    assert!(bytes[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&bytes[..read]));
    tokio::spawn(async move {
        while let Ok(read) = line.read(&mut bytes).await
            && read > 0
        {
            if bytes[..read].windows(7).any(|window| window == b"event: ") {
                let _ = told.send(Instant::now());
            }
        }
    });
}

#[tokio::main]
async fn main() {
    let database = TestDatabase::create().await;
    let settings = [("DATABASE_URL", database.url()), ("RATE_LIMITS", "off".to_owned()), ("RUST_LOG", "error".to_owned())];
    let port = RealServer::free_port();
    let server = RealServer::http(port, &settings).await;
    let shop = server.api.shop(1_000_000).await;
    let buyer = server.api.customer().await;
    let people = join_all((0..PEOPLE).map(|_| async { server.api.person("customer", &fresh_email()).await })).await;
    // What a process takes that has worked.
    for _ in 0..20 {
        buyer.order(&shop.product_id, 1).await;
    }
    let before = memory(server.pid());
    let (sender, mut told) = mpsc::unbounded_channel();
    let (nobody, _silent) = mpsc::unbounded_channel();
    let begun = Instant::now();
    for person in &people {
        join_all((0..OF_EACH).map(|_| listen(port, "/api/v1/customer/orders/stream", &person.token, nobody.clone()))).await;
    }
    let opened = begun.elapsed();
    // Each has had its comment and its looks.
    sleep(Duration::from_secs(20)).await;
    let after = memory(server.pid());
    listen(port, "/api/v1/seller/store/orders/stream", &shop.seller.token, sender).await;
    let mut latencies = Histogram::<u64>::new_with_bounds(1, 60_000, 3).unwrap();
    for _ in 0..ORDERS {
        buyer.order(&shop.product_id, 1).await;
        let committed = Instant::now();
        let told = told.recv().await.unwrap();
        latencies.saturating_record((told.saturating_duration_since(committed).as_millis() as u64).max(1));
    }
    let streams = PEOPLE * OF_EACH;
    println!("{streams} streams, opened in {opened:.1?}: {} MB more than {} MB", (after - before) / 1_000, before / 1_000);
    println!("{:.1} MB a thousand", (after - before) as f64 / streams as f64);
    println!("told after the answer: p50 {} ms, p99 {} ms", latencies.value_at_quantile(0.5), latencies.value_at_quantile(0.99));
}
