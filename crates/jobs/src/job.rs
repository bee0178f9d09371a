//! What a job is: name, schedule, what an outage leaves to do, and the work.

use cheapbob_domain::{orders::Actor, shared::Result};
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

/// What an outage over several due instants leaves to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CatchUp {
    /// Every instant has a run of its own, in order, tried until it is done: the days are rolled over one by one.
    Each,
    /// One run for all that is due until now; one that fails three times leaves it to the next instant.
    Together,
}

/// Attempts of a run that the next one makes up for.
const COALESCED_ATTEMPTS: i32 = 3;

impl CatchUp {
    pub(crate) fn attempts(self) -> i32 {
        match self {
            Self::Each => i32::MAX,
            Self::Together => COALESCED_ATTEMPTS,
        }
    }
}

/// A job: its name, its schedule (cron with seconds, KST), what it does; the actor brings its name to the audit log, the instant is the
/// due one, however late the run.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) schedule: &'static str,
    pub(crate) catch_up: CatchUp,
    pub(crate) run: for<'a> fn(&'a Services, &'a Actor, DateTime<Utc>) -> BoxFuture<'a, Result<()>>,
}
