#![doc = include_str!("../README.md")]

#[cfg(feature = "crash-points")]
pub mod crash;
pub mod health;
pub mod metrics;
mod parts;
mod product;
mod services;
mod settings;
mod system;
pub mod telemetry;
pub mod traces;

pub use parts::{Backing, Probe};
pub use parts::{DurableStores, EphemeralStores, durable_stores};
pub use product::{Mount, Product, Switches, Worker, prepare_process};
pub use services::{Ports, Services, services};
pub use settings::{PostgresAt, Settings, SettingsError};
