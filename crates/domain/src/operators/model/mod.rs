//! What the people who run the service are, and what they see and do.

pub mod board;
pub mod code;
pub mod found;
pub mod log;
pub mod operator;
pub mod payment;
pub mod people;
pub mod session;
