#![doc = include_str!("../README.md")]

pub mod disputes;
pub mod imports;
pub mod notices;
pub mod operators;
pub mod orders;
pub mod products;
pub mod reviews;
pub mod shared;
pub mod stores;
pub mod tasks;
pub mod users;
