//! What disputes are made of.

pub mod dispute;
pub mod mail;
