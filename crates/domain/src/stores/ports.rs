//! What this feature needs from outside.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{
    search::{CustomerStore, StoreFilter},
    store::{NewStore, PortOneAccount, Store},
};
use crate::shared::{Email, Result, StoreId};

/// Sellers' stores.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Stores: Send + Sync {
    /// Stores store and hours, all or nothing. `false`, and nothing stored, where the seller has a store: of two calls at
    /// once exactly one MUST get `true`.
    async fn register(&self, seller: &Email, store: &NewStore, at: DateTime<Utc>) -> Result<bool>;
    /// The seller's store with all that belongs to it.
    async fn of_seller(&self, seller: &Email) -> Result<Option<Store>>;
    /// Only its id.
    async fn id_of_seller(&self, seller: &Email) -> Result<Option<StoreId>>;
    /// Sets the payment account. `false`, and nothing changed, where one is set.
    async fn set_payment(&self, store: &StoreId, account: &PortOneAccount, at: DateTime<Utc>) -> Result<bool>;
    /// The payment account with its secret.
    async fn payment(&self, store: &StoreId) -> Result<Option<PortOneAccount>>;
}

/// What customers see of stores. Lists hold only stores with a product.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait StoreSearch: Send + Sync {
    /// `limit` stores that match, from the `offset`-th on, as this customer sees them. Without a filter newest first, with
    /// one by name; ties by id.
    async fn page(&self, customer: &Email, filter: &StoreFilter, offset: i64, limit: i64) -> Result<Vec<CustomerStore>>;
    /// The customer's favourites by name.
    async fn favorites(&self, customer: &Email) -> Result<Vec<CustomerStore>>;
    /// One store, also without products.
    async fn find(&self, customer: &Email, store: &StoreId) -> Result<Option<CustomerStore>>;
    /// `false`: it is one already. `None`: no such store.
    async fn add_favorite(&self, customer: &Email, store: &StoreId, at: DateTime<Utc>) -> Result<Option<bool>>;
    /// `false`: it was none.
    async fn remove_favorite(&self, customer: &Email, store: &StoreId) -> Result<bool>;
}

/// Where pictures lie.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ObjectStorage: Send + Sync {
    /// Address of an object for browsers.
    fn public_url(&self, key: &str) -> String;
    /// Stores an object.
    async fn put(&self, key: &str, content_type: &str, bytes: &[u8]) -> Result<()>;
    /// Content type and bytes. `None`: there is none, or the objects are served elsewhere.
    async fn get(&self, key: &str) -> Result<Option<(String, Vec<u8>)>>;
}
