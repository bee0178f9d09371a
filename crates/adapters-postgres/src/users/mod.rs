//! Accounts and customers' profiles.

mod accounts;
mod customers;
mod links;

pub use accounts::FIND_ACCOUNT;
pub(crate) use accounts::unless_taken;
pub(crate) use links::place as link_place;
