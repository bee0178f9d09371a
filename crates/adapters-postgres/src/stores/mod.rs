//! Stores as sellers keep them and as customers find them.

mod approvals;
mod documents;
mod hours;
mod images;
mod nearby;
mod pages;
mod payments;
mod rows;
mod search;
mod seller;

pub(crate) use hours::DayHoursRow;
pub(crate) use payments::{api_place, webhook_place};
pub use rows::STORES;
pub use search::{one_store_statement, pattern};
