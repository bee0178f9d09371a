#![doc = include_str!("../README.md")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot be set up has to fail where it stands")]

mod api;
mod app;
mod database;
mod real;
mod snapshot;
pub mod suites;

pub use api::{Answer, Api, Held, Person, Shop, fresh_email, location, session, store, text};
pub use app::TestApp;
pub use database::{TestDatabase, redis_url};
pub use real::RealServer;
pub use snapshot::normalized;

/// Waits until `condition` gives something; fails after `seconds`.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, seconds: u64, mut condition: impl FnMut() -> F) -> T {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(std::time::Instant::now() < end, "{what}: not within {seconds} s");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
}
