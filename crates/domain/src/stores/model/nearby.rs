//! What customers ask who look for stores around them, and where a list goes on.

use std::collections::HashSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, NaiveTime, Timelike, Utc};
use sha2::{Digest, Sha256};
use strum::EnumString;

use super::{
    offer::{Glance, OfferFilter, StoreOffer, Tastes},
    place::Place,
    search::ListedStore,
};
use crate::{
    shared::{Result, Rule, StoreId, Validation, Won, kst},
    users::PreferenceKind,
};

/// Which store comes first. Of two that are alike in it the nearer one does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum NearbySort {
    /// The nearest.
    #[default]
    Distance,
    /// The cheapest.
    Price,
    /// The one whose pickup ends first; those where it is over, or not today, last.
    Closing,
    /// The one that meets most of the customer's tastes.
    Recommended,
}

/// A request as it came.
#[derive(Debug, Clone, Copy, Default)]
pub struct NearbyInput<'a> {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lng: f64,
    /// Metres.
    pub radius_m: i64,
    /// A word of [`NearbySort`].
    pub sort: &'a str,
    /// Stores on a page.
    pub limit: i64,
    /// Where the page before ended.
    pub cursor: Option<&'a str>,
    /// Only open stores.
    pub open_now: bool,
    /// Only what is left.
    pub in_stock: bool,
    /// Won.
    pub max_price: Option<i64>,
    /// Words.
    pub nutrition_types: &'a [String],
    /// `HH:MM`
    pub pickup_after: Option<&'a str>,
    /// `HH:MM`
    pub pickup_before: Option<&'a str>,
}

/// A page asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct NearbyAsk {
    /// Around which place.
    pub place: Place,
    /// Metres, 50 to 20,000.
    pub radius: i64,
    /// What comes first.
    pub sort: NearbySort,
    /// 1 to 50.
    pub limit: usize,
    /// Which stores.
    pub filter: OfferFilter,
    /// Behind what; `None`: the first page.
    pub(crate) cursor: Option<Cursor>,
    query: [u8; QUERY],
}

/// Stores that a list shows at most which goes by what changes: its cursor names each of them.
pub const MOST_SEEN: usize = 2_000;

/// Bytes of a query's hash, and of a store's, in a cursor.
const QUERY: usize = 8;
const SEEN: usize = 5;

/// What of a list has been shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// Distances do not change: all up to this one.
    UpTo(i64, StoreId),
    /// What changes while somebody turns pages may lead a store past any mark: these, by their hashes.
    Seen(Vec<[u8; SEEN]>),
}

const OUT_OF_RANGE: &str = "out_of_range";
const BAD_CURSOR: Rule = Rule { code: "bad_cursor", message: "목록의 다음 위치가 올바르지 않습니다." };

fn within<T: PartialOrd>(value: T, range: std::ops::RangeInclusive<T>, message: &'static str) -> Result<T, Rule> {
    if range.contains(&value) { Ok(value) } else { Err(Rule { code: OUT_OF_RANGE, message }) }
}

impl NearbyAsk {
    /// Reads a request.
    ///
    /// # Errors
    /// Every field that does not parse; a cursor that belongs to another query.
    pub fn parse(input: &NearbyInput<'_>) -> Result<Self> {
        let mut errors = Validation::default();
        let lat = errors.check("lat", within(input.lat, -90.0..=90.0, "위도는 -90에서 90 사이여야 합니다."));
        let lng = errors.check("lng", within(input.lng, -180.0..=180.0, "경도는 -180에서 180 사이여야 합니다."));
        let radius = errors.check("radius_m", within(input.radius_m, 50..=20_000, "반경은 50m 이상 20,000m 이하여야 합니다."));
        let limit = errors.check("limit", within(input.limit, 1..=50, "한 번에 1개에서 50개까지 볼 수 있습니다."));
        let unknown = |_| Rule { code: "unknown_option", message: "선택할 수 없는 정렬입니다." };
        let sort = errors.check("sort", input.sort.parse::<NearbySort>().map_err(unknown));
        let max_price = input.max_price.map(|most| within(most, 0..=i64::MAX, "최대 가격은 0원 이상이어야 합니다."));
        let max_price = errors.check_optional("max_price", max_price).map(Won);
        let nutrition_types = errors.check("nutrition_type", PreferenceKind::NutritionType.words(input.nutrition_types));
        let mut time = |field, text: Option<&str>| errors.check_optional(field, text.map(kst::parse_time));
        let (pickup_after, pickup_before) = (time("pickup_after", input.pickup_after), time("pickup_before", input.pickup_before));
        let read = || {
            let (open_now, in_stock) = (input.open_now, input.in_stock);
            let filter = OfferFilter { open_now, in_stock, max_price, nutrition_types: nutrition_types?, pickup_after, pickup_before };
            let (place, limit) = (Place::new(lat?, lng?)?, usize::try_from(limit?).ok()?);
            let mut ask = Self { place, radius: radius?, sort: sort?, limit, filter, cursor: None, query: [0; QUERY] };
            ask.query = ask.hash();
            Some(ask)
        };
        let mut ask = errors.finish(read)?;
        let mut errors = Validation::default();
        let cursor = input.cursor.filter(|text| !text.is_empty()).map(|text| ask.read_cursor(text).ok_or(BAD_CURSOR));
        ask.cursor = errors.check_optional("cursor", cursor);
        errors.finish(|| Some(ask))
    }

    /// Of all that a cursor belongs to: everything but the length of the page.
    fn hash(&self) -> [u8; QUERY] {
        let Self { place, radius, sort, filter, .. } = self;
        first(&Sha256::digest(format!("{place:?} {radius} {sort:?} {filter:?}")))
    }

    fn read_cursor(&self, text: &str) -> Option<Cursor> {
        let bytes = BASE64.decode(text).ok()?;
        let rest = bytes.strip_prefix(&self.query)?;
        if self.sort == NearbySort::Distance {
            let (distance, store) = rest.split_first_chunk()?;
            return Some(Cursor::UpTo(i64::from_be_bytes(*distance), StoreId::parse(std::str::from_utf8(store).ok()?)?));
        }
        let (seen, left) = rest.as_chunks();
        (left.is_empty() && seen.len() <= MOST_SEEN).then(|| Cursor::Seen(seen.to_vec()))
    }

    /// The cursor as it is sent.
    pub(crate) fn cursor_text(&self, cursor: &Cursor) -> String {
        let mut bytes = self.query.to_vec();
        match cursor {
            Cursor::UpTo(distance, store) => {
                bytes.extend(distance.to_be_bytes());
                bytes.extend(store.as_str().as_bytes());
            }
            Cursor::Seen(seen) => bytes.extend(seen.as_flattened()),
        }
        BASE64.encode(bytes)
    }

    /// Where the offer stands: the smallest first.
    pub(crate) fn rank(&self, offer: &StoreOffer, reasons: usize, now: DateTime<Utc>) -> i64 {
        let last = |rank: Option<i64>| rank.unwrap_or(i64::MAX);
        match self.sort {
            NearbySort::Distance => 0,
            NearbySort::Price => last(offer.glance(now).lowest_price.map(|price| price.0)),
            NearbySort::Closing => last(offer.closing(now).map(|end: NaiveTime| end.num_seconds_from_midnight().into())),
            NearbySort::Recommended => -i64::try_from(reasons).unwrap_or(i64::MAX),
        }
    }

    /// By which of the customer's tastes the store is shown, the same kind as often as it is met. `None`: it is not shown.
    pub(crate) fn fits(&self, offer: &StoreOffer, tastes: &Tastes, now: DateTime<Utc>) -> Option<Vec<PreferenceKind>> {
        let products = self.filter.products(offer, now);
        (!products.is_empty()).then(|| tastes.met(offer, &products))
    }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

/// A store's hash in a cursor.
pub(crate) fn seen(store: &StoreId) -> [u8; SEEN] {
    first(&Sha256::digest(store.as_str()))
}

/// The stores that a cursor names.
pub(crate) fn all_seen(cursor: Option<&Cursor>) -> HashSet<[u8; SEEN]> {
    match cursor {
        Some(Cursor::Seen(seen)) => seen.iter().copied().collect(),
        _ => HashSet::new(),
    }
}

/// A store nearby.
#[derive(Debug, Clone)]
pub struct NearbyStore {
    /// The store.
    pub listed: ListedStore,
    /// In metres.
    pub distance: i64,
    /// What a customer is told first.
    pub glance: Glance,
    /// Kinds of tastes that it meets, each once; only where stores are recommended.
    pub reasons: Vec<PreferenceKind>,
}

/// A page of them.
#[derive(Debug, Clone)]
pub struct NearbyPage {
    /// Of which instant it tells.
    pub at: DateTime<Utc>,
    /// In order.
    pub stores: Vec<NearbyStore>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<String>,
}

/// A store on a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    /// The store.
    pub store: StoreId,
    /// Name shown to customers.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// What a customer is told first.
    pub glance: Glance,
}

/// Stores on a map that stand too close for pins.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The middle of them: means of both degrees.
    pub middle: (f64, f64),
    /// How many.
    pub count: usize,
}

/// Pins and clusters at most.
pub const MOST_ON_MAP: usize = 300;

/// A part of the map.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreMap {
    /// Stores that stand for themselves.
    pub pins: Vec<Pin>,
    /// Cells with several stores.
    pub clusters: Vec<Cluster>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Error;

    fn input() -> NearbyInput<'static> {
        NearbyInput { lat: 37.5, lng: 127.0, radius_m: 2_000, sort: "distance", limit: 20, in_stock: true, ..NearbyInput::default() }
    }

    fn refused(input: &NearbyInput<'_>) -> String {
        match NearbyAsk::parse(input) {
            Err(Error::Invalid(fields)) => fields.iter().map(|f| format!("{} {}", f.field, f.rule.code)).collect::<Vec<_>>().join(", "),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_cannot_be_is_named() {
        let unknown = ["spicy".to_owned()];
        for (input, said) in [
            (NearbyInput { lat: 90.1, ..input() }, "lat out_of_range"),
            (NearbyInput { lat: f64::NAN, lng: f64::INFINITY, ..input() }, "lat out_of_range, lng out_of_range"),
            (NearbyInput { radius_m: 49, ..input() }, "radius_m out_of_range"),
            (NearbyInput { radius_m: 20_001, limit: 0, ..input() }, "radius_m out_of_range, limit out_of_range"),
            (NearbyInput { limit: 51, ..input() }, "limit out_of_range"),
            (NearbyInput { sort: "rating", ..input() }, "sort unknown_option"),
            (NearbyInput { max_price: Some(-1), ..input() }, "max_price out_of_range"),
            (NearbyInput { nutrition_types: &unknown, ..input() }, "nutrition_type unknown_option"),
            (
                NearbyInput { pickup_after: Some("24:00"), pickup_before: Some("6"), ..input() },
                "pickup_after bad_time, pickup_before bad_time",
            ),
            (NearbyInput { cursor: Some("STR_1"), ..input() }, "cursor bad_cursor"),
        ] {
            assert_eq!(refused(&input), said);
        }
        assert!(NearbyAsk::parse(&NearbyInput { radius_m: 50, limit: 50, cursor: Some(""), ..input() }).is_ok());
    }

    #[test]
    fn a_cursor_is_good_for_its_query_alone() {
        let stores = [StoreId::parse("STR_1").unwrap(), StoreId::parse("STR_1769000000_0a1b2c3d").unwrap()];
        let diet = ["diet".to_owned()];
        for sort in ["distance", "price", "closing", "recommended"] {
            let query = NearbyInput { sort, ..input() };
            let ask = NearbyAsk::parse(&query).unwrap();
            let cursor = match ask.sort {
                NearbySort::Distance => Cursor::UpTo(1_234_567, stores[1].clone()),
                _ => Cursor::Seen(stores.iter().map(seen).collect()),
            };
            let text = ask.cursor_text(&cursor);
            let next = NearbyInput { cursor: Some(&text), limit: 7, ..query };
            assert_eq!(NearbyAsk::parse(&next).unwrap().cursor, Some(cursor));
            for other in [
                NearbyInput { lat: 37.500_001, ..next },
                NearbyInput { radius_m: 2_001, ..next },
                NearbyInput { sort: if sort == "price" { "closing" } else { "price" }, ..next },
                NearbyInput { in_stock: false, ..next },
                NearbyInput { open_now: true, ..next },
                NearbyInput { max_price: Some(9), ..next },
                NearbyInput { nutrition_types: &diet, ..next },
                NearbyInput { pickup_after: Some("18:00"), ..next },
                NearbyInput { pickup_before: Some("18:00"), ..next },
                NearbyInput { cursor: Some(&text[..text.len() - 1]), ..next },
            ] {
                assert_eq!(refused(&other), "cursor bad_cursor");
            }
        }
    }
}
