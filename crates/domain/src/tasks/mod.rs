//! The queue of tasks and the ledger of scheduled runs: the same rows.

pub mod model;
pub mod ports;

pub use model::{
    run::{Due, JobRun},
    task::{OutboxDepth, OutboxTask, Task, TaskOutcome, TaskPayload},
};
