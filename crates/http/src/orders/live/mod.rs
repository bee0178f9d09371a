//! Streams of orders: one reader in a process, and what it tells each of them.

mod hub;
mod session;

pub(crate) use hub::Hub;
pub(super) use session::{Place, Session};
