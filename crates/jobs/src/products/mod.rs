//! Jobs of `products`.

pub(crate) mod turn_stock;
