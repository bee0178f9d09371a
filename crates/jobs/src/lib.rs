#![doc = include_str!("../README.md")]

mod backend;
pub mod command;
pub mod imports;
mod instant;
mod job;
mod lanes;
mod notices;
mod orders;
mod products;
mod runner;
mod scheduler;
mod stores;
mod tasks;
mod users;

use std::sync::Arc;

use cheapbob_wiring::Services;

use job::{
    CatchUp::{Each, Together},
    Job,
};
pub use runner::Jobs;

/// Every job on one screen.
#[rustfmt::skip]
const JOBS: [Job; 17] = [
    // Stock of a payment that never came is free within 10 s of the hold's end; payments that came late are found.
    Job { name: "resolve_holds", schedule: "*/2 * * * * *", catch_up: Together, run: |s, actor, _| Box::pin(orders::resolve_holds::run(s, actor)) },
    // Refunds that the request which caused them could not finish.
    Job { name: "process_refunds", schedule: "*/5 * * * * *", catch_up: Together, run: |s, actor, _| Box::pin(orders::process_refunds::run(s, actor)) },
    // Pickup ends and closings at the minute, by data: what was missed is made up.
    Job { name: "end_pickups", schedule: "0 * * * * *", catch_up: Together, run: |s, actor, _| Box::pin(orders::end_pickups::run(s, actor)) },
    // What there is to tell those whose favourite a store is: it opens, a price falls, something is back.
    Job { name: "find_occasions", schedule: "5 * * * * *", catch_up: Together, run: |s, _, _| Box::pin(notices::find_occasions::run(s)) },
    // The contract's daily rollover, of the business days that ended at or before the due instant: every order left open …
    Job { name: "refund_open_orders", schedule: "0 0 4 * * *", catch_up: Each, run: |s, actor, due| Box::pin(orders::refund_open_orders::run(s, actor, due)) },
    // … each product's stock is rolled over, with what was reserved …
    Job { name: "rollover_stock", schedule: "0 10 4 * * *", catch_up: Each, run: |s, _, due| Box::pin(products::rollover_stock::run(s, due)) },
    // … orders go to the archive, which keeps them for good …
    Job { name: "archive_orders", schedule: "0 15 4 * * *", catch_up: Each, run: |s, _, due| Box::pin(orders::archive_orders::run(s, due)) },
    // … planned hours take effect …
    Job { name: "apply_hours", schedule: "0 20 4 * * *", catch_up: Each, run: |s, _, due| Box::pin(stores::apply_hours::run(s, due)) },
    // … accounts whose withdrawal was asked for are deleted.
    Job { name: "delete_accounts", schedule: "0 40 4 * * *", catch_up: Each, run: |s, _, due| Box::pin(users::delete_accounts::run(s, due)) },
    // What is settled and old leaves PostgreSQL, which stays as large as its trade.
    Job { name: "archive_payments", schedule: "0 0 5 * * *", catch_up: Together, run: |s, _, _| Box::pin(orders::archive_payments::run(s)) },
    // Our books against PortOne's: what was begun in the last hour, and each night what was begun, paid or canceled in the last two days.
    Job { name: "reconcile", schedule: "30 */10 * * * *", catch_up: Together, run: |s, actor, _| Box::pin(orders::reconcile::hour(s, actor)) },
    Job { name: "reconcile_nightly", schedule: "0 30 5 * * *", catch_up: Together, run: |s, actor, _| Box::pin(orders::reconcile::night(s, actor)) },
    // Done tasks are kept a day, for the operator's eyes, runs of the daily rollover 400; dead ones until somebody looks.
    Job { name: "prune_tasks", schedule: "0 30 * * * *", catch_up: Together, run: |s, _, _| Box::pin(tasks::prune_tasks::run(s)) },
    // Who was told what is kept thirty days.
    Job { name: "prune_notices", schedule: "0 35 5 * * *", catch_up: Together, run: |s, _, _| Box::pin(notices::prune_notices::run(s)) },
    // A picture whose upload died with its process goes after a day.
    Job { name: "delete_orphans", schedule: "0 50 5 * * *", catch_up: Together, run: |s, _, _| Box::pin(stores::delete_orphans::run(s)) },
    // The index of the searches' words gets slower as it grows row by row: built anew each Sunday, while searches go on.
    Job { name: "rebuild_search", schedule: "0 55 5 * * SUN", catch_up: Together, run: |s, _, _| Box::pin(stores::rebuild_search::run(s)) },
    // PortOne's messages are kept 30 days (it repeats them for six hours), answers to calls with a key one day, what streams tell an hour.
    Job { name: "prune_inbox", schedule: "0 40 * * * *", catch_up: Together, run: |s, _, _| Box::pin(orders::prune_inbox::run(s)) },
];

impl Jobs {
    /// A runner over these services.
    ///
    /// # Errors
    /// Where a schedule does not parse.
    pub fn new(services: Services) -> anyhow::Result<Arc<Self>> {
        Self::without(services, &[])
    }

    /// The same runner, but these jobs run on demand only: a test that plays with PortOne wants no other caller of it.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn without(services: Services, jobs: &[&str]) -> anyhow::Result<Arc<Self>> {
        let mut schedules = scheduler::schedules(&JOBS)?;
        schedules.retain(|(job, _)| !jobs.contains(&job.name));
        Ok(Self::over(services, &JOBS, schedules))
    }

    /// The same runner without schedules: it works, and runs what it is asked for.
    pub fn unscheduled(services: Services) -> Arc<Self> {
        Self::over(services, &JOBS, Vec::new())
    }
}

/// How often a run of this job is tried, as its schedule gives. `None`: there is no such job.
pub fn attempts(job: &str) -> Option<i32> {
    JOBS.iter().find(|known| known.name == job).map(|known| known.catch_up.attempts())
}

/// Every job's name and schedule (cron with seconds, KST).
pub fn schedules() -> impl Iterator<Item = (&'static str, &'static str)> {
    JOBS.iter().map(|job| (job.name, job.schedule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schedule_parses() {
        assert_eq!(scheduler::schedules(&JOBS).unwrap().len(), JOBS.len());
    }
}
