//! How long a test goes on that could go on for ever.

use std::time::{Duration, Instant};

/// By number and by time, so that a slow machine does less instead of running out of time. Whoever has one says how much was done.
pub(crate) struct Budget {
    fewest: u64,
    most: u64,
    end: Instant,
}

impl Budget {
    /// `most` rounds or as many as begin within `time`, whichever are fewer, but `fewest` at least. The environment's `variable` asks
    /// for a number of rounds instead, however long they take.
    pub(crate) fn new(variable: &str, fewest: u64, most: u64, time: Duration) -> Self {
        number(variable).map_or_else(|| Self { fewest, most, end: Instant::now() + time }, Self::exactly)
    }

    /// This many rounds, however long they take.
    pub(crate) fn exactly(rounds: u64) -> Self {
        Self { fewest: rounds, most: rounds, end: Instant::now() }
    }

    /// Whether another round may begin after this many.
    pub(crate) fn allows(&self, begun: u64) -> bool {
        begun < self.fewest || (begun < self.most && Instant::now() < self.end)
    }

    /// Rounds at most.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }
}

/// A number from the environment.
pub(crate) fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text}")))
}

#[test]
fn a_search_ends_by_number_and_by_time() {
    let allowed = |budget: &Budget| (0..).take_while(|begun| budget.allows(*begun)).count();
    assert_eq!(allowed(&Budget::new("CHEAPBOB_NO_SUCH_NUMBER", 3, 9, Duration::from_secs(3_600))), 9);
    assert_eq!(allowed(&Budget::new("CHEAPBOB_NO_SUCH_NUMBER", 3, 9, Duration::ZERO)), 3);
    assert_eq!(allowed(&Budget::exactly(5)), 5);
}
