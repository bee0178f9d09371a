//! From where a lane is looked through.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// Once a lane is empty, claims begin so long before it was: time for a transaction that has written a task and not committed it.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// How often a claim looks from the beginning all the same: what a dead worker had, or a clock that was moved back has left behind.
const FROM_THE_BEGINNING: Duration = Duration::from_secs(2);

/// What of a lane need not be looked through again. The index entries of tasks that are done stay for as long as somebody's transaction is
/// open, and a claim would walk over all of them.
#[derive(Debug, Default)]
pub struct Mark {
    since: Option<DateTime<Utc>>,
    /// When it was last looked through from the beginning.
    whole: Option<Instant>,
}

impl Mark {
    /// Where the look that begins at `real` begins.
    pub fn next(&mut self, real: Instant) -> Option<DateTime<Utc>> {
        if self.since.is_none() || self.whole.is_none_or(|whole| real.duration_since(whole) >= FROM_THE_BEGINNING) {
            self.whole = Some(real);
            return None;
        }
        self.since
    }

    /// After a look at `now` that found nothing more.
    pub fn empty(&mut self, now: DateTime<Utc>) {
        self.since = Some(now - SLACK);
    }
}
