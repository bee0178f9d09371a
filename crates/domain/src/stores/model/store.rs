//! A store and its parts.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    hours::{OpeningState, OperationTime, StoreCalendar, Week, pickup_ends},
    image::Image,
    rating::Rating,
};
use crate::{
    products::{PickupEnds, Product},
    shared::{
        Email, Result, Rule, StoreId, Validation,
        text::{Text, normal, typed},
    },
};

const POSTAL_CODE: Text = typed!("우편번호는", 5 to 10);
const ADDRESS: Text = typed!("주소는", 1 to 255);
const DETAIL_ADDRESS: Text = typed!("상세 주소는", 1 to 255);
const LAT: Text = typed!("위도는", 1 to 50);
const LNG: Text = typed!("경도는", 1 to 50);
const LINK: Text = typed!("링크는", 1 to 500);
const NEAREST_STATION: Text = typed!("가까운 역은", 0 to 100);

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
        let mut text = |name: &str, value: &str, text: Text| errors.check(&format!("{field}{name}"), text.parse(value));
        let postal_code = text("postal_code", &self.postal_code, POSTAL_CODE);
        let address = text("address", &self.address, ADDRESS);
        let detail_address = text("detail_address", &self.detail_address, DETAIL_ADDRESS);
        let sido = text("sido", &self.sido, words::SIDO);
        let sigungu = text("sigungu", &self.sigungu, words::SIGUNGU);
        let bname = text("bname", &self.bname, words::BNAME);
        let lat = text("lat", &self.lat, LAT);
        let lng = text("lng", &self.lng, LNG);
        let station = text("nearest_station", self.nearest_station.as_deref().unwrap_or_default(), NEAREST_STATION);
        let walking = match self.walking_time {
            Some(minutes) if minutes < 0 => Err(Rule { code: "out_of_range", message: "도보 시간은 0분 이상이어야 합니다." }),
            _ => Ok(()),
        };
        errors.check(&format!("{field}walking_time"), walking)?;
        Some(Self {
            postal_code: postal_code?,
            address: address?,
            detail_address: detail_address?,
            sido: sido?,
            sigungu: sigungu?,
            bname: bname?,
            lat: lat?,
            lng: lng?,
            nearest_station: self.nearest_station.as_ref().and(station),
            walking_time: self.walking_time,
        })
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
        let Some(link) = link.map(normal).filter(|l| !l.is_empty()) else { return Ok(None) };
        let link = LINK.parse(&link).map_err(|_| BAD)?;
        // The keyboard of a phone begins with a capital: Https://
        let (scheme, rest) = link.split_once("://").ok_or(BAD)?;
        let scheme = scheme.to_ascii_lowercase();
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let fits = matches!(scheme.as_str(), "http" | "https")
            && !host.is_empty()
            && !link.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
        if fits { Ok(Some(format!("{scheme}://{rest}"))) } else { Err(BAD) }
    }
}

/// A store to be registered.
#[derive(Debug, Clone)]
pub struct NewStore {
    /// `STR_…`; sorts by registration.
    pub id: StoreId,
    /// Name shown to customers, 1–30 characters.
    pub name: String,
    /// 1–1,000 characters.
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
    /// 1–1,000 characters.
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
    use crate::shared::{
        Rule,
        text::{Text, typed},
    };

    const NAME: Text = typed!("매장 이름은", 1 to 30);
    /// No limit of the contract: each page of a search shows four of them.
    pub const INTRODUCTION: Text = typed!("매장 소개는", 1 to 1000, lines);
    const PHONE: Text = typed!("매장 전화번호는", 1 to 30);
    /// Province or metropolitan city.
    pub(crate) const SIDO: Text = typed!("시/도는", 1 to 50);
    /// City, county or district.
    pub(crate) const SIGUNGU: Text = typed!("시/군/구는", 1 to 50);
    /// Legal neighbourhood.
    pub(crate) const BNAME: Text = typed!("동은", 1 to 50);

    /// Reads a name.
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
    /// - `too_long`: more characters than allowed.
    /// - `bad_character`: a control character.
    pub fn name(name: &str) -> Result<String, Rule> {
        NAME.parse(name)
    }

    /// Reads an introduction.
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
    /// - `too_long`: more characters than allowed.
    /// - `bad_character`: a control character.
    pub fn introduction(introduction: &str) -> Result<String, Rule> {
        INTRODUCTION.parse(introduction)
    }

    /// A phone number as the seller writes it.
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
    /// - `too_long`: more characters than allowed.
    /// - `bad_character`: a control character.
    pub fn phone(phone: &str) -> Result<String, Rule> {
        PHONE.parse(phone)
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
    /// No operator has approved it, where that is asked for: it sells nothing, and stands in no list.
    pub withheld: bool,
    /// What customers think of it.
    pub rating: Rating,
}

impl Store {
    /// Whether the row of that day says `is_currently_open`: at most today's does.
    pub fn is_currently_open(&self, row: &OperationTime, now: DateTime<Utc>) -> bool {
        self.state_of(row, now).is_open()
    }

    fn state_of(&self, row: &OperationTime, now: DateTime<Utc>) -> OpeningState {
        self.calendar(row).state(now)
    }

    /// What decides whether it sells on that day.
    pub(in crate::stores) fn calendar(&self, row: &OperationTime) -> StoreCalendar {
        let Self { closed_on, payment_ready, suspended, withheld, .. } = *self;
        StoreCalendar { today: row.hours, closed_on, payment_ready, suspended, withheld }
    }

    /// When pickup ends on the days on which it opens.
    pub fn pickup_ends(&self) -> PickupEnds {
        pickup_ends(self.operation_times.iter().map(|row| &row.hours))
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
        assert_eq!(Sns::link(Some("Https://A.example/B")), Ok(Some("https://A.example/B".to_owned())));
        for bad in [
            "Javascript://a/%0aalert(1)",
            "javascript:alert(1)",
            "a.example",
            "http://",
            "https:///x",
            "ftp://a",
            "https://a b",
            "https://a/<b>",
        ] {
            assert!(Sns::link(Some(bad)).is_err(), "{bad}");
        }
    }
}
