//! What users are made of.

pub mod account;
pub mod customer;
pub mod identity;
pub mod login;
pub mod preference;
pub mod session;
pub mod session_token;
pub mod takeover;
