//! Operators: who they are, how they get in, what they see and did.

mod console;
mod factors;
mod log;
mod people;
mod sessions;

pub(crate) use factors::place as totp_place;
