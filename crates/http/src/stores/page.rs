//! Stores as JSON of a bounded size, whatever stores write into it.

use cheapbob_domain::stores::{PAGE_SIZE, StorePage, ports::ObjectStorage, words};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{dto::CustomerStoreBody, texts::StoreTexts};

/// Bytes for each store of a list: a phone has to load it. Without its products a store has 28,000 in the worst case, of which 4,000 are its
/// introduction and 8,000 its links.
pub(super) const FOR_EACH: usize = 50_000;

/// Bytes of a page at most.
const LARGEST: usize = FOR_EACH * PAGE_SIZE as usize;

/// Of a store whose products are too much for the page, those are here for which there is room, first those of which something is left;
/// `GET …/{store_id}/products` has all.
#[derive(Serialize, ToSchema)]
pub(super) struct StorePageBody {
    stores: Vec<CustomerStoreBody>,
    is_end: bool,
}

impl StorePageBody {
    /// A page of a search.
    ///
    /// # Errors
    /// What cannot be JSON, which nothing here is.
    pub(super) fn json(
        found: StorePage,
        texts: &StoreTexts,
        storage: &dyn ObjectStorage,
        now: DateTime<Utc>,
    ) -> serde_json::Result<Vec<u8>> {
        let json = texts.page(&found, storage, now)?;
        if json.len() <= LARGEST {
            return Ok(json);
        }
        let stores = found.stores.into_iter().map(|listed| CustomerStoreBody::new(listed.into(), storage, now)).collect();
        let mut page = Self { stores, is_end: found.is_end };
        shorten(&mut page.stores, json.len(), LARGEST)?;
        serde_json::to_vec(&page)
    }
}

/// A list of any number of stores.
///
/// # Errors
/// As [`StorePageBody::json`].
pub(super) fn list_json(mut stores: Vec<CustomerStoreBody>) -> serde_json::Result<Vec<u8>> {
    let (json, largest) = (serde_json::to_vec(&stores)?, FOR_EACH * stores.len().max(1));
    if json.len() <= largest {
        return Ok(json);
    }
    shorten(&mut stores, json.len(), largest)?;
    serde_json::to_vec(&stores)
}

/// Leaves as many of each store's products as there is room for in `largest` bytes; `length`: what they are now. Stores that need little
/// come first, so that what they leave is the others'.
pub(super) fn shorten(stores: &mut [CustomerStoreBody], mut length: usize, largest: usize) -> serde_json::Result<()> {
    let mut products = Vec::new();
    for (place, found) in stores.iter_mut().enumerate() {
        // One that is longer was stored before there was a limit.
        length -= found.store.cut_introduction(words::INTRODUCTION.max);
        let sizes = found.store.product_sizes()?;
        products.push((sizes.iter().sum::<usize>(), place, sizes));
    }
    let without_products = length - products.iter().map(|(total, ..)| total).sum::<usize>();
    let (mut room, mut waiting) = (largest.saturating_sub(without_products), products.len());
    products.sort_unstable();
    for (_, place, sizes) in products {
        room -= stores[place].store.keep_products(&sizes, room / waiting);
        waiting -= 1;
    }
    Ok(())
}
