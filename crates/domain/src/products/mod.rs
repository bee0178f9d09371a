//! Products: price, discount, stock and the seller's adjustment.

pub mod error;
pub mod ports;
pub mod product;
pub mod service;

pub use product::{NewProduct, Product, ProductChange, Stock, StockReservation};
pub use service::ProductService;
