//! Holds, orders, refunds.

mod audit_log;
mod books;
mod cancellations;
mod changes;
mod checkout;
mod holds;
mod idempotency_keys;
mod inbox;
mod lists;
mod mails;
mod past;
mod refunds;
mod today;

pub use holds::ORDER;
pub(crate) use lists::OrderRow;
