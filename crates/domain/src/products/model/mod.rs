//! What products are made of.

pub mod product;
pub mod rollover;
