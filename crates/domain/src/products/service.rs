//! A seller's products.

use std::sync::Arc;

use super::{
    error,
    ports::Products,
    product::{NewProduct, Product, ProductChange},
};
use crate::{
    shared::{Clock, Email, Ids, ProductId, Result},
    stores::StoreService,
};

/// Use cases of a seller's products.
pub struct ProductService {
    products: Arc<dyn Products>,
    stores: Arc<StoreService>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl ProductService {
    /// Wires the service.
    pub fn new(products: Arc<dyn Products>, stores: Arc<StoreService>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { products, stores, clock, ids }
    }

    /// Registers a product.
    ///
    /// # Errors
    /// `store_not_found`.
    pub async fn register(&self, seller: &Email, product: &NewProduct) -> Result<Product> {
        let store = self.stores.store_id(seller).await?;
        self.products.register(&ProductId::generate(self.ids.as_ref()), &store, product, self.clock.now()).await
    }

    /// One product.
    ///
    /// # Errors
    /// `store_not_found`, `product_not_found`.
    pub async fn product(&self, seller: &Email, id: Option<&ProductId>) -> Result<Product> {
        let store = self.stores.store_id(seller).await?;
        let id = id.ok_or(error::PRODUCT_NOT_FOUND)?;
        Ok(self.products.find(&store, id).await?.ok_or(error::PRODUCT_NOT_FOUND)?)
    }

    /// All products of the seller's store, by id.
    ///
    /// # Errors
    /// `store_not_found`.
    pub async fn products(&self, seller: &Email) -> Result<Vec<Product>> {
        let store = self.stores.store_id(seller).await?;
        self.products.of_store(&store).await
    }

    /// Changes what is given; with nothing given the product comes back as it is.
    ///
    /// # Errors
    /// `store_not_found`, `product_not_found`.
    pub async fn change(&self, seller: &Email, id: Option<&ProductId>, change: &ProductChange) -> Result<Product> {
        if *change == ProductChange::default() {
            return self.product(seller, id).await;
        }
        let store = self.stores.store_id(seller).await?;
        let id = id.ok_or(error::PRODUCT_NOT_FOUND)?;
        Ok(self.products.change(&store, id, change, self.clock.now()).await?.ok_or(error::PRODUCT_NOT_FOUND)?)
    }

    /// One piece more.
    ///
    /// # Errors
    /// `store_not_found`, `product_not_found`, `stock_limit`.
    pub async fn stock_up(&self, seller: &Email, id: Option<&ProductId>) -> Result<Product> {
        self.adjust(seller, id, 1, error::STOCK_LIMIT).await
    }

    /// One piece less.
    ///
    /// # Errors
    /// `store_not_found`, `product_not_found`, `nothing_left`.
    pub async fn stock_down(&self, seller: &Email, id: Option<&ProductId>) -> Result<Product> {
        self.adjust(seller, id, -1, error::NOTHING_LEFT).await
    }

    async fn adjust(&self, seller: &Email, id: Option<&ProductId>, by: i32, refusal: crate::shared::Refusal) -> Result<Product> {
        let store = self.stores.store_id(seller).await?;
        let id = id.ok_or(error::PRODUCT_NOT_FOUND)?;
        match self.products.adjust(&store, id, by, self.clock.now()).await? {
            None => Err(error::PRODUCT_NOT_FOUND.into()),
            Some((_, false)) => Err(refusal.into()),
            Some((product, true)) => Ok(product),
        }
    }
}
