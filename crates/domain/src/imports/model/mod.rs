//! From old rows to ours: what each becomes, and what is told of it. No port is needed for that.

mod buyers;
pub mod finding;
pub mod holds;
pub mod hours;
pub mod memory;
pub mod mending;
pub mod old;
pub mod orders;
pub mod people;
pub mod products;
pub mod stores;
