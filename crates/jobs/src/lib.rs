#![doc = include_str!("../README.md")]

mod backend;
mod orders;
mod runner;
mod scheduler;
mod tasks;

use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;
use futures::future::BoxFuture;

pub use runner::Jobs;

/// A job: its name, its schedule (cron with seconds, KST), what it does.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) schedule: &'static str,
    pub(crate) run: for<'a> fn(&'a Services) -> BoxFuture<'a, Result<()>>,
}

/// Every job on one screen.
pub(crate) const JOBS: [Job; 3] = [
    // Stock of a payment that never came is free within 10 s of the hold's end; payments that came late are found.
    Job { name: "settle_holds", schedule: "*/2 * * * * *", run: |s| Box::pin(orders::settle_holds::run(s)) },
    // Refunds that the request which caused them could not finish.
    Job { name: "process_refunds", schedule: "*/5 * * * * *", run: |s| Box::pin(orders::process_refunds::run(s)) },
    // Done tasks are kept a day, for the operator's eyes; dead ones until somebody looks.
    Job { name: "prune_tasks", schedule: "0 30 * * * *", run: |s| Box::pin(tasks::prune_tasks::run(s)) },
];
