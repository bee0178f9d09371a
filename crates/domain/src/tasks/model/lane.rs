//! Lanes: what waits in one never waits for another.

use chrono::{DateTime, Utc};

/// A line of its own in the queue, with workers of its own. Which task goes into which the function `task_lane` in the database says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumIter, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Lane {
    /// Runs of jobs, but for those of [`Lane::Money`].
    Schedules,
    /// Runs by which stock becomes free and money goes back: expired holds, refunds, ends of pickups.
    Money,
    /// What PortOne has sent.
    Webhooks,
    /// Mails.
    Mail,
    /// Notices of favourites.
    Notices,
    /// Pictures to delete, identities to unlink.
    CleanUp,
}

impl Lane {
    /// Every lane.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::IntoEnumIterator>::iter()
    }

    /// Its word in the database, metrics and logs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a worker asks for.
#[derive(Debug, Clone, Copy)]
pub struct Claiming<'a> {
    /// In which lane.
    pub lane: Lane,
    /// Who asks.
    pub worker: &'a str,
    /// The product's clock.
    pub now: DateTime<Utc>,
    /// Nothing waits whose turn was before this: what is gone need not be walked over again. `None`: look from the beginning.
    pub since: Option<DateTime<Utc>>,
    /// Tasks at most.
    pub limit: i32,
}

/// What is due in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Which lane.
    pub lane: Lane,
    /// Tasks that are due or under way.
    pub waiting: i64,
    /// For how many seconds the oldest of them has been due, on the product's clock.
    pub oldest_seconds: i64,
}
