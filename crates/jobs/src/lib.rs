#![doc = include_str!("../README.md")]

mod backend;
pub mod command;
mod orders;
mod products;
mod runner;
mod scheduler;
mod stores;
mod tasks;
mod users;

use cheapbob_domain::shared::Result;
use cheapbob_wiring::Services;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

pub use runner::Jobs;

/// What an outage over several due instants leaves to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CatchUp {
    /// Every instant has a run of its own, in order, tried until it is done: the days are rolled over one by one.
    Each,
    /// One run for all that is due until now; one that fails three times leaves it to the next instant.
    Together,
}

/// Attempts of a run that the next one makes up for.
pub(crate) const COALESCED_ATTEMPTS: i32 = 3;

impl CatchUp {
    fn attempts(self) -> i32 {
        match self {
            Self::Each => i32::MAX,
            Self::Together => COALESCED_ATTEMPTS,
        }
    }
}

/// A job: its name, its schedule (cron with seconds, KST), what it does; the instant is the due one, however late the run.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) schedule: &'static str,
    pub(crate) catch_up: CatchUp,
    pub(crate) run: for<'a> fn(&'a Services, DateTime<Utc>) -> BoxFuture<'a, Result<()>>,
}

use CatchUp::{Each, Together};

/// Every job on one screen.
#[rustfmt::skip]
pub(crate) const JOBS: [Job; 14] = [
    // Stock of a payment that never came is free within 10 s of the hold's end; payments that came late are found.
    Job { name: "resolve_holds", schedule: "*/2 * * * * *", catch_up: Together, run: |s, _| Box::pin(orders::resolve_holds::run(s)) },
    // Refunds that the request which caused them could not finish.
    Job { name: "process_refunds", schedule: "*/5 * * * * *", catch_up: Together, run: |s, _| Box::pin(orders::process_refunds::run(s)) },
    // Pickup ends and closings at the minute, by data: what was missed is made up.
    Job { name: "end_pickups", schedule: "0 * * * * *", catch_up: Together, run: |s, _| Box::pin(orders::end_pickups::run(s)) },
    // The contract's daily rollover, of the business days that ended at or before the due instant: every order left open …
    Job { name: "refund_open_orders", schedule: "0 0 4 * * *", catch_up: Each, run: |s, due| Box::pin(orders::refund_open_orders::run(s, due)) },
    // … each product's stock rolled over, with what was reserved …
    Job { name: "rollover_stock", schedule: "0 10 4 * * *", catch_up: Each, run: |s, due| Box::pin(products::rollover_stock::run(s, due)) },
    // … orders go to the archive, which keeps them for good …
    Job { name: "archive_orders", schedule: "0 15 4 * * *", catch_up: Each, run: |s, due| Box::pin(orders::archive_orders::run(s, due)) },
    // … reserved hours take effect …
    Job { name: "apply_hours", schedule: "0 20 4 * * *", catch_up: Each, run: |s, due| Box::pin(stores::apply_hours::run(s, due)) },
    // … accounts whose withdrawal was asked for are deleted.
    Job { name: "delete_accounts", schedule: "0 40 4 * * *", catch_up: Each, run: |s, due| Box::pin(users::delete_accounts::run(s, due)) },
    // Our books against PortOne's: the last hour, and each night the last two days.
    Job { name: "reconcile", schedule: "30 */10 * * * *", catch_up: Together, run: |s, _| Box::pin(orders::reconcile::hour(s)) },
    Job { name: "reconcile_nightly", schedule: "0 30 5 * * *", catch_up: Together, run: |s, _| Box::pin(orders::reconcile::night(s)) },
    // Done tasks are kept a day, for the operator's eyes, runs of the daily rollover 400; dead ones until somebody looks.
    Job { name: "prune_tasks", schedule: "0 30 * * * *", catch_up: Together, run: |s, _| Box::pin(tasks::prune_tasks::run(s)) },
    // A picture whose upload died with its process goes after a day.
    Job { name: "delete_orphans", schedule: "0 50 5 * * *", catch_up: Together, run: |s, _| Box::pin(stores::delete_orphans::run(s)) },
    // The index of the searches' words gets slower as it grows row by row: built anew each Sunday, while searches go on.
    Job { name: "rebuild_search", schedule: "0 55 5 * * SUN", catch_up: Together, run: |s, _| Box::pin(stores::rebuild_search::run(s)) },
    // Logouts and logins under way end by themselves: Redis forgets them, the fake with the next one.
    // PortOne's messages are kept 30 days (it repeats them for six hours), answers to calls with a key one day.
    Job { name: "prune_inbox", schedule: "0 40 * * * *", catch_up: Together, run: |s, _| Box::pin(orders::prune_inbox::run(s)) },
];
