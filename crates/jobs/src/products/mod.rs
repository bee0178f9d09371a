//! Jobs of `products`.

pub(crate) mod rollover_stock;
