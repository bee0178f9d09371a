#!/usr/bin/env bash
# apalis' `poll_with_interval` stops for good after one fetch that took longer than the interval.
#
# Seen with: crates.io apalis-core 1.0.0.
# A queue on apalis' own `Persisted` is asked each 100 ms. While a fetch takes 10 ms it is asked again and again. Once a single fetch has taken
# 300 ms (a database that was slow for a moment) and found nothing, it is never asked again: the interval's timer was renewed
# without the task being registered to be woken by it. No error, no log line; tasks simply wait for ever, until something else
# (a heartbeat, a finished task) happens to wake the worker.
# Expected by a reader: "Wake the worker periodically", whatever a fetch takes.
# Cure: a timer of one's own in `poll_next`, polled until it is pending.
#
# Needs cargo. Exits 0 while the behaviour is as described, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder" && mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2024"
[dependencies]
apalis-core = { version = "=1.0.0", features = ["sleep"] }
futures = "0.3"
tokio = { version = "1", features = ["rt", "macros", "time"] }
TOML
cat >src/main.rs <<'RS'
use std::{convert::Infallible, future::poll_fn, sync::{Arc, atomic::{AtomicU32, Ordering::SeqCst}}, task::{Context, Poll}, time::Duration};
use apalis_core::{backend::{Backend, ext::BackendExt, persistence::{Persisted, Persistence, TaskEvent}}, task::Task, worker::context::WorkerContext};

/// A queue without tasks, one of whose fetches is slow.
#[derive(Clone)]
struct Queue { fetches: Arc<AtomicU32>, slow: Option<u32> }

impl Persistence for Queue {
    type Compact = Vec<u8>;
    type Response = ();
    type Error = Infallible;
    async fn register(&mut self, _: &WorkerContext) -> Result<(), Infallible> { Ok(()) }
    async fn heartbeat(&mut self, _: &WorkerContext) -> Result<(), Infallible> { Ok(()) }
    async fn fetch_next(&mut self, _: &WorkerContext) -> Result<Vec<Task<Vec<u8>>>, Infallible> {
        let number = self.fetches.fetch_add(1, SeqCst);
        tokio::time::sleep(Duration::from_millis(if self.slow == Some(number) { 300 } else { 10 })).await;
        Ok(Vec::new())
    }
    async fn reenqueue_abandoned(&mut self, _: Vec<Task<Vec<u8>>>, _: &WorkerContext) -> Result<u64, Infallible> { Ok(0) }
    async fn handle_events(&mut self, _: Vec<TaskEvent<()>>, _: &WorkerContext) -> Result<(), Infallible> { Ok(()) }
    async fn push_tasks(&mut self, _: Vec<Task<Vec<u8>>>) -> Result<(), Infallible> { Ok(()) }
}

struct Store(Persisted<Queue>);

impl Backend for Store {
    type Task = Task<Vec<u8>>;
    type Error = Infallible;
    fn poll_ready(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> { self.0.poll_ready(cx, worker, Duration::from_secs(600)) }
    fn poll_next(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Option<Result<Self::Task, Infallible>>> { self.0.poll_next(cx, worker) }
    fn poll_close(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> { self.0.poll_close(cx, worker) }
}

/// How often the queue is asked within five seconds.
async fn asked(slow: Option<u32>) -> u32 {
    let fetches = Arc::new(AtomicU32::new(0));
    let worker = WorkerContext::new("w");
    let mut store = Store(Persisted::new(Queue { fetches: fetches.clone(), slow })).poll_with_interval(Duration::from_millis(100));
    let work = async {
        poll_fn(|cx| store.poll_ready(cx, &worker)).await.unwrap();
        poll_fn(|cx| store.poll_next(cx, &worker).map(|_| ())).await;
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), work).await;
    fetches.load(SeqCst)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (quick, slow) = (asked(None).await, asked(Some(3)).await);
    eprintln!("asked {quick} and {slow} times in five seconds");
    println!("all fetches quick: {}", if quick > 15 { "asked again and again" } else { "stopped" });
    println!("the fourth one slow: {}", if slow > 5 { "asked again and again" } else { "stopped" });
}
RS
cargo run --quiet >out
cat out
[ "$(cat out)" = "$(printf 'all fetches quick: asked again and again\nthe fourth one slow: stopped')" ] || { echo "the behaviour has changed" >&2; exit 1; }
