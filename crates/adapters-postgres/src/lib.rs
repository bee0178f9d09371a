#![doc = include_str!("../README.md")]

mod database;
mod orders;
mod patient;
mod products;
mod rotation;
mod schema;
mod secrets;
mod sql;
mod stores;
mod tasks;
mod traces;
mod users;

pub use database::{Connection, Postgres, Waiting, migrate};
pub use rotation::Rotated;
pub use secrets::{KeysError, SecretKeys};
pub use stores::{pattern, search_statement};

/// Statements whose speed the benchmark compares with pgbench on the same text.
pub mod statements {
    pub use crate::orders::{HOLD, OFFER, TODAY_OF_CUSTOMER};
    pub use crate::users::FIND_ACCOUNT;
}
