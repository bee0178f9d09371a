//! For the tests of the use cases: a clock that stands, ids that count.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use crate::shared::{
    clock::{Clock, Ids},
    ids::Email,
    timer::Timer,
};

/// A Tuesday's noon in Seoul, always.
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        at("2026-11-24T12:00:00+09:00")
    }
}

/// `0`, `1`, `2` …
#[derive(Default)]
pub(crate) struct Counter(std::sync::atomic::AtomicUsize);

impl Ids for Counter {
    fn ulid(&self) -> String {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string()
    }

    fn secret(&self) -> String {
        self.ulid()
    }
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

/// A timer that no wait of which ends: what is raced against it wins.
pub(crate) struct Never;

impl Timer for Never {
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}
