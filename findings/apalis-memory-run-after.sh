#!/usr/bin/env bash
# apalis' MemoryStorage runs a task that is scheduled for later at once.
#
# Seen with: crates.io apalis-core 1.0.0.
# A task built with `TaskBuilder::run_after(60 s)` and pushed into `MemoryStorage` is handed to the worker immediately; its `run_at` is
# there in the task, a minute ahead, and nobody looks at it. No error, no warning. The storages of PostgreSQL and Redis wait.
# Why it matters: MemoryStorage is what tests and small services use in place of those; delays, reminders and retries with a pause pass
# their tests without ever waiting, or fire all at once.
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
apalis-core = "=1.0.0"
tokio = { version = "1", features = ["rt", "macros", "time"] }
TOML
cat >src/main.rs <<'RS'
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use apalis_core::{backend::{TaskSink, memory::MemoryStorage}, task::{Task, builder::TaskBuilder}, worker::{builder::WorkerBuilder, context::WorkerContext}};

const DELAY: Duration = Duration::from_secs(60);

async fn handler(_: u32, worker: WorkerContext) {
    worker.stop().unwrap();
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let task: Task<u32> = TaskBuilder::new(1).run_after(DELAY).build();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let ahead = task.run_at().unwrap() - now;
    let mut store = MemoryStorage::new();
    store.push_task(task).await.unwrap();
    let begin = Instant::now();
    let ran = tokio::time::timeout(Duration::from_secs(20), WorkerBuilder::new("w").backend(store).build(handler).run()).await.is_ok();
    println!("run_at is {}; ran {}", if ahead >= 59 { "a minute ahead" } else { "not ahead" }, if ran && begin.elapsed() < Duration::from_secs(10) { "at once" } else { "later" });
}
RS
cargo run --quiet >out
cat out
[ "$(cat out)" = "run_at is a minute ahead; ran at once" ] || { echo "the behaviour has changed" >&2; exit 1; }
