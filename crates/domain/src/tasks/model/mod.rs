//! What tasks are made of.

pub mod lane;
pub mod mark;
pub mod run;
pub mod task;
