//! What customers search for, and what they find.

use std::sync::Arc;

use chrono::Duration;

use super::store::{Store, words};
use crate::{
    products::Product,
    shared::{
        Result, Rule, Validation,
        text::{Text, typed},
    },
};

/// The longest text that can be searched for is the longest name of a product.
const SEARCH_NAME: Text = typed!("검색어는", 1 to 255);

/// Stores on a page.
pub const PAGE_SIZE: i64 = 4;

/// Neighbourhoods to look in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BnameFilter {
    /// Province or metropolitan city.
    pub sido: String,
    /// City, county or district.
    pub sigungu: String,
    /// Legal neighbourhoods (법정동), 1–100 of them.
    pub bnames: Vec<String>,
}

impl BnameFilter {
    /// Reads the neighbourhoods asked for.
    fn bnames(bnames: &[String]) -> Result<Vec<String>, Rule> {
        if bnames.is_empty() {
            return Err(Rule { code: "too_short", message: "동을 하나 이상 선택해 주세요." });
        }
        if bnames.len() > 100 {
            return Err(Rule { code: "too_many", message: "동은 100개까지 선택할 수 있습니다." });
        }
        bnames.iter().map(|b| words::BNAME.parse(b)).collect()
    }
}

/// What to look for; without either, everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct StoreFilter {
    /// Only stores in these neighbourhoods.
    pub location: Option<BnameFilter>,
    /// With this text in the store's name or a product's, case-insensitive; `%`, `_` and `\` are plain characters.
    pub name: Option<String>,
}

impl StoreFilter {
    /// What a customer typed: sido, sigungu and bnames; a text.
    ///
    /// # Errors
    /// Every field that does not parse.
    pub fn parse(place: Option<(&str, &str, &[String])>, name: Option<&str>) -> Result<Self> {
        let mut errors = Validation::default();
        let location = place.and_then(|(sido, sigungu, bnames)| {
            let sido = errors.check("sido", words::SIDO.parse(sido));
            let sigungu = errors.check("sigungu", words::SIGUNGU.parse(sigungu));
            let bnames = errors.check("bname", BnameFilter::bnames(bnames));
            Some(BnameFilter { sido: sido?, sigungu: sigungu?, bnames: bnames? })
        });
        let name = errors.check_optional("search_name", name.map(|name| SEARCH_NAME.parse(name)));
        errors.finish(|| Some(Self { location, name }))
    }
}

/// A store as a customer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerStore {
    /// The store as every customer sees it.
    pub store: Store,
    /// Whether it is one of the customer's favourites.
    pub is_favorite: bool,
}

/// What customers see of a store but for its products, and the version under which that may be kept: what has changed has another one.
#[derive(Debug, PartialEq, Eq)]
pub struct StoreDocument {
    /// No other document, of whatever store, has the same.
    pub version: i64,
    /// Without products.
    pub store: Store,
}

/// A store on a page of search results: what seldom changes is shared by all who look at it.
#[derive(Debug, Clone)]
pub struct ListedStore {
    /// All but the products.
    pub document: Arc<StoreDocument>,
    /// In order of their ids, with the stock and prices of now.
    pub products: Arc<[Product]>,
    /// Whether it is one of the customer's favourites.
    pub is_favorite: bool,
}

impl From<ListedStore> for CustomerStore {
    fn from(listed: ListedStore) -> Self {
        let store = Store { products: listed.products.to_vec(), ..listed.document.store.clone() };
        Self { store, is_favorite: listed.is_favorite }
    }
}

/// A page of search results.
#[derive(Debug, Clone)]
pub struct StorePage {
    /// At most [`PAGE_SIZE`].
    pub stores: Vec<ListedStore>,
    /// Nothing comes after it.
    pub is_end: bool,
}

/// How many searches are kept (contract).
pub const KEPT: usize = 5;

/// How long each is kept (contract).
pub const KEPT_FOR: Duration = Duration::days(7);

/// What adding a favourite came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FavoriteAdded {
    /// It is a favourite from now on.
    Added,
    /// It was one already.
    WasThere,
    /// There is no such store.
    NoStore,
}
