//! The port contract suites: what each port's doc says it MUST do, one rule a function, run against every implementation by
//! `tests/tests/all/contract_suites.rs`, which lists them all.

pub mod approvals;
pub mod archive;
pub mod cancellations;
pub mod disputes;
pub mod ephemeral;
pub mod holds;
pub mod imports;
pub mod limits;
pub mod money;
pub mod nearby;
pub mod notices;
pub mod operators;
pub mod orders;
pub mod past;
pub mod products;
pub mod refunds;
pub mod reviews;
pub mod search;
pub mod stores;
pub mod tasks;
pub mod users;
mod world;

pub use world::{World, new_product, new_store, portone, profile, round_the_clock};
