//! How customers find stores.

use std::sync::Arc;

use super::{error, ports::StoreSearch, store::Store};
use crate::shared::{Clock, Email, Result, Rule, StoreId, text};

/// Stores on a page.
pub const PAGE_SIZE: i64 = 4;

/// Neighbourhoods to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BnameFilter {
    /// Province or metropolitan city.
    pub sido: String,
    /// City, county or district.
    pub sigungu: String,
    /// Neighbourhoods, 1–100.
    pub bnames: Vec<String>,
}

impl BnameFilter {
    /// Neighbourhoods asked for.
    ///
    /// # Errors
    /// `too_short`, `too_long`, `too_many`, `bad_character`.
    pub fn bnames(bnames: &[String]) -> std::result::Result<Vec<String>, Rule> {
        if bnames.is_empty() {
            return Err(Rule { code: "too_short", message: "동을 하나 이상 선택해 주세요." });
        }
        if bnames.len() > 100 {
            return Err(Rule { code: "too_many", message: "동은 100개까지 선택할 수 있습니다." });
        }
        bnames.iter().map(|b| text::bounded(b, 1, 50)).collect()
    }
}

/// What to look for; without either, everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreFilter {
    /// In these neighbourhoods.
    pub location: Option<BnameFilter>,
    /// With this text in the store's name or a product's, case-insensitive; `%`, `_` and `\` are plain characters.
    pub name: Option<String>,
}

/// A store as a customer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerStore {
    /// The store.
    pub store: Store,
    /// Whether it is one of the customer's favourites.
    pub is_favorite: bool,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePage {
    /// At most [`PAGE_SIZE`].
    pub stores: Vec<CustomerStore>,
    /// Nothing comes after it.
    pub is_end: bool,
}

/// Use cases of searching and favourites.
pub struct SearchService {
    search: Arc<dyn StoreSearch>,
    clock: Arc<dyn Clock>,
}

impl SearchService {
    /// Wires the service.
    pub fn new(search: Arc<dyn StoreSearch>, clock: Arc<dyn Clock>) -> Self {
        Self { search, clock }
    }

    /// Builds the index behind the words anew: one that grew row by row is read in three times as many pages.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn rebuild(&self) -> Result<()> {
        self.search.rebuild().await
    }

    /// The `page`-th page, from 0.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn page(&self, customer: &Email, filter: &StoreFilter, page: u32) -> Result<StorePage> {
        let mut stores = self.search.page(customer, filter, i64::from(page) * PAGE_SIZE, PAGE_SIZE + 1).await?;
        let is_end = stores.len() as i64 <= PAGE_SIZE;
        stores.truncate(PAGE_SIZE as usize);
        Ok(StorePage { stores, is_end })
    }

    /// A store with its products.
    ///
    /// # Errors
    /// `store_not_found`.
    pub async fn store(&self, customer: &Email, store: Option<&StoreId>) -> Result<Store> {
        let store = store.ok_or(error::STORE_NOT_FOUND)?;
        Ok(self.search.find(customer, store).await?.ok_or(error::STORE_NOT_FOUND)?.store)
    }

    /// The customer's favourites by name.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn favorites(&self, customer: &Email) -> Result<Vec<CustomerStore>> {
        self.search.favorites(customer).await
    }

    /// Adds a favourite.
    ///
    /// # Errors
    /// `store_not_found`, `favorite_exists`.
    pub async fn add_favorite(&self, customer: &Email, store: Option<&StoreId>) -> Result<()> {
        let store = store.ok_or(error::STORE_NOT_FOUND)?;
        match self.search.add_favorite(customer, store, self.clock.now()).await? {
            None => Err(error::STORE_NOT_FOUND.into()),
            Some(false) => Err(error::FAVORITE_EXISTS.into()),
            Some(true) => Ok(()),
        }
    }

    /// Removes a favourite.
    ///
    /// # Errors
    /// `favorite_not_found`.
    pub async fn remove_favorite(&self, customer: &Email, store: Option<&StoreId>) -> Result<()> {
        let store = store.ok_or(error::FAVORITE_NOT_FOUND)?;
        if self.search.remove_favorite(customer, store).await? { Ok(()) } else { Err(error::FAVORITE_NOT_FOUND.into()) }
    }
}
