//! Products: price, discount, stock and the seller's adjustment.

mod change;
pub mod error;
mod export;
pub mod model;
pub mod ports;
mod product_service;
mod rollover;
#[cfg(test)]
pub(crate) mod testing;

pub use model::{
    price::{MOST_STEPS, PastPrice, PickupEnds, PriceStep, PriceSteps, Pricing, SaleNow, StepInput},
    product::{
        KnownPrices, MOST_PRODUCTS, NewProduct, PRICES_KEPT, PricedProduct, Product, ProductChange, ProductOutcome, Stock, StockReservation,
    },
    rollover::Rollover,
};
pub use product_service::ProductService;
