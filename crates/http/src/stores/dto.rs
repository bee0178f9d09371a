//! Shapes of the contract that several answers share.

use cheapbob_domain::stores::{Address, ApprovalState, CustomerStore, DayInput, Image, OperationTime, Sns, Store, ports::ObjectStorage};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::{
    extract::Whole,
    products::ProductBody,
    time::{instant, time_of_day},
};

#[derive(Serialize, ToSchema)]
pub(crate) struct AddressBody {
    store_id: String,
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
}

impl AddressBody {
    pub(super) fn new(store_id: &str, address: Address) -> Self {
        let Address { postal_code, address, detail_address, sido, sigungu, bname, lat, lng, nearest_station, walking_time } = address;
        Self {
            store_id: store_id.to_owned(),
            postal_code,
            address,
            detail_address,
            sido,
            sigungu,
            bname,
            lat,
            lng,
            nearest_station,
            walking_time,
        }
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct AddressInput {
    #[schema(min_length = 5, max_length = 10, example = "04000")]
    postal_code: String,
    #[schema(min_length = 1, max_length = 255)]
    address: String,
    #[schema(min_length = 1, max_length = 255)]
    detail_address: String,
    #[schema(min_length = 1, max_length = 50)]
    sido: String,
    #[schema(min_length = 1, max_length = 50)]
    sigungu: String,
    #[schema(min_length = 1, max_length = 50)]
    bname: String,
    #[schema(min_length = 1, max_length = 50)]
    lat: String,
    #[schema(min_length = 1, max_length = 50)]
    lng: String,
    #[schema(max_length = 100)]
    nearest_station: Option<String>,
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 2_147_483_647)]
    walking_time: Option<Whole>,
}

impl From<AddressInput> for Address {
    fn from(input: AddressInput) -> Self {
        let AddressInput { postal_code, address, detail_address, sido, sigungu, bname, lat, lng, nearest_station, walking_time } = input;
        // What no number of ours holds is refused as a negative one is.
        let walking_time = walking_time.map(|minutes| i32::try_from(minutes.0).unwrap_or(-1));
        Self { postal_code, address, detail_address, sido, sigungu, bname, lat, lng, nearest_station, walking_time }
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct OperationInput {
    #[schema(value_type = i64, minimum = 0, maximum = 6)]
    day_of_week: Whole,
    #[schema(example = "09:00")]
    open_time: Option<String>,
    #[schema(example = "21:00")]
    close_time: Option<String>,
    #[schema(example = "18:00")]
    pickup_start_time: Option<String>,
    #[schema(example = "20:30")]
    pickup_end_time: Option<String>,
    is_open_enabled: bool,
}

impl OperationInput {
    pub(super) fn day(&self) -> DayInput<'_> {
        DayInput {
            day_of_week: self.day_of_week.0,
            times: [&self.open_time, &self.close_time, &self.pickup_start_time, &self.pickup_end_time].map(Option::as_deref),
            is_open_enabled: self.is_open_enabled,
        }
    }
}

#[derive(Serialize, Deserialize, ToSchema, Default)]
pub(crate) struct SnsBody {
    #[schema(value_type = Option<Link>)]
    pub(super) instagram: Option<String>,
    #[schema(value_type = Option<Link>)]
    pub(super) facebook: Option<String>,
    #[schema(value_type = Option<Link>)]
    pub(super) x: Option<String>,
    #[schema(value_type = Option<Link>)]
    pub(super) homepage: Option<String>,
}

/// An http or https address; `""` means none in a request.
#[derive(ToSchema)]
#[schema(
    max_length = 500,
    pattern = "^$|^[hH][tT][tT][pP][sS]?://[^\\s/?#<>\"\\x00-\\x1f\\x7f-\\x9f\\u061c\\u180e\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060\\u2066-\\u2069\\u2800\\u3164\\ufeff\\uffa0][^\\s<>\"\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$",
    example = "https://example.com"
)]
#[expect(dead_code, reason = "for the document")]
pub(super) struct Link(String);

impl From<Sns> for SnsBody {
    fn from(sns: Sns) -> Self {
        let Sns { instagram, facebook, x, homepage } = sns;
        Self { instagram, facebook, x, homepage }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OperationTimeBody {
    operation_id: i64,
    store_id: String,
    day_of_week: i16,
    open_time: String,
    close_time: String,
    pickup_start_time: String,
    pickup_end_time: String,
    is_open_enabled: bool,
    is_currently_open: bool,
    updated_at: String,
}

impl OperationTimeBody {
    fn new(store: &Store, row: &OperationTime, now: DateTime<Utc>) -> Self {
        let hours = &row.hours;
        Self {
            operation_id: row.operation_id,
            store_id: store.id.to_string(),
            day_of_week: hours.day_of_week,
            open_time: time_of_day(hours.open_time),
            close_time: time_of_day(hours.close_time),
            pickup_start_time: time_of_day(hours.pickup_start_time),
            pickup_end_time: time_of_day(hours.pickup_end_time),
            is_open_enabled: hours.is_open_enabled,
            is_currently_open: store.is_currently_open(row, now),
            updated_at: instant(row.updated_at),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ImageBody {
    image_id: String,
    image_url: String,
    is_main: bool,
    display_order: i32,
}

impl ImageBody {
    pub(super) fn new(image: Image, storage: &dyn ObjectStorage) -> Self {
        Self { image_url: storage.public_url(&image.key), image_id: image.key, is_main: image.is_main, display_order: image.display_order }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct StoreBody {
    store_id: String,
    store_name: String,
    store_introduction: String,
    store_phone: String,
    seller_email: String,
    created_at: String,
    address: AddressBody,
    sns: SnsBody,
    operation_times: Vec<OperationTimeBody>,
    images: Vec<ImageBody>,
    products: Vec<ProductBody>,
    /// Of its reviews, with one decimal; `null`: there is none.
    rating_average: Option<f64>,
    rating_count: i32,
}

impl StoreBody {
    pub(super) fn new(store: Store, storage: &dyn ObjectStorage, now: DateTime<Utc>) -> Self {
        let operation_times = store.operation_times.iter().map(|row| OperationTimeBody::new(&store, row, now)).collect();
        let ends = store.pickup_ends();
        let rating_average = store.rating.tenths().map(|tenths| tenths as f64 / 10.0);
        Self {
            operation_times,
            rating_average,
            rating_count: store.rating.count,
            store_id: store.id.to_string(),
            store_name: store.name,
            store_introduction: store.introduction,
            store_phone: store.phone,
            seller_email: store.seller_email.to_string(),
            created_at: instant(store.created_at),
            address: AddressBody::new(store.id.as_str(), store.address),
            sns: store.sns.into(),
            images: store.images.into_iter().map(|image| ImageBody::new(image, storage)).collect(),
            products: store.products.into_iter().map(|product| product.priced(&ends, now).into()).collect(),
        }
    }
}

impl StoreBody {
    /// Cuts the introduction; gives how many bytes shorter its JSON is, at least.
    pub(super) fn cut_introduction(&mut self, characters: usize) -> usize {
        let Some((end, _)) = self.store_introduction.char_indices().nth(characters) else { return 0 };
        let before = self.store_introduction.len();
        self.store_introduction.truncate(end);
        before - end
    }

    /// Bytes of each product's JSON, with the comma behind it.
    pub(super) fn product_sizes(&self) -> serde_json::Result<Vec<usize>> {
        self.products.iter().map(|product| Ok(serde_json::to_vec(product)?.len() + 1)).collect()
    }

    /// Keeps products whose sizes come to `room` at most, first those of which something is left; gives what they come to.
    pub(super) fn keep_products(&mut self, sizes: &[usize], room: usize) -> usize {
        let mut by_wish: Vec<_> = self.products.iter().map(ProductBody::is_left).zip(sizes).enumerate().collect();
        // Stable: else they go by id.
        by_wish.sort_by_key(|(_, (is_left, _))| !is_left);
        let (mut kept, mut taken) = (vec![false; self.products.len()], 0);
        for (place, (_, size)) in by_wish {
            if taken + size <= room {
                (kept[place], taken) = (true, taken + size);
            }
        }
        let mut kept = kept.into_iter();
        self.products.retain(|_| kept.next().unwrap_or_default());
        taken
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CustomerStoreBody {
    #[serde(flatten)]
    pub(super) store: StoreBody,
    is_favorite: bool,
}

impl CustomerStoreBody {
    pub(super) fn new(found: CustomerStore, storage: &dyn ObjectStorage, now: DateTime<Utc>) -> Self {
        Self { store: StoreBody::new(found.store, storage, now), is_favorite: found.is_favorite }
    }
}

/// Where a store stands, as the document lists it.
pub(super) struct ApprovalStateWord;

impl PartialSchema for ApprovalStateWord {
    fn schema() -> RefOr<Schema> {
        use ApprovalState::{Approved, NotAsked, Refused, Waiting};
        let words = [NotAsked, Waiting, Approved, Refused].map(ApprovalState::as_str);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
    }
}

impl ToSchema for ApprovalStateWord {}
