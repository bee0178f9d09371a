//! Stores nearby as JSON, of a bounded size.

use cheapbob_domain::stores::{Glance, NearbyPage, NearbyStore, ports::ObjectStorage};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    dto::CustomerStoreBody,
    page::{FOR_EACH, shorten},
    texts::StoreTexts,
};

/// As on a page of a search, of a store whose products are too much those are here for which there is room.
#[derive(Serialize, ToSchema)]
pub(super) struct NearbyPageBody {
    stores: Vec<NearbyStoreBody>,
    /// Where the next page begins; `null`: there is none.
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct NearbyStoreBody {
    #[serde(flatten)]
    store: CustomerStoreBody,
    #[serde(flatten)]
    facts: NearbyFacts,
}

/// What a store nearby has beside what each store has.
#[derive(Serialize, ToSchema)]
struct NearbyFacts {
    /// In metres, along the sphere.
    distance_m: i64,
    is_open_now: bool,
    /// The unit price now of the cheapest product of which something is left.
    lowest_price: Option<i64>,
    /// Pieces of all products.
    left: i64,
    /// Kinds of the customer's preferences that it meets; only with `sort=recommended`.
    #[schema(value_type = Vec<NearbyReason>)]
    reasons: Vec<&'static str>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "for the document")]
enum NearbyReason {
    NutritionType,
    PreferredMenu,
    ToppingType,
}

impl From<&NearbyStore> for NearbyFacts {
    fn from(found: &NearbyStore) -> Self {
        let Glance { is_open_now, lowest_price, left } = found.glance;
        let reasons = found.reasons.iter().map(|kind| kind.as_str()).collect();
        Self { distance_m: found.distance, is_open_now, lowest_price: lowest_price.map(|price| price.0), left, reasons }
    }
}

impl NearbyPageBody {
    /// A page.
    ///
    /// # Errors
    /// What cannot be JSON, which nothing here is.
    pub(super) fn json(page: NearbyPage, texts: &StoreTexts, storage: &dyn ObjectStorage) -> serde_json::Result<Vec<u8>> {
        const USUAL: usize = 4_000;
        let mut json = Vec::with_capacity(USUAL * (page.stores.len() + 1));
        json.extend_from_slice(br#"{"stores":["#);
        for (place, found) in page.stores.iter().enumerate() {
            if place > 0 {
                json.push(b',');
            }
            texts.write(&found.listed, storage, page.at, &mut json)?;
            let facts = serde_json::to_vec(&NearbyFacts::from(found))?;
            // One object of both.
            json.pop();
            json.push(b',');
            json.extend_from_slice(&facts[1..]);
        }
        json.extend_from_slice(br#"],"next_cursor":"#);
        serde_json::to_writer(&mut json, &page.next)?;
        json.push(b'}');
        let largest = FOR_EACH * page.stores.len().max(1);
        if json.len() <= largest {
            return Ok(json);
        }
        let facts: Vec<_> = page.stores.iter().map(NearbyFacts::from).collect();
        let stores = page.stores.into_iter().map(|found| CustomerStoreBody::new(found.listed.into(), storage, page.at));
        let mut stores: Vec<_> = stores.collect();
        shorten(&mut stores, json.len(), largest)?;
        let stores = stores.into_iter().zip(facts).map(|(store, facts)| NearbyStoreBody { store, facts }).collect();
        serde_json::to_vec(&Self { stores, next_cursor: page.next })
    }
}
