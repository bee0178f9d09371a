#![doc = include_str!("../README.md")]

mod access;
mod admission;
mod auth;
mod body;
mod client_address;
mod common;
mod context;
mod disputes;
mod dto;
mod error;
mod error_page;
mod examples;
mod extract;
mod headers;
mod idempotency;
mod limits;
mod notices;
mod openapi;
mod operator_session;
mod operators;
mod orders;
mod origin;
mod products;
mod program;
mod refusals;
mod request_id;
mod reviews;
mod room;
mod root;
mod routes;
mod server;
mod state;
mod stores;
mod time;
mod users;

pub use cheapbob_listener::room_for_connections;

pub use access::{Access, ROUTES, Route};
pub use limits::{Caller, Counting, LIMITS, Limit};
pub use openapi::{document, path};
pub use program::main;
pub use server::serve;
pub use state::App;
