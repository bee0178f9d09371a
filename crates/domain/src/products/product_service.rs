//! A seller's products.

use std::sync::Arc;

use super::{
    error,
    model::product::{NewProduct, Product, ProductChange, ProductOutcome, StockReservation},
    ports::{Products, SellersStore, StockReservations},
};
use crate::shared::{Clock, Email, Ids, ProductId, Refusal, Result};

/// Use cases of a seller's products.
pub struct ProductService {
    pub(super) products: Arc<dyn Products>,
    pub(super) reservations: Arc<dyn StockReservations>,
    stores: Arc<dyn SellersStore>,
    pub(super) clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl ProductService {
    /// How many products have promised more pieces than there are: an alarm if not 0.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn oversold(&self) -> Result<i64> {
        self.products.oversold().await
    }

    /// Builds the use cases on their ports.
    pub fn new(
        products: Arc<dyn Products>,
        reservations: Arc<dyn StockReservations>,
        stores: Arc<dyn SellersStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { products, reservations, stores, clock, ids }
    }

    /// Registers a product; all its pieces are left to be bought.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `too_many_products`: the store has as many as it may.
    pub async fn register(&self, seller: &Email, product: &NewProduct) -> Result<Product> {
        let store = self.stores.store_id(seller).await?;
        let registered = self.products.register(&ProductId::generate(self.ids.as_ref()), &store, product, self.clock.now()).await?;
        Ok(registered.ok_or(error::TOO_MANY_PRODUCTS)?)
    }

    /// A product of the seller's store.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    pub async fn product(&self, seller: &Email, id: &ProductId) -> Result<Product> {
        let store = self.stores.store_id(seller).await?;
        Ok(self.products.find(&store, id).await?.ok_or(error::PRODUCT_NOT_FOUND)?)
    }

    /// All products of the seller's store, by id.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn products(&self, seller: &Email) -> Result<Vec<Product>> {
        let store = self.stores.store_id(seller).await?;
        self.products.of_store(&store).await
    }

    /// Changes what is given; with nothing given the product comes back as it is.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    pub async fn change(&self, seller: &Email, id: &ProductId, change: &ProductChange) -> Result<Product> {
        if *change == ProductChange::default() {
            return self.product(seller, id).await;
        }
        let store = self.stores.store_id(seller).await?;
        Ok(self.products.change(&store, id, change, self.clock.now()).await?.ok_or(error::PRODUCT_NOT_FOUND)?)
    }

    /// Adds one piece by the seller's adjustment.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `stock_limit`: the stock would grow beyond its limit.
    pub async fn stock_up(&self, seller: &Email, id: &ProductId) -> Result<Product> {
        self.adjust(seller, id, 1, error::STOCK_LIMIT).await
    }

    /// Takes one piece away by the seller's adjustment.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `nothing_left`: nothing is left to take away.
    pub async fn stock_down(&self, seller: &Email, id: &ProductId) -> Result<Product> {
        self.adjust(seller, id, -1, error::NOTHING_LEFT).await
    }

    /// Adds nutrition types, all or none.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `nutrition_exists`: one of the words is there already.
    pub async fn add_nutrition(&self, seller: &Email, id: &ProductId, words: &[&'static str]) -> Result<Product> {
        self.nutrition(seller, id, words, true, error::NUTRITION_EXISTS).await
    }

    /// Takes nutrition types away, all or none.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `nutrition_not_found`: one of the words is not there.
    pub async fn remove_nutrition(&self, seller: &Email, id: &ProductId, words: &[&'static str]) -> Result<Product> {
        self.nutrition(seller, id, words, false, error::NUTRITION_NOT_FOUND).await
    }

    async fn nutrition(&self, seller: &Email, id: &ProductId, words: &[&'static str], add: bool, refusal: Refusal) -> Result<Product> {
        let store = self.stores.store_id(seller).await?;
        changed(self.products.change_nutrition(&store, id, words, add, self.clock.now()).await?, refusal)
    }

    /// The product and the stock reserved for it.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `reservation_not_found`: no stock is reserved for it.
    pub async fn stock_reservation(&self, seller: &Email, id: &ProductId) -> Result<(Product, StockReservation)> {
        let product = self.product(seller, id).await?;
        let reservation = self.reservations.find(&product.id).await?.ok_or(error::RESERVATION_NOT_FOUND)?;
        Ok((product, reservation))
    }

    /// Reserves a stock for the next business day, in place of what was reserved.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    pub async fn reserve_stock(&self, seller: &Email, id: &ProductId, new_stock: i32) -> Result<(Product, StockReservation)> {
        let product = self.product(seller, id).await?;
        let reservation = StockReservation { new_stock, reserved_at: self.clock.now() };
        self.reservations.reserve(&product.id, &reservation).await?;
        Ok((product, reservation))
    }

    /// Forgets the reserved stock.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `reservation_not_found`: no stock is reserved for it.
    pub async fn cancel_stock_reservation(&self, seller: &Email, id: &ProductId) -> Result<()> {
        let product = self.product(seller, id).await?;
        if self.reservations.cancel(&product.id).await? { Ok(()) } else { Err(error::RESERVATION_NOT_FOUND.into()) }
    }

    async fn adjust(&self, seller: &Email, id: &ProductId, by: i32, refusal: Refusal) -> Result<Product> {
        let store = self.stores.store_id(seller).await?;
        changed(self.products.adjust(&store, id, by, self.clock.now()).await?, refusal)
    }
}

fn changed(outcome: ProductOutcome, refusal: Refusal) -> Result<Product> {
    match outcome {
        ProductOutcome::Changed(product) => Ok(product),
        ProductOutcome::Unchanged(_) => Err(refusal.into()),
        ProductOutcome::NotFound => Err(error::PRODUCT_NOT_FOUND.into()),
    }
}
