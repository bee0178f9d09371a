//! When a test begins, and how it waits.

use chrono::{DateTime, Utc};

/// Where the product's clock stands when a test begins: a Tuesday's noon in Seoul, far from midnight and from the rollover of the
/// business day, so that no test depends on the hour at which it runs.
pub fn noon() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-24T12:00:00+09:00").unwrap().with_timezone(&Utc)
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
