#![doc = include_str!("../README.md")]

mod parts;
mod product;
mod services;
mod settings;
mod system;
pub mod telemetry;

pub use product::{Backing, Mount, Probe, Product, Switches, prepare_process};
pub use services::Services;
pub use settings::{PostgresAt, Settings, SettingsError};
