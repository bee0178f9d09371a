//! The queue of work to be done after the fact: mails, webhooks, pictures and identities to remove, scheduled runs. A task is committed
//! together with what causes it; `jobs` claims and runs it. The same rows are the ledger of scheduled runs.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::model::{
    run::{Due, JobRun},
    task::{OutboxDepth, OutboxTask, Task, TaskOutcome},
};
use crate::shared::Result;

/// The queue as workers see it. `now` is the product's clock; leases of workers follow the database's own.
#[async_trait]
pub trait TaskQueue: Send + Sync {
    /// Takes up to `limit` tasks that are due. A task MUST go to one worker only.
    async fn claim(&self, worker: &str, now: DateTime<Utc>, limit: i32) -> Result<Vec<Task>>;
    /// Says that `worker` lives, and gives back the tasks of workers that have been silent for `dead_after` seconds; a
    /// death counts as an attempt, so that a task that kills its worker ends.
    async fn heartbeat(&self, worker: &str, dead_after: i32) -> Result<()>;
    /// Gives back tasks claimed but not begun.
    async fn give_back(&self, ids: &[String]) -> Result<()>;
    /// Marks the end of a run.
    async fn finish(&self, id: &str, outcome: &TaskOutcome) -> Result<()>;
}

/// The ledger of scheduled runs, one row for each (job, due instant).
#[async_trait]
pub trait RunLedger: Send + Sync {
    /// Writes a run of `job` into the ledger. `false`, and nothing written, where that run is there
    /// already, or another run of the job has not ended: runs coalesce, one at a time over all processes. Where that other run
    /// waits for an instant after `now`, because the clock was moved back meanwhile, it MUST be taken out of the ledger: it would
    /// keep the job from running until the clock gets there, and a day must not be rolled over before it has ended.
    async fn schedule(&self, job: &str, due: Due, now: DateTime<Utc>) -> Result<bool>;
    /// The latest due instant in the ledger for each job that has one.
    async fn last_due(&self) -> Result<Vec<(String, DateTime<Utc>)>>;
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
    /// Makes a task, or a scheduled run, that waits or is dead due at `now`, with all its attempts before it. `false`: there is none such.
    async fn retry(&self, id: &str, now: DateTime<Utc>) -> Result<bool>;
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
