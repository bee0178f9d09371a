//! Accounts and customers' profiles.

mod accounts;
mod customers;

pub use accounts::FIND_ACCOUNT;
pub(crate) use accounts::unless_taken;
