#![doc = include_str!("../README.md")]

mod address;
mod connect;
mod database;
mod disputes;
mod documents;
mod imports;
mod lines;
mod notices;
mod operators;
mod orders;
mod patient;
mod products;
mod replica;
mod reviews;
mod rotation;
mod schema;
mod secrets;
mod sql;
mod stores;
mod tasks;
mod tiles;
mod tls;
mod together;
mod traces;
mod users;
mod wire;

pub use address::{Address, AddressError};
pub use database::{Connection, Postgres, Waiting, migrate};
pub use rotation::Rotated;
pub use secrets::{KeysError, SecretKeys};
pub use stores::{one_store_statement, pattern};
pub use tls::TlsError;

/// Statements whose speed the benchmark compares with pgbench on the same text.
pub mod statements {
    pub use crate::{orders::ORDER, stores::STORES};
}
