//! How customers find stores.

use std::sync::Arc;

use super::{
    error,
    model::{
        search::{CustomerStore, FavoriteAdded, PAGE_SIZE, StoreFilter, StorePage},
        store::Store,
    },
    ports::StoreSearch,
};
use crate::shared::{Clock, Email, Result, StoreId};

/// Use cases of searching and favourites.
pub struct SearchService {
    search: Arc<dyn StoreSearch>,
    clock: Arc<dyn Clock>,
}

impl SearchService {
    /// Builds the use cases on their ports.
    pub fn new(search: Arc<dyn StoreSearch>, clock: Arc<dyn Clock>) -> Self {
        Self { search, clock }
    }

    /// Builds the index behind the words anew: one that grew row by row is read in three times as many pages.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn rebuild(&self) -> Result<()> {
        self.search.rebuild().await
    }

    /// The `page`-th page, from 0.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn page(&self, customer: &Email, filter: &StoreFilter, page: u32) -> Result<StorePage> {
        let mut stores = self.search.page(customer, filter, i64::from(page) * PAGE_SIZE, PAGE_SIZE + 1).await?;
        let is_end = stores.len() as i64 <= PAGE_SIZE;
        stores.truncate(PAGE_SIZE as usize);
        Ok(StorePage { stores, is_end })
    }

    /// A store with its products.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn store(&self, customer: &Email, store: &StoreId) -> Result<Store> {
        Ok(self.search.find(customer, store).await?.ok_or(error::STORE_NOT_FOUND)?.store)
    }

    /// The customer's favourites by name.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn favorites(&self, customer: &Email) -> Result<Vec<CustomerStore>> {
        self.search.favorites(customer).await
    }

    /// Makes the store a favourite of the customer.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `favorite_exists`: it is a favourite already.
    pub async fn add_favorite(&self, customer: &Email, store: &StoreId) -> Result<()> {
        match self.search.add_favorite(customer, store, self.clock.now()).await? {
            FavoriteAdded::Added => Ok(()),
            FavoriteAdded::WasThere => Err(error::FAVORITE_EXISTS.into()),
            FavoriteAdded::NoStore => Err(error::STORE_NOT_FOUND.into()),
        }
    }

    /// Takes the store off the customer's favourites.
    ///
    /// # Errors
    /// `favorite_not_found`: it is no favourite.
    pub async fn remove_favorite(&self, customer: &Email, store: &StoreId) -> Result<()> {
        if self.search.remove_favorite(customer, store).await? { Ok(()) } else { Err(error::FAVORITE_NOT_FOUND.into()) }
    }
}
