//! Time and randomness as ports, so that expiry, opening hours and ids can be tested.

use chrono::{DateTime, Utc};

/// The product's clock. The sandbox may move it; every rule reads this one and no other.
pub trait Clock: Send + Sync {
    /// The present instant in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// Source of ids and secrets.
pub trait Ids: Send + Sync {
    /// 26 characters of Crockford base 32 that MUST sort by creation within a process, also within one millisecond.
    fn ulid(&self) -> String;
    /// At least 256 unguessable bits, URL-safe.
    fn secret(&self) -> String;
}

/// Whether [`Ids::secret`] can have made it: what it cannot have made need not be looked for.
pub fn can_be_secret(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
