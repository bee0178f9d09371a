//! A store and its parts.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    hours::{OpeningState, OperationTime, StoreCalendar, Week},
    image::Image,
};
use crate::{
    products::Product,
    shared::{Email, Result, Rule, StoreId, Validation, text},
};

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Postal code, 5–10 characters.
    pub postal_code: String,
    /// Street address, 1–255.
    pub address: String,
    /// Floor, unit, 1–255.
    pub detail_address: String,
    /// Province or metropolitan city, 1–50.
    pub sido: String,
    /// City, county or district, 1–50.
    pub sigungu: String,
    /// Legal neighbourhood, 1–50.
    pub bname: String,
    /// Latitude as the map service wrote it.
    pub lat: String,
    /// Longitude as the map service wrote it.
    pub lng: String,
    /// At most 100 characters.
    pub nearest_station: Option<String>,
    /// Minutes on foot from that station.
    pub walking_time: Option<i32>,
}

impl Address {
    /// Checks a request's address under `field`.
    pub fn check(self, field: &str, errors: &mut Validation) -> Option<Self> {
        let mut text = |name: &str, value: &str, min, max| errors.check(&format!("{field}{name}"), text::bounded(value, min, max));
        let whole = [
            text("postal_code", &self.postal_code, 5, 10),
            text("address", &self.address, 1, 255),
            text("detail_address", &self.detail_address, 1, 255),
            text("sido", &self.sido, 1, 50),
            text("sigungu", &self.sigungu, 1, 50),
            text("bname", &self.bname, 1, 50),
            text("lat", &self.lat, 1, 50),
            text("lng", &self.lng, 1, 50),
            text("nearest_station", self.nearest_station.as_deref().unwrap_or_default(), 0, 100),
        ];
        let walking = match self.walking_time {
            Some(minutes) if minutes < 0 => Err(Rule { code: "out_of_range", message: "도보 시간은 0분 이상이어야 합니다." }),
            _ => Ok(()),
        };
        let walking = errors.check(&format!("{field}walking_time"), walking);
        (whole.iter().all(Option::is_some) && walking.is_some()).then_some(self)
    }
}

/// Links shown with a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sns {
    /// Instagram profile, http or https.
    pub instagram: Option<String>,
    /// Facebook page, http or https.
    pub facebook: Option<String>,
    /// Profile at X, http or https.
    pub x: Option<String>,
    /// The store's own page, http or https.
    pub homepage: Option<String>,
}

impl Sns {
    /// A link: http or https with a host; `""` means none.
    ///
    /// # Errors
    /// `bad_url`: not an http or https address.
    pub fn link(link: Option<&str>) -> Result<Option<String>, Rule> {
        const BAD: Rule = Rule { code: "bad_url", message: "http 또는 https 주소여야 합니다." };
        let Some(link) = link.map(str::trim).filter(|l| !l.is_empty()) else { return Ok(None) };
        let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://")).ok_or(BAD)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let fits = !host.is_empty()
            && link.chars().count() <= 500
            && !link.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'));
        if fits { Ok(Some(link.to_owned())) } else { Err(BAD) }
    }
}

/// A store to be registered.
#[derive(Debug, Clone)]
pub struct NewStore {
    /// `STR_…`; sorts by registration.
    pub id: StoreId,
    /// Name shown to customers, 1–30 characters.
    pub name: String,
    /// At least 1 character.
    pub introduction: String,
    /// Phone of the store.
    pub phone: String,
    /// Addresses elsewhere on the web.
    pub sns: Sns,
    /// Postal address and coordinates.
    pub address: Address,
    /// Opening hours of the seven days.
    pub week: Week,
}

/// Fields to change; `None` leaves one as it is. A link is `Some(None)` to remove it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreChange {
    /// Name shown to customers, 1–30 characters.
    pub name: Option<String>,
    /// At least 1 character.
    pub introduction: Option<String>,
    /// Phone of the store.
    pub phone: Option<String>,
    /// Where it is, whole.
    pub address: Option<Address>,
    /// Instagram profile, http or https.
    pub instagram: Option<Option<String>>,
    /// Facebook page, http or https.
    pub facebook: Option<Option<String>>,
    /// Profile at X, http or https.
    pub x: Option<Option<String>>,
    /// The store's own page, http or https.
    pub homepage: Option<Option<String>>,
}

/// A store's own words.
pub mod words {
    use crate::shared::{Rule, text};

    /// No limit of the contract; one of sense.
    const LONGEST_INTRODUCTION: usize = 10_000;

    /// Reads a name.
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
    /// - `too_long`: more characters than allowed.
    /// - `bad_character`: a control character.
    pub fn name(name: &str) -> Result<String, Rule> {
        text::bounded(name, 1, 30)
    }

    /// Reads an introduction.
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
    /// - `too_long`: more characters than allowed.
    /// - `bad_character`: a control character.
    pub fn introduction(introduction: &str) -> Result<String, Rule> {
        text::bounded(introduction, 1, LONGEST_INTRODUCTION)
    }

    /// A phone number as the seller writes it.
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
    /// - `too_long`: more characters than allowed.
    /// - `bad_character`: a control character.
    pub fn phone(phone: &str) -> Result<String, Rule> {
        text::bounded(phone, 1, 30)
    }
}

/// A store with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// `STR_…`; sorts by registration.
    pub id: StoreId,
    /// Name shown to customers.
    pub name: String,
    /// What it says of itself.
    pub introduction: String,
    /// As the seller wrote it.
    pub phone: String,
    /// The seller who owns it, by e-mail.
    pub seller_email: Email,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Postal address and coordinates.
    pub address: Address,
    /// Addresses elsewhere on the web.
    pub sns: Sns,
    /// Seven rows, Monday first.
    pub operation_times: Vec<OperationTime>,
    /// The main one first, then by display order.
    pub images: Vec<Image>,
    /// In order of their ids, which is that of registration.
    pub products: Vec<Product>,
    /// The business day on which the seller closed by hand.
    pub closed_on: Option<NaiveDate>,
    /// Whether customers can pay.
    pub payment_ready: bool,
    /// The seller asked to withdraw.
    pub suspended: bool,
}

impl Store {
    /// Whether the row of that day says `is_currently_open`: at most today's does.
    pub fn is_currently_open(&self, row: &OperationTime, now: DateTime<Utc>) -> bool {
        self.state_of(row, now).is_open()
    }

    fn state_of(&self, row: &OperationTime, now: DateTime<Utc>) -> OpeningState {
        StoreCalendar { today: row.hours, closed_on: self.closed_on, payment_ready: self.payment_ready, suspended: self.suspended }
            .state(now)
    }

    /// Whether the store is open at `now`.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.operation_times.iter().any(|row| self.is_currently_open(row, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_http_or_nothing() {
        assert_eq!(Sns::link(Some("")), Ok(None));
        assert_eq!(Sns::link(None), Ok(None));
        assert_eq!(Sns::link(Some("https://a.example/b?c")), Ok(Some("https://a.example/b?c".to_owned())));
        for bad in ["javascript:alert(1)", "a.example", "http://", "https:///x", "ftp://a", "https://a b", "https://a/<b>"] {
            assert!(Sns::link(Some(bad)).is_err(), "{bad}");
        }
    }
}
