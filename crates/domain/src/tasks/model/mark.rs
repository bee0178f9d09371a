//! From where a lane is looked through.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// Once a lane is empty, claims begin so long before it was: time for a transaction that has written a task and not committed it.
const SLACK: TimeDelta = TimeDelta::seconds(2);

/// How long after a look from the beginning the next one comes: so many times as long as it took, within these limits.
const PAUSE: u32 = 50;
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What of a lane need not be looked through again. The index entries of tasks that are done stay for as long as somebody's transaction is
/// open, and a claim would walk over all of them. A look from the beginning comes now and then all the same: for a mail that waits for an
/// earlier one, and a transaction that took longer than others.
#[derive(Debug, Default)]
pub struct Mark {
    since: Option<DateTime<Utc>>,
    /// When it is looked through from the beginning again.
    whole: Option<Instant>,
}

/// One look through a lane.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The product's clock when it begins.
    pub now: DateTime<Utc>,
    /// Turns before this are left out. `None`: none is.
    pub since: Option<DateTime<Utc>>,
    begun: Instant,
}

impl Mark {
    /// The look that begins at `now` on the product's clock, `real` on the machine's.
    pub fn next(&mut self, now: DateTime<Utc>, real: Instant) -> Look {
        let since = self.since.filter(|since| *since <= now && self.whole.is_some_and(|whole| real < whole));
        if since.is_none() {
            // Until it is known how long this one takes: other workers of the lane need not look from the beginning as well.
            self.whole = Some(real + LONGEST_PAUSE);
        }
        Look { now, since, begun: real }
    }

    /// The look is over at `real`; `empty`: there was no more.
    pub fn looked(&mut self, look: Look, real: Instant, empty: bool) {
        if look.since.is_none() {
            let pause = (real.duration_since(look.begun) * PAUSE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
            self.whole = Some(real + pause);
        }
        if empty {
            self.since = Some(look.now - SLACK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mark, and both clocks.
    struct Lane {
        mark: Mark,
        now: DateTime<Utc>,
        real: Instant,
    }

    impl Lane {
        fn new() -> Self {
            Self { mark: Mark::default(), now: DateTime::UNIX_EPOCH, real: Instant::now() }
        }

        fn pass(&mut self, millis: u32) {
            self.now += TimeDelta::milliseconds(millis.into());
            self.real += Duration::from_millis(millis.into());
        }

        /// A look that takes so long; gives where it began, in seconds.
        fn look(&mut self, millis: u32, empty: bool) -> Option<i64> {
            let look = self.mark.next(self.now, self.real);
            self.pass(millis);
            self.mark.looked(look, self.real, empty);
            look.since.map(|since| since.timestamp())
        }
    }

    #[test]
    fn a_look_begins_two_seconds_before_the_lane_was_empty() {
        let mut lane = Lane::new();
        assert_eq!((lane.look(0, false), lane.look(0, true)), (None, None), "it has not been empty yet");
        lane.pass(1_000);
        assert_eq!((lane.look(0, true), lane.look(0, false), lane.look(0, true)), (Some(-2), Some(-1), Some(-1)));
    }

    #[test]
    fn now_and_then_a_look_begins_at_the_beginning() {
        // It takes so long; the next is from the beginning after so long.
        for (takes, pause) in [(1, 2_000), (100, 5_000), (5_000, 10_000)] {
            let mut lane = Lane::new();
            assert_eq!(lane.look(takes, true), None);
            lane.pass(pause - 1);
            assert!(lane.look(0, true).is_some(), "after a look of {takes} ms");
            lane.pass(1);
            assert_eq!(lane.look(0, true), None, "after a look of {takes} ms");
        }
    }

    #[test]
    fn a_clock_that_was_moved_back_leaves_nothing_behind() {
        let mut lane = Lane::new();
        lane.look(0, true);
        lane.now -= TimeDelta::seconds(3);
        assert_eq!(lane.look(0, true), None);
        assert_eq!(lane.look(0, true), Some(-5));
    }
}
