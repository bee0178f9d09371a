#![doc = include_str!("../README.md")]

mod archive;
pub mod clock;
mod database;
pub mod demo;
pub mod feed;
mod history;
mod mailer;
pub mod postgres;
pub mod sandbox;
mod sessions;
pub mod storage;

pub use database::{Embedded, migrate};
