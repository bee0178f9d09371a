//! What notices are made of.

pub mod batch;
pub mod choices;
pub mod message;
pub mod occasion;
pub mod subscription;
#[cfg(test)]
pub(crate) mod testing;
pub mod times;
