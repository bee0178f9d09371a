#![doc = include_str!("../README.md")]

mod client;
mod history;
mod looks;
mod revocations;
mod sessions;
mod signals;

pub use client::{Redis, RedisSettings, RedisSetupError};
pub use sessions::RedisSessions;
pub use signals::RedisSignals;
