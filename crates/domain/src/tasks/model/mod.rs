//! What tasks are made of.

pub mod run;
pub mod task;
