//! Stores as sellers keep them and as customers find them.

mod hours;
mod images;
mod payments;
mod rows;
mod search;
mod seller;

pub(crate) use payments::{api_place, webhook_place};
pub use search::{one_store_statement, pattern, search_statement};
