//! From the product's clock to due instants in the ledger.

use std::{collections::HashMap, str::FromStr, time::Duration};

use anyhow::{Context, Result};
use cheapbob_domain::shared::kst;
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};
use cron::Schedule;
use tokio_util::sync::CancellationToken;

use crate::JOBS;

/// How often the clock is compared with the ledger. It is also how late a run may be.
const TICK: Duration = Duration::from_millis(500);

/// The schedules, parsed.
pub(crate) fn schedules() -> Result<Vec<(&'static str, Schedule)>> {
    JOBS.iter().map(|job| Ok((job.name, Schedule::from_str(job.schedule).with_context(|| format!("schedule of {}", job.name))?))).collect()
}

/// Writes due runs until it is told to stop.
pub(crate) async fn run(services: &Services, schedules: &[(&'static str, Schedule)], stop: &CancellationToken) {
    let mut healthy = true;
    while stop.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
        match tick(services, schedules).await {
            Ok(()) => healthy = true,
            // Said once for an outage, not twice a second.
            Err(error) if healthy => {
                healthy = false;
                tracing::error!(%error, "jobs cannot be scheduled; tried again each half second");
            }
            Err(_) => {}
        }
    }
}

async fn tick(services: &Services, schedules: &[(&'static str, Schedule)]) -> cheapbob_domain::shared::Result<()> {
    let now = services.clock.now();
    let last: HashMap<_, _> = services.tasks.last_due().await?.into_iter().collect();
    for (job, schedule) in schedules {
        if let Some(due) = due(schedule, last.get(*job).copied(), now) {
            services.tasks.schedule(job, due).await?;
        }
    }
    Ok(())
}

/// The latest instant of the schedule, unless the ledger has it. A last run "in the future" is of a clock that was moved back.
fn due(schedule: &Schedule, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let latest = schedule.after(&kst::local(now)).next_back()?.with_timezone(&Utc);
    last.is_none_or(|last| last < latest || last > now).then_some(latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_latest_instant_is_due_once_however_late() {
        let daily = Schedule::from_str("0 0 4 * * *").unwrap();
        let now = at("2026-11-24T03:59:59+09:00");
        assert_eq!(due(&daily, None, now), Some(at("2026-11-23T04:00:00+09:00")));
        assert_eq!(due(&daily, Some(at("2026-11-23T04:00:00+09:00")), now), None);
        let later = at("2026-11-26T12:00:00+09:00");
        assert_eq!(due(&daily, Some(at("2026-11-23T04:00:00+09:00")), later), Some(at("2026-11-26T04:00:00+09:00")));
    }

    #[test]
    fn a_clock_moved_back_schedules_again() {
        let daily = Schedule::from_str("0 0 4 * * *").unwrap();
        let (now, future) = (at("2026-11-24T05:00:00+09:00"), at("2027-01-01T04:00:00+09:00"));
        assert_eq!(due(&daily, Some(future), now), Some(at("2026-11-24T04:00:00+09:00")));
    }

    #[test]
    fn every_schedule_parses() {
        assert_eq!(schedules().unwrap().len(), JOBS.len());
    }
}
