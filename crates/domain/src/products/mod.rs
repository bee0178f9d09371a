//! Products: price, discount, stock and the seller's adjustment.

pub mod error;
pub mod ports;
pub mod product;
pub mod service;

pub use product::{NewProduct, Product, ProductChange, Stock};
pub use service::ProductService;
