//! The port contract suites: what each port's doc says it MUST do, run against every implementation.

mod ephemeral;
mod money;
mod orders;
mod products;
mod stores;
mod tasks;
mod users;
mod world;

pub use ephemeral::{history, mailer, remembered_sessions, sessions, signals, storage};
pub use money::{audit_log, books, idempotency, inbox};
pub use orders::{archive, cancellations, holds, orders, refunds};
pub use products::{nutrition, products, stock_reservations, stock_rollover};
pub use stores::{hours, images, naming, search, stores};
pub use tasks::tasks;
pub use users::{accounts, customers, deactivation, erasure, takeovers, unlink_tokens, withdrawals};
pub use world::{World, new_product, new_store, portone, profile, round_the_clock};
