//! Holds, orders, refunds.

mod cancellations;
mod holds;
mod lists;
mod refunds;

pub use holds::{HOLD, OFFER};
pub use lists::TODAY_OF_CUSTOMER;
