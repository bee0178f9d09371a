#![doc = include_str!("../README.md")]
#![allow(clippy::unwrap_used, clippy::cloned_ref_to_slice_refs, reason = "a test that cannot be set up has to fail where it stands")]

mod api;
mod app;
mod cluster;
mod database;
mod outside;
mod proxy;
mod real;
mod snapshot;
pub mod suites;

pub use api::{Answer, Api, Held, Person, Shop, fresh_email, location, session, store, text};
pub use app::{TestApp, test_settings};
pub use cluster::Cluster;
pub use database::{TestDatabase, mongo_settings, redis_url};
pub use outside::{MailSink, S3Server, SinkTls};
pub use proxy::{Proxy, Way};
pub use real::RealServer;
pub use snapshot::normalized;

/// Where the product's clock stands when a test begins: a Tuesday's noon in Seoul, far from midnight and from the rollover of the
/// business day, so that no test depends on the hour at which it runs.
pub fn noon() -> chrono::DateTime<chrono::Utc> {
    suites::at(0)
}

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
