//! A seller's products.

use std::sync::Arc;

use super::{
    error,
    model::{
        price::PickupEnds,
        product::{NewProduct, PricedProduct, Product, ProductOutcome, StockReservation},
    },
    ports::{PickupHours, Products, SellersStore, StockReservations},
};
use crate::shared::{Clock, Email, Ids, ProductId, Refusal, Result, StoreId};

/// Use cases of a seller's products.
pub struct ProductService {
    pub(super) products: Arc<dyn Products>,
    pub(super) reservations: Arc<dyn StockReservations>,
    pub(super) stores: Arc<dyn SellersStore>,
    hours: Arc<dyn PickupHours>,
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
        hours: Arc<dyn PickupHours>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { products, reservations, stores, hours, clock, ids }
    }

    /// Registers a product; all its pieces are left to be bought.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `too_many_products`: the store has as many as it may.
    pub async fn register(&self, seller: &Email, product: &NewProduct) -> Result<PricedProduct> {
        let store = self.stores.store_id(seller).await?;
        let registered = self.products.register(&ProductId::generate(self.ids.as_ref()), &store, product, self.clock.now()).await?;
        self.priced(registered.ok_or(error::TOO_MANY_PRODUCTS)?).await
    }

    /// A product of the seller's store.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    pub async fn product(&self, seller: &Email, id: &ProductId) -> Result<PricedProduct> {
        self.priced(self.stored(seller, id).await?).await
    }

    pub(super) async fn stored(&self, seller: &Email, id: &ProductId) -> Result<Product> {
        let store = self.stores.store_id(seller).await?;
        Ok(self.products.find(&store, id).await?.ok_or(error::PRODUCT_NOT_FOUND)?)
    }

    /// All products of the seller's store, by id.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn products(&self, seller: &Email) -> Result<Vec<PricedProduct>> {
        let store = self.stores.store_id(seller).await?;
        let products = self.products.of_store(&store).await?;
        let ends = self.pickup_ends(&store, &products).await?;
        let now = self.clock.now();
        Ok(products.into_iter().map(|product| product.priced(&ends, now)).collect())
    }

    /// Adds one piece by the seller's adjustment.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `stock_limit`: the stock would grow beyond its limit.
    pub async fn stock_up(&self, seller: &Email, id: &ProductId) -> Result<PricedProduct> {
        self.adjust(seller, id, 1, error::STOCK_LIMIT).await
    }

    /// Takes one piece away by the seller's adjustment.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `nothing_left`: nothing is left to take away.
    pub async fn stock_down(&self, seller: &Email, id: &ProductId) -> Result<PricedProduct> {
        self.adjust(seller, id, -1, error::NOTHING_LEFT).await
    }

    /// Adds nutrition types, all or none.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `nutrition_exists`: one of the words is there already.
    pub async fn add_nutrition(&self, seller: &Email, id: &ProductId, words: &[&'static str]) -> Result<PricedProduct> {
        self.nutrition(seller, id, words, true, error::NUTRITION_EXISTS).await
    }

    /// Takes nutrition types away, all or none.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `nutrition_not_found`: one of the words is not there.
    pub async fn remove_nutrition(&self, seller: &Email, id: &ProductId, words: &[&'static str]) -> Result<PricedProduct> {
        self.nutrition(seller, id, words, false, error::NUTRITION_NOT_FOUND).await
    }

    async fn nutrition(
        &self,
        seller: &Email,
        id: &ProductId,
        words: &[&'static str],
        add: bool,
        refusal: Refusal,
    ) -> Result<PricedProduct> {
        let store = self.stores.store_id(seller).await?;
        self.changed(self.products.change_nutrition(&store, id, words, add, self.clock.now()).await?, refusal).await
    }

    /// The product and the stock reserved for it.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    /// - `reservation_not_found`: no stock is reserved for it.
    pub async fn stock_reservation(&self, seller: &Email, id: &ProductId) -> Result<(Product, StockReservation)> {
        let product = self.stored(seller, id).await?;
        let reservation = self.reservations.find(&product.id).await?.ok_or(error::RESERVATION_NOT_FOUND)?;
        Ok((product, reservation))
    }

    /// Reserves a stock for the next business day, in place of what was reserved.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `product_not_found`: the store has no such product.
    pub async fn reserve_stock(&self, seller: &Email, id: &ProductId, new_stock: i32) -> Result<(Product, StockReservation)> {
        let product = self.stored(seller, id).await?;
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
        let product = self.stored(seller, id).await?;
        if self.reservations.cancel(&product.id).await? { Ok(()) } else { Err(error::RESERVATION_NOT_FOUND.into()) }
    }

    async fn adjust(&self, seller: &Email, id: &ProductId, by: i32, refusal: Refusal) -> Result<PricedProduct> {
        let store = self.stores.store_id(seller).await?;
        self.changed(self.products.adjust(&store, id, by, self.clock.now()).await?, refusal).await
    }

    async fn changed(&self, outcome: ProductOutcome, refusal: Refusal) -> Result<PricedProduct> {
        match outcome {
            ProductOutcome::Changed(product) => self.priced(product).await,
            ProductOutcome::Unchanged(_) => Err(refusal.into()),
            ProductOutcome::NotFound => Err(error::PRODUCT_NOT_FOUND.into()),
        }
    }

    pub(super) async fn priced(&self, product: Product) -> Result<PricedProduct> {
        let ends = self.pickup_ends(&product.store_id, std::slice::from_ref(&product)).await?;
        Ok(product.priced(&ends, self.clock.now()))
    }

    /// Without a step nobody needs to know.
    pub(super) async fn pickup_ends(&self, store: &StoreId, products: &[Product]) -> Result<PickupEnds> {
        if products.iter().all(|product| product.steps.is_empty()) {
            return Ok(PickupEnds::default());
        }
        self.hours.pickup_ends(store).await
    }
}
