#![doc = include_str!("../README.md")]

mod backend;
pub mod command;
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
#[rustfmt::skip]
pub(crate) const JOBS: [Job; 8] = [
    // Stock of a payment that never came is free within 10 s of the hold's end; payments that came late are found.
    Job { name: "settle_holds", schedule: "*/2 * * * * *", run: |s| Box::pin(orders::settle_holds::run(s)) },
    // Refunds that the request which caused them could not finish.
    Job { name: "process_refunds", schedule: "*/5 * * * * *", run: |s| Box::pin(orders::process_refunds::run(s)) },
    // Pickup ends and closings at the minute, by data: what was missed is made up.
    Job { name: "end_pickups", schedule: "0 * * * * *", run: |s| Box::pin(orders::end_pickups::run(s)) },
    // The contract's daily turn: every order left open of the days that are over.
    Job { name: "refund_open_orders", schedule: "0 0 4 * * *", run: |s| Box::pin(orders::refund_open_orders::run(s)) },
    // Our books against PortOne's: the last hour, and each night the last two days.
    Job { name: "reconcile", schedule: "30 */10 * * * *", run: |s| Box::pin(orders::reconcile::hour(s)) },
    Job { name: "reconcile_nightly", schedule: "0 30 5 * * *", run: |s| Box::pin(orders::reconcile::night(s)) },
    // Done tasks are kept a day, for the operator's eyes; dead ones until somebody looks.
    Job { name: "prune_tasks", schedule: "0 30 * * * *", run: |s| Box::pin(tasks::prune_tasks::run(s)) },
    // PortOne's messages are kept 30 days (it repeats them for six hours), answers to calls with a key one day.
    Job { name: "prune_inbox", schedule: "0 40 * * * *", run: |s| Box::pin(orders::prune_inbox::run(s)) },
];
