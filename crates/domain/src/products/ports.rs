//! What this feature needs from outside.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::model::{
    price::PickupEnds,
    product::{KnownPrices, NewProduct, Product, ProductChange, ProductOutcome, StockReservation},
    rollover::Rollover,
};
use crate::shared::{Email, ProductId, Result, StoreId};

/// Products of stores. A product of another store is `None` everywhere.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Products: Send + Sync {
    /// Stores a product; its stock is all left, its version 1. `None`: the store has [`super::MOST_PRODUCTS`], and MUST get no more, however many
    /// come at once.
    async fn register(&self, id: &ProductId, store: &StoreId, product: &NewProduct, at: DateTime<Utc>) -> Result<Option<Product>>;
    /// How many products have promised more pieces, to orders and holds, than there are: 0, or something is badly wrong.
    async fn oversold(&self) -> Result<i64>;
    /// The product of this store.
    async fn find(&self, store: &StoreId, id: &ProductId) -> Result<Option<Product>>;
    /// All products of a store, by id.
    async fn of_store(&self, store: &StoreId) -> Result<Vec<Product>>;
    /// Changes the fields given in one statement; the version grows. Another price, discount or step is in force from `at` on; the prices
    /// before it MUST stay known for [`super::PRICES_KEPT`]: of `known`, those since the last change. Where the product's prices are others
    /// than `known` says, nothing MUST change: it is [`ProductOutcome::Unchanged`].
    async fn change(
        &self,
        store: &StoreId,
        id: &ProductId,
        change: &ProductChange,
        known: &KnownPrices,
        at: DateTime<Utc>,
    ) -> Result<ProductOutcome>;
    /// Adds (`add`) or takes away nutrition types in one statement, unless one of them is there already, or is not there: then
    /// it is [`ProductOutcome::Unchanged`].
    async fn change_nutrition(
        &self,
        store: &StoreId,
        id: &ProductId,
        words: &[&'static str],
        add: bool,
        at: DateTime<Utc>,
    ) -> Result<ProductOutcome>;
    /// Adds `by` to the adjustment in one statement, unless less than nothing would be left or initial + adjustment would
    /// exceed [`super::Stock::MAX`]: then it is [`ProductOutcome::Unchanged`].
    async fn adjust(&self, store: &StoreId, id: &ProductId, by: i32, at: DateTime<Utc>) -> Result<ProductOutcome>;
    /// Products that this rollover takes ([`Rollover`]), by id after `after`, up to `limit`.
    async fn to_roll_over<'a>(&self, rollover: Rollover, after: Option<&'a ProductId>, limit: i64) -> Result<Vec<ProductId>>;
    /// Begins the rollover's day for these products, with a new initial stock where one is given. Sold and held MUST count what
    /// orders and holds of that day and later have; the adjustment starts anew, and takes what they have beyond the initial stock. A
    /// product that the rollover does not take MUST stay as it is. Gives the number of those that it takes.
    async fn roll_over(&self, rollover: Rollover, products: &[(ProductId, Option<i32>)], at: DateTime<Utc>) -> Result<usize>;
}

/// Stock that becomes a product's initial stock at the next daily rollover.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait StockReservations: Send + Sync {
    /// The reservation of a product.
    async fn find(&self, product: &ProductId) -> Result<Option<StockReservation>>;
    /// Reserves, in place of what was reserved.
    async fn reserve(&self, product: &ProductId, reservation: &StockReservation) -> Result<()>;
    /// `false`: nothing was reserved.
    async fn cancel(&self, product: &ProductId) -> Result<bool>;
    /// What was reserved before `before` for these products.
    async fn due(&self, products: &[ProductId], before: DateTime<Utc>) -> Result<Vec<(ProductId, i32)>>;
    /// Forgets what was reserved before `before`, of all products.
    async fn forget(&self, before: DateTime<Utc>) -> Result<()>;
}

/// When pickup ends at a store. The feature `stores` knows.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait PickupHours: Send + Sync {
    /// By the hours in force.
    async fn pickup_ends(&self, store: &StoreId) -> Result<PickupEnds>;
}

/// Which store a seller has. The feature `stores` knows.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait SellersStore: Send + Sync {
    /// The store's id. MUST be refused with `store_not_found` where the seller has none.
    async fn store_id(&self, seller: &Email) -> Result<StoreId>;
}
