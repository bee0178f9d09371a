//! Accounts and customers' profiles.

mod accounts;
mod customers;
mod exports;
mod imported_sessions;
mod revocations;
mod takeovers;
mod unlink_tokens;

pub(crate) use accounts::unless_taken;
pub(crate) use unlink_tokens::place as unlink_token_place;
