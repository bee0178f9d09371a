//! What orders are made of: types, and the rules that need no port.

pub mod audit;
pub mod cancellation;
pub mod discrepancy;
pub mod hold;
pub mod idempotency;
pub mod mail;
pub mod order;
pub mod payment;
pub mod pickup_code;
pub mod refund;
pub mod settlement;
pub mod webhook;
