//! What reviews are made of.

pub mod review;
pub mod times;
