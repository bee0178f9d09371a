use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::{
    shared::{Result as DomainResult, StoreId, Validation, text},
    stores::{Address, NewStore, Sns, Week, hours::DayInput},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shapes::SnsBody;
use crate::{
    auth::Me,
    error::{Problem, Result},
    extract::Json,
    server::App,
};

#[derive(Deserialize, ToSchema)]
struct AddressInput {
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
    #[schema(minimum = 0)]
    walking_time: Option<i32>,
}

impl From<AddressInput> for Address {
    fn from(input: AddressInput) -> Self {
        let AddressInput { postal_code, address, detail_address, sido, sigungu, bname, lat, lng, nearest_station, walking_time } = input;
        Self { postal_code, address, detail_address, sido, sigungu, bname, lat, lng, nearest_station, walking_time }
    }
}

#[derive(Deserialize, ToSchema)]
struct OperationInput {
    #[schema(minimum = 0, maximum = 6)]
    day_of_week: i64,
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
    fn day(&self) -> DayInput<'_> {
        DayInput {
            day_of_week: self.day_of_week,
            times: [&self.open_time, &self.close_time, &self.pickup_start_time, &self.pickup_end_time].map(Option::as_deref),
            is_open_enabled: self.is_open_enabled,
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct RegisterStore {
    #[schema(min_length = 1, max_length = 30)]
    store_name: String,
    #[schema(min_length = 1)]
    store_introduction: String,
    #[schema(min_length = 1, max_length = 30, example = "02-555-1000")]
    store_phone: String,
    sns_info: Option<SnsBody>,
    address_info: AddressInput,
    /// Exactly one of each day 0–6.
    #[schema(min_items = 7, max_items = 7)]
    operation_times: Vec<OperationInput>,
}

impl RegisterStore {
    fn parse(self, id: StoreId) -> DomainResult<NewStore> {
        /// No limit of the contract; one of sense.
        const LONGEST_INTRODUCTION: usize = 10_000;
        let mut errors = Validation::default();
        let name = errors.check("store_name", text::bounded(&self.store_name, 1, 30));
        let introduction = errors.check("store_introduction", text::bounded(&self.store_introduction, 1, LONGEST_INTRODUCTION));
        let phone = errors.check("store_phone", text::bounded(&self.store_phone, 1, 30));
        let sns = self.sns_info.unwrap_or_default();
        let mut link = |name: &str, value: &Option<String>| errors.check(&format!("sns_info.{name}"), Sns::link(value.as_deref()));
        let instagram = link("instagram", &sns.instagram);
        let facebook = link("facebook", &sns.facebook);
        let x = link("x", &sns.x);
        let homepage = link("homepage", &sns.homepage);
        let address = Address::from(self.address_info).check("address_info.", &mut errors);
        let days: Vec<_> = self.operation_times.iter().map(OperationInput::day).collect();
        let week = Week::parse("operation_times", &days, &mut errors);
        errors.finish(|| {
            Some(NewStore {
                id,
                name: name?,
                introduction: introduction?,
                phone: phone?,
                sns: Sns { instagram: instagram?, facebook: facebook?, x: x?, homepage: homepage? },
                address: address?,
                week: week?,
            })
        })
    }
}

#[derive(Serialize, ToSchema)]
struct Registered {
    store_id: String,
    store_name: String,
    message: &'static str,
}

/// Registers the seller's store.
#[utoipa::path(tag = "seller", security(("cookie" = []), ("bearer" = [])), request_body = RegisterStore, responses((status = 201, body = Registered), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/seller/store/register")]
pub(super) async fn register(app: Data<App>, me: Me, body: Json<RegisterStore>) -> Result<HttpResponse> {
    let store = body.0.parse(app.services.stores.new_id())?;
    app.services.stores.register(&me.0, &store).await?;
    Ok(HttpResponse::Created().json(Registered {
        store_id: store.id.to_string(),
        store_name: store.name,
        message: "매장이 등록되었습니다.",
    }))
}
