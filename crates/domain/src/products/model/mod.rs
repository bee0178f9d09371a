//! What products are made of.

pub mod price;
pub mod product;
pub mod rollover;
