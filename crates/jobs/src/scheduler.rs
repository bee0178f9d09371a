//! From the product's clock to due instants in the ledger.

use std::{collections::HashMap, str::FromStr, time::Duration};

use anyhow::{Context, Result};
use cheapbob_domain::{shared::kst, tasks::Due};
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};
use cron::Schedule;
use tokio_util::sync::CancellationToken;

use crate::job::{CatchUp, Job};

/// How often the clock is compared with the ledger. It is also how late a run may be.
const TICK: Duration = Duration::from_millis(500);

/// A job and its schedule.
pub(crate) type Scheduled = (&'static Job, Schedule);

/// The schedules, parsed.
pub(crate) fn schedules(jobs: &'static [Job]) -> Result<Vec<Scheduled>> {
    jobs.iter().map(|job| Ok((job, Schedule::from_str(job.schedule).with_context(|| format!("schedule of {}", job.name))?))).collect()
}

/// Writes due runs until it is told to stop.
pub(crate) async fn run(services: &Services, schedules: &[Scheduled], stop: &CancellationToken) {
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

async fn tick(services: &Services, schedules: &[Scheduled]) -> cheapbob_domain::shared::Result<()> {
    let now = services.clock.now();
    let names: Vec<_> = schedules.iter().map(|(job, _)| job.name).collect();
    let last: HashMap<_, _> = services.ledger.last_due(&names).await?.into_iter().collect();
    for (job, schedule) in schedules {
        if let Some(due) = due(schedule, job.catch_up, last.get(job.name).copied(), now) {
            services.ledger.schedule(job.name, due, now).await?;
        }
    }
    Ok(())
}

/// The first instant after `last` at which the job was due until now.
pub(crate) fn missed(job: &Job, last: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let schedule = Schedule::from_str(job.schedule).ok()?;
    due(&schedule, job.catch_up, Some(last), now).filter(|_| last <= now).map(|due| due.from)
}

/// What the ledger does not have yet: every missed instant by itself, in order, or one run for all of them. With nothing in the ledger
/// the latest instant. A last run "in the future" is of a clock that was moved back.
fn due(schedule: &Schedule, catch_up: CatchUp, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Due> {
    let attempts = catch_up.attempts();
    let latest = schedule.after(&kst::local(now)).next_back()?.with_timezone(&Utc);
    let Some(last) = last.filter(|last| *last <= now) else { return Some(Due { from: latest, at: latest, attempts }) };
    let from = schedule.after(&kst::local(last)).next()?.with_timezone(&Utc);
    if from > now {
        return None;
    }
    Some(Due { from, at: if catch_up == CatchUp::Each { from } else { latest.max(from) }, attempts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn days(schedule: &str, catch_up: CatchUp, last: Option<&str>, now: &str) -> Option<(String, String)> {
        let schedule = Schedule::from_str(schedule).unwrap();
        let show = |instant| kst::local(instant).format("%m-%d %H:%M:%S").to_string();
        due(&schedule, catch_up, last.map(at), at(now)).map(|due| (show(due.from), show(due.at)))
    }

    const DAILY: &str = "0 0 4 * * *";

    fn both(from: &str, at: &str) -> Option<(String, String)> {
        Some((from.to_owned(), at.to_owned()))
    }

    #[test]
    fn each_instant_is_due_once() {
        for catch_up in [CatchUp::Each, CatchUp::Together] {
            let now = "2026-11-24T03:59:59+09:00";
            assert_eq!(days(DAILY, catch_up, None, now), both("11-23 04:00:00", "11-23 04:00:00"));
            assert_eq!(days(DAILY, catch_up, Some("2026-11-23T04:00:00+09:00"), now), None);
            let due = "2026-11-24T04:00:00+09:00";
            assert_eq!(days(DAILY, catch_up, Some("2026-11-23T04:00:00+09:00"), due), both("11-24 04:00:00", "11-24 04:00:00"));
        }
    }

    #[test]
    fn missed_instants_are_made_up_in_order_or_together() {
        let (last, now) = (Some("2028-02-27T04:00:00+09:00"), "2028-03-02T12:00:00+09:00");
        assert_eq!(days(DAILY, CatchUp::Each, last, now), both("02-28 04:00:00", "02-28 04:00:00"));
        assert_eq!(days(DAILY, CatchUp::Together, last, now), both("02-28 04:00:00", "03-02 04:00:00"));
        let leap = Some("2028-02-28T04:00:00+09:00");
        assert_eq!(days(DAILY, CatchUp::Each, leap, now), both("02-29 04:00:00", "02-29 04:00:00"));
        let minutes = days("0 * * * * *", CatchUp::Together, Some("2028-03-02T11:00:00+09:00"), "2028-03-02T12:00:01+09:00");
        assert_eq!(minutes, both("03-02 11:01:00", "03-02 12:00:00"));
    }

    #[test]
    fn a_clock_moved_back_schedules_again() {
        let (now, future) = ("2026-11-24T05:00:00+09:00", Some("2027-01-01T04:00:00+09:00"));
        for catch_up in [CatchUp::Each, CatchUp::Together] {
            assert_eq!(days(DAILY, catch_up, future, now), both("11-24 04:00:00", "11-24 04:00:00"));
        }
    }
}
