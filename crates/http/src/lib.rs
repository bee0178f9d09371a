#![doc = include_str!("../README.md")]

mod access;
mod auth;
mod common;
mod context;
mod error;
mod extract;
mod idempotency;
mod openapi;
mod orders;
mod products;
mod root;
mod server;
mod stores;
mod users;

pub use access::{Access, ROUTES, Route};
pub use openapi::{document, path};
pub use server::{App, serve};
