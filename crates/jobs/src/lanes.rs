//! The workers of each lane.

use std::time::Duration;

use cheapbob_domain::tasks::Lane;

/// What works in a lane, in each jobs process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workers {
    pub(crate) lane: Lane,
    /// Tasks under way at once.
    pub(crate) at_once: usize,
    /// Claimed by one question: few where a task may take long, since what is claimed waits for this process.
    pub(crate) batch: i32,
    /// A task that takes longer is ended, and tried again.
    pub(crate) limit: Duration,
}

/// Every lane on one screen. A job has one run at a time, so that in the lanes of runs nothing waits for another job.
#[rustfmt::skip]
pub(crate) const LANES: [Workers; 6] = [
    // A day's rollover over 50,000 stores, or a night's comparison with PortOne, takes minutes.
    Workers { lane: Lane::Schedules, at_once: 16, batch: 8, limit: Duration::from_secs(3_600) },
    Workers { lane: Lane::Money, at_once: 3, batch: 3, limit: Duration::from_secs(120) },
    // One asks PortOne, for 5 s, and may try a refund: a cancellation is waited for for a minute.
    Workers { lane: Lane::Webhooks, at_once: 8, batch: 2, limit: Duration::from_secs(90) },
    Workers { lane: Lane::Mail, at_once: 4, batch: 2, limit: Duration::from_secs(60) },
    // A batch is some hundred people, at a pace that leaves the processor to payments; a fan-out goes over all whose favourite a store is.
    Workers { lane: Lane::Notices, at_once: 3, batch: 1, limit: Duration::from_secs(600) },
    Workers { lane: Lane::CleanUp, at_once: 2, batch: 2, limit: Duration::from_secs(60) },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_has_workers() {
        assert_eq!(LANES.map(|workers| workers.lane).to_vec(), Lane::all().collect::<Vec<_>>());
    }
}
