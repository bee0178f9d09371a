//! What tasks are made of.

pub mod lane;
pub mod run;
pub mod task;
