#![doc = include_str!("../README.md")]

mod breakers;
mod check;
mod connections;
mod dotenv;
pub mod health;
mod legacy;
mod limits;
pub mod metrics;
mod ports;
mod product;
mod services;
mod settings;
mod signals;
mod system;
pub mod telemetry;
pub mod traces;

pub use breakers::Breakers;
pub use cheapbob_adapters_embedded::sandbox::Played;
pub use cheapbob_adapters_postgres::Address;
pub use check::check;
pub use connections::{Connections, Probe, connect};
pub use legacy::{give_back_into, open_legacy};
pub use limits::ProcessLimits;
pub use ports::Ports;
pub use product::{Mount, Product, Switches, prepare_process};
pub use services::Services;
pub use settings::{PostgresAt, Settings, SettingsError};
pub use system::stop_on_signals;
