#![doc = include_str!("../README.md")]

mod client;
mod history;
mod limits;
mod looks;
mod place;
mod revocations;
mod sessions;
mod signals;

pub use client::Redis;
pub use place::{HostPort, RedisServers, RedisSettings};
pub use sessions::RedisSessions;
pub use signals::RedisSignals;
