//! A store in one row: its parts come as JSON, each column under its name, so that a page of stores is one statement.

use cheapbob_domain::{
    products::Product,
    shared::{Email, Error, Result, StoreId},
    stores::{Address, CustomerStore, DayHours, Image, OperationTime, Rating, Sns, Store},
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::{prelude::*, sql_types as t};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};

use crate::{products::ProductRow, schema::stores};

/// The statement without its end; `$1` is the customer whose favourites count.
pub const STORES: &str = include_str!("sql/stores.sql");

#[derive(QueryableByName)]
#[diesel(table_name = stores, check_for_backend(diesel::pg::Pg))]
pub(crate) struct StoreRow {
    id: String,
    seller_email: String,
    name: String,
    introduction: String,
    phone: String,
    postal_code: String,
    address: String,
    detail_address: String,
    sido: String,
    sigungu: String,
    bname: String,
    lat: String,
    lng: String,
    nearest_station: Option<String>,
    walking_time: Option<i32>,
    instagram: Option<String>,
    facebook: Option<String>,
    x: Option<String>,
    homepage: Option<String>,
    closed_on: Option<NaiveDate>,
    suspended: bool,
    withheld: bool,
    created_at: DateTime<Utc>,
    #[diesel(sql_type = t::BigInt)]
    pub(super) version: i64,
    #[diesel(sql_type = t::Integer)]
    rating_count: i32,
    #[diesel(sql_type = t::Integer)]
    rating_sum: i32,
    #[diesel(sql_type = t::Bool)]
    is_favorite: bool,
    #[diesel(sql_type = t::Bool)]
    payment_ready: bool,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    operation_times: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    images: Option<String>,
    #[diesel(sql_type = t::Nullable<t::Text>)]
    products: Option<String>,
}

/// A time of day as PostgreSQL writes it into JSON. (chrono's general parser took a tenth of a search's time.)
struct Hms(NaiveTime);

impl<'de> Deserialize<'de> for Hms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        let number = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse().ok());
        let fast = || NaiveTime::from_hms_opt(number(0..2)?, number(3..5)?, number(6..8)?).filter(|_| text.len() == 8);
        fast().map_or_else(|| text.parse().map_err(D::Error::custom), Ok).map(Self)
    }
}

/// An instant as PostgreSQL writes it into JSON: RFC 3339, which has a parser of its own.
struct At(DateTime<Utc>);

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(text).map(|at| Self(at.with_timezone(&Utc))).map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
struct HoursJson {
    id: i64,
    day_of_week: i16,
    open_time: Hms,
    close_time: Hms,
    pickup_start_time: Hms,
    pickup_end_time: Hms,
    is_open_enabled: bool,
    updated_at: At,
}

impl From<HoursJson> for OperationTime {
    fn from(row: HoursJson) -> Self {
        let hours = DayHours {
            day_of_week: row.day_of_week,
            open_time: row.open_time.0,
            close_time: row.close_time.0,
            pickup_start_time: row.pickup_start_time.0,
            pickup_end_time: row.pickup_end_time.0,
            is_open_enabled: row.is_open_enabled,
        };
        Self { operation_id: row.id, hours, updated_at: row.updated_at.0 }
    }
}

#[derive(Deserialize)]
struct ImageJson {
    key: String,
    is_main: bool,
    display_order: i32,
}

impl From<ImageJson> for Image {
    fn from(ImageJson { key, is_main, display_order }: ImageJson) -> Self {
        Self { key, is_main, display_order }
    }
}

fn parts<T: DeserializeOwned>(json: Option<String>) -> Result<Vec<T>> {
    json.map_or_else(|| Ok(Vec::new()), |json| serde_json::from_str(&json).map_err(Error::internal))
}

impl TryFrom<StoreRow> for CustomerStore {
    type Error = Error;

    fn try_from(row: StoreRow) -> Result<Self> {
        let operation_times = parts::<HoursJson>(row.operation_times)?.into_iter().map(OperationTime::from).collect();
        let images = parts::<ImageJson>(row.images)?.into_iter().map(Image::from).collect();
        let products = parts::<ProductRow>(row.products)?.into_iter().map(Product::try_from).collect::<Result<_>>()?;
        let store = Store {
            id: StoreId::trusted(row.id),
            name: row.name,
            introduction: row.introduction,
            phone: row.phone,
            seller_email: Email::trusted(row.seller_email),
            created_at: row.created_at,
            address: Address {
                postal_code: row.postal_code,
                address: row.address,
                detail_address: row.detail_address,
                sido: row.sido,
                sigungu: row.sigungu,
                bname: row.bname,
                lat: row.lat,
                lng: row.lng,
                nearest_station: row.nearest_station,
                walking_time: row.walking_time,
            },
            sns: Sns { instagram: row.instagram, facebook: row.facebook, x: row.x, homepage: row.homepage },
            operation_times,
            images,
            products,
            closed_on: row.closed_on,
            payment_ready: row.payment_ready,
            suspended: row.suspended,
            withheld: row.withheld,
            rating: Rating { count: row.rating_count, sum: row.rating_sum },
        };
        Ok(Self { store, is_favorite: row.is_favorite })
    }
}
