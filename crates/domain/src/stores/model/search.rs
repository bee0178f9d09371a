//! What customers search for, and what they find.

use chrono::Duration;

use super::store::Store;
use crate::shared::{Result, Rule, text};

/// Stores on a page.
pub const PAGE_SIZE: i64 = 4;

/// Neighbourhoods to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
    /// - `too_long`: more characters than allowed.
    /// - `too_many`: more entries than allowed.
    /// - `bad_character`: a control character.
    pub fn bnames(bnames: &[String]) -> Result<Vec<String>, Rule> {
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
    /// Only stores in these neighbourhoods.
    pub location: Option<BnameFilter>,
    /// With this text in the store's name or a product's, case-insensitive; `%`, `_` and `\` are plain characters.
    pub name: Option<String>,
}

/// A store as a customer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerStore {
    /// The store as every customer sees it.
    pub store: Store,
    /// Whether it is one of the customer's favourites.
    pub is_favorite: bool,
}

/// A page of search results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePage {
    /// At most [`PAGE_SIZE`].
    pub stores: Vec<CustomerStore>,
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
