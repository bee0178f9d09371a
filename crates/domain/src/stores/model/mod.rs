//! What stores are made of.

pub mod hours;
pub mod image;
pub mod payment_account;
pub mod planned_hours;
pub mod rating;
pub mod search;
pub mod store;
