//! The queue of tasks and the ledger of scheduled runs: the same rows.

pub mod model;
pub mod ports;

pub use model::{
    lane::{Backlog, Claiming, Lane},
    mark::{Look, Mark},
    run::{Due, JobRun},
    task::{OutboxDepth, OutboxTask, Task, TaskClaim, TaskEnd, TaskOutcome, TaskPayload},
};
