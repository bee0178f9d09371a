//! Runs of scheduled jobs.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A row of the ledger of scheduled runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobRun {
    /// Id of the row: `run:JOB:INSTANT`.
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
