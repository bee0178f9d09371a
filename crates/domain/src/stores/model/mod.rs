//! What stores are made of.

pub mod approval;
pub mod hours;
pub mod image;
pub mod nearby;
pub mod offer;
pub mod payment_account;
pub mod place;
pub mod planned_hours;
pub mod rating;
pub mod search;
pub mod store;
pub mod tile;
