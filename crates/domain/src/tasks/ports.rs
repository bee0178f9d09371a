//! The queue of work to be done after the fact: mails, webhooks, pictures and identities to remove, scheduled runs. A task is committed
//! together with what causes it; `jobs` claims and runs it. The same rows are the ledger of scheduled runs.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::model::{
    lane::{Backlog, Claiming},
    run::{Due, JobRun},
    task::{OutboxDepth, OutboxTask, Task, TaskClaim, TaskEnd, TaskOutcome},
};
use crate::shared::Result;

/// The queue as workers see it. `now` is the product's clock; leases of workers follow the database's own. What goes back into the queue
/// has its turn at `now` or later: claims need not look at what was before ([`Mark`](super::Mark)).
#[async_trait]
pub trait TaskQueue: Send + Sync {
    /// Takes tasks of a lane that are due. A task MUST go to one worker only. Within a lane stores take turns: however many tasks of one
    /// wait, a task of another is taken before all but the first of them.
    async fn claim(&self, claiming: &Claiming<'_>) -> Result<Vec<Task>>;
    /// Extends claims, and gives back the tasks of claims that nobody has extended for `dead_after` seconds; a
    /// death counts as an attempt, so that a task that kills its worker ends. A claim that was given back MUST NOT be extended.
    async fn heartbeat(&self, claims: &[TaskClaim], dead_after: i32, now: DateTime<Utc>) -> Result<()>;
    /// Gives back tasks claimed but not begun, as far as the claims still hold.
    async fn give_back(&self, claims: &[TaskClaim], now: DateTime<Utc>) -> Result<()>;
    /// Marks the end of a task, once, as far as the claim still holds. Where the cause has come again meanwhile, the task waits again.
    async fn finish(&self, claim: &TaskClaim, outcome: &TaskOutcome, now: DateTime<Utc>) -> Result<TaskEnd>;
}

/// The ledger of scheduled runs, one row for each (job, due instant).
#[async_trait]
pub trait RunLedger: Send + Sync {
    /// Writes a run of `job` into the ledger, whose turn is at `now` where it was due before. `false`, and nothing written, where that run is there
    /// already, or another run of the job has not ended: runs coalesce, one at a time over all processes. Where that other run
    /// waits for an instant after `now`, because the clock was moved back meanwhile, it MUST be taken out of the ledger: it would
    /// keep the job from running until the clock gets there, and a day must not be rolled over before it has ended.
    async fn schedule(&self, job: &str, due: Due, now: DateTime<Utc>) -> Result<bool>;
    /// The latest due instant in the ledger for each of these jobs that has one.
    async fn last_due(&self, jobs: &[&str]) -> Result<Vec<(String, DateTime<Utc>)>>;
    /// The latest runs of a job, newest first.
    async fn runs(&self, job: &str, limit: i64) -> Result<Vec<JobRun>>;
    /// The run of a job for this due instant.
    async fn run_due(&self, job: &str, due_at: DateTime<Utc>) -> Result<Option<JobRun>>;
}

/// The queue as operators see it.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Tasks that are not done, the oldest first. Scheduled runs are none of them.
    async fn list(&self, limit: i64) -> Result<Vec<OutboxTask>>;
    /// How many they are.
    async fn depth(&self) -> Result<OutboxDepth>;
    /// What is due in each lane at `now`; lanes in which nothing is are left out. Scheduled runs count.
    async fn backlog(&self, now: DateTime<Utc>) -> Result<Vec<Backlog>>;
    /// Makes a task, or a scheduled run, that waits or is dead due at `now`, with all its attempts before it. `false`: there is none such.
    async fn retry(&self, id: &str, now: DateTime<Utc>) -> Result<bool>;
    /// Does a task once more that is done. `false`: there is none such.
    async fn repeat(&self, id: &str, now: DateTime<Utc>) -> Result<bool>;
    /// Ends a task that waits or is dead without doing it, for this reason. `false`: there is none such; a scheduled run is none.
    async fn drop_task(&self, id: &str, reason: &str) -> Result<bool>;
    /// Deletes what was done more than `seconds` ago, of runs that nothing makes up for (their attempts have no end) only what was done
    /// more than `ledger_seconds` ago; gives the number.
    async fn prune(&self, seconds: i64, ledger_seconds: i64) -> Result<u64>;
}

/// Runs scheduled jobs on demand: for operators and the sandbox.
#[async_trait]
pub trait JobRunner: Send + Sync {
    /// Name and schedule of every job.
    fn jobs(&self) -> Vec<(&'static str, &'static str)>;
    /// Runs a job now, or for this due instant where the ledger has no such run that is done, and gives its ledger row. `None`: no such
    /// job.
    async fn run_once(&self, job: &str, due_at: Option<DateTime<Utc>>) -> Result<Option<JobRun>>;
    /// The latest runs of a job, newest first.
    async fn last_runs(&self, job: &str) -> Result<Vec<JobRun>>;
}
