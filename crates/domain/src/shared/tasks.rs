//! The queue of work to be done after the fact: mails and scheduled runs. A task is committed together with what causes
//! it; `jobs` claims and runs it. The same rows are the ledger of scheduled runs.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{error::Result, ids::PaymentId};
use crate::{orders::mail::OrderMail, users::Provider};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Send a mail about an order.
    OrderMail(OrderMail),
    /// Look at the payment that a webhook of PortOne's is about.
    Webhook {
        /// Its id.
        webhook_id: String,
        /// The payment.
        payment_id: PaymentId,
    },
    /// Delete an object of the object storage that nothing names any more.
    DeleteObject {
        /// Its key.
        key: String,
    },
    /// Cut the link of a deleted account at its provider.
    Unlink {
        /// Which one.
        provider: Provider,
        /// Its user.
        user_id: String,
    },
    /// Run a scheduled job.
    Run {
        /// Its name.
        job: String,
        /// The instant at which it was due, on the product's clock.
        due_at: DateTime<Utc>,
    },
}

/// Work claimed by a worker.
#[derive(Debug, Clone)]
pub struct Task {
    /// Row id.
    pub id: String,
    /// What to do.
    pub payload: serde_json::Value,
    /// How often it was tried before.
    pub attempts: i32,
    /// After so many attempts it is dead and waits for an operator.
    pub max_attempts: i32,
    /// The HTTP request that caused it.
    pub request_id: Option<String>,
}

/// A task of the outbox that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedTask {
    /// Row id: names what happened.
    pub id: String,
    /// `pending`, `running`, `dead`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Real time of its cause.
    pub created_at: DateTime<Utc>,
    /// Next attempt, on the product's clock.
    pub run_at: DateTime<Utc>,
    /// The HTTP request that caused it.
    pub request_id: Option<String>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// How long the outbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxDepth {
    /// Tasks to be done.
    pub waiting: i64,
    /// Seconds since the cause of the oldest of them.
    pub oldest_seconds: i64,
    /// Tasks that wait for an operator.
    pub dead: i64,
}

/// How a run of a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskOutcome {
    /// Done.
    Done,
    /// Try again at this instant, or never where the attempts are used up.
    Retry {
        /// For the operator.
        error: String,
        /// Next attempt.
        at: DateTime<Utc>,
    },
    /// Useless to try again.
    Dead {
        /// For the operator.
        error: String,
    },
}

/// A row of the ledger of scheduled runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobRun {
    /// Row id.
    #[serde(skip)]
    pub id: String,
    /// Which job.
    pub job: String,
    /// The first due instant that it makes up for, on the product's clock.
    pub due_from: DateTime<Utc>,
    /// The last one: when it was due.
    pub due_at: DateTime<Utc>,
    /// `pending`, `running`, `done`, `dead`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Real time of the end.
    pub finished_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// A run that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The first due instant that it makes up for.
    pub from: DateTime<Utc>,
    /// The last one.
    pub at: DateTime<Utc>,
    /// After so many attempts it is dead.
    pub attempts: i32,
}

/// The queue. `now` is the product's clock; leases of workers follow the database's own.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait TaskQueue: Send + Sync {
    /// Writes a run of `job` into the ledger. `false`, and nothing written, where that run is there
    /// already, or another run of the job has not ended: runs coalesce, one at a time over all processes. Where that other run
    /// waits for an instant after `now`, because the clock was moved back meanwhile, it MUST be taken out of the ledger: it would
    /// keep the job from running until the clock gets there, and a day must not turn before.
    async fn schedule(&self, job: &str, due: Due, now: DateTime<Utc>) -> Result<bool>;
    /// The latest due instant in the ledger for each of these jobs that has one.
    async fn last_due(&self) -> Result<Vec<(String, DateTime<Utc>)>>;
    /// Takes up to `limit` tasks that are due. A task MUST go to one worker only.
    async fn claim(&self, worker: &str, now: DateTime<Utc>, limit: i32) -> Result<Vec<Task>>;
    /// Says that `worker` lives, and gives back the tasks of workers that have been silent for `dead_after` seconds; a
    /// death counts as an attempt, so that a task that kills its worker ends.
    async fn heartbeat(&self, worker: &str, dead_after: i32) -> Result<()>;
    /// Gives back tasks claimed but not begun.
    async fn give_back(&self, ids: &[String]) -> Result<()>;
    /// Marks the end of a run.
    async fn finish(&self, id: &str, outcome: &TaskOutcome) -> Result<()>;
    /// The latest runs of a job, newest first.
    async fn runs(&self, job: &str, limit: i64) -> Result<Vec<JobRun>>;
    /// The run of a job for this due instant.
    async fn run_due(&self, job: &str, due_at: DateTime<Utc>) -> Result<Option<JobRun>>;
    /// Tasks of the outbox that are not done, the oldest first. Scheduled runs are none of them.
    async fn owed(&self, limit: i64) -> Result<Vec<OwedTask>>;
    /// How many they are.
    async fn depth(&self) -> Result<OutboxDepth>;
    /// Makes a task, or a scheduled run, that waits or is dead due at `now`, with all its attempts before it. `false`: there is none such.
    async fn revive(&self, id: &str, now: DateTime<Utc>) -> Result<bool>;
    /// Deletes what was done more than `seconds` ago, of runs that nothing makes up for (their attempts have no end) only what was done
    /// more than `ledger_seconds` ago; gives the number.
    async fn prune(&self, seconds: i64, ledger_seconds: i64) -> Result<u64>;
}

/// Runs scheduled jobs on demand: for operators and the sandbox.
#[async_trait]
pub trait JobRunner: Send + Sync {
    /// Name and schedule of every job.
    fn jobs(&self) -> Vec<(&'static str, &'static str)>;
    /// Runs a job now, or for this due instant where the ledger has no such run that is done, and gives its ledger row. `None`: no such job.
    async fn run_once(&self, job: &str, due_at: Option<DateTime<Utc>>) -> Result<Option<JobRun>>;
    /// The latest runs of a job, newest first.
    async fn last_runs(&self, job: &str) -> Result<Vec<JobRun>>;
}
