#![doc = include_str!("../README.md")]

mod client;
mod history;
mod looks;
mod sessions;
mod signals;

pub use client::Redis;
pub use sessions::RedisSessions;
pub use signals::RedisSignals;
