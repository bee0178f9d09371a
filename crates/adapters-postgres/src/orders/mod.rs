//! Holds, orders, refunds.

mod books;
mod cancellations;
mod holds;
mod inbox;
mod lists;
mod refunds;

pub use holds::{HOLD, OFFER};
pub use lists::TODAY_OF_CUSTOMER;
