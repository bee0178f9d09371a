//! Stores as sellers keep them and as customers find them.

mod hours;
mod images;
mod rows;
mod search;
mod seller;

pub use search::{pattern, search_statement};
