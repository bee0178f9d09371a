//! A store in one row: its parts come as JSON arrays, so that a page of stores is one statement.

use cheapbob_domain::{
    products::Product,
    shared::{Email, Error, Result, StoreId},
    stores::{Address, CustomerStore, DayHours, Image, OperationTime, Sns, Store},
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::{prelude::*, sql_types as t};
use serde::de::DeserializeOwned;

use crate::{products::ProductRow, schema::stores};

/// The statement without its end; `$1` is the customer whose favourites count.
pub(crate) const STORES: &str = include_str!("sql/stores.sql");

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
    created_at: DateTime<Utc>,
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

type HoursJson = (i64, i16, NaiveTime, NaiveTime, NaiveTime, NaiveTime, bool, DateTime<Utc>);

fn parts<T: DeserializeOwned>(json: Option<String>) -> Result<Vec<T>> {
    json.map_or_else(|| Ok(Vec::new()), |json| serde_json::from_str(&json).map_err(Error::internal))
}

impl TryFrom<StoreRow> for CustomerStore {
    type Error = Error;

    fn try_from(row: StoreRow) -> Result<Self> {
        let operation_times = parts::<HoursJson>(row.operation_times)?
            .into_iter()
            .map(|(operation_id, day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled, updated_at)| {
                OperationTime {
                    operation_id,
                    hours: DayHours { day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled },
                    updated_at,
                }
            })
            .collect();
        let images = parts::<(String, bool, i32)>(row.images)?
            .into_iter()
            .map(|(key, is_main, display_order)| Image { key, is_main, display_order })
            .collect();
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
        };
        Ok(Self { store, is_favorite: row.is_favorite })
    }
}
