//! Products: price, discount, stock and the seller's adjustment.

pub mod error;
mod export;
pub mod model;
pub mod ports;
mod product_service;
mod rollover;

pub use model::{
    product::{MOST_PRODUCTS, NewProduct, PRICES_KEPT, Product, ProductChange, ProductOutcome, Stock, StockReservation},
    rollover::Rollover,
};
pub use product_service::ProductService;
