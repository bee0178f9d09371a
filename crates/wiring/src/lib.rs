#![doc = include_str!("../README.md")]

mod product;
mod settings;
mod system;
pub mod telemetry;

pub use product::{Backing, Mount, Probe, Product, Services, Switches, prepare_process};
pub use settings::{PostgresAt, Settings, SettingsError};
