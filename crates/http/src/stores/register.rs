use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::{
    shared::{Result as DomainResult, StoreId, Validation},
    stores::{Address, NewStore, Sns, Week, words},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::{AddressInput, OperationInput, SnsBody};
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, Object},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct RegisterStore {
    #[schema(min_length = 1, max_length = 30)]
    store_name: String,
    #[schema(min_length = 1)]
    store_introduction: String,
    #[schema(min_length = 1, max_length = 30, example = "02-555-1000")]
    store_phone: String,
    #[schema(value_type = Option<SnsBody>)]
    sns_info: Option<Object<SnsBody>>,
    #[schema(value_type = AddressInput)]
    address_info: Object<AddressInput>,
    /// Exactly one of each day 0–6.
    #[schema(value_type = Vec<OperationInput>, min_items = 7, max_items = 7)]
    operation_times: Vec<Object<OperationInput>>,
}

impl RegisterStore {
    fn parse(self, id: StoreId) -> DomainResult<NewStore> {
        let mut errors = Validation::default();
        let name = errors.check("store_name", words::name(&self.store_name));
        let introduction = errors.check("store_introduction", words::introduction(&self.store_introduction));
        let phone = errors.check("store_phone", words::phone(&self.store_phone));
        let sns = self.sns_info.unwrap_or_default().0;
        let mut link = |name: &str, value: &Option<String>| errors.check(&format!("sns_info.{name}"), Sns::link(value.as_deref()));
        let instagram = link("instagram", &sns.instagram);
        let facebook = link("facebook", &sns.facebook);
        let x = link("x", &sns.x);
        let homepage = link("homepage", &sns.homepage);
        let address = Address::from(self.address_info.0).check("address_info.", &mut errors);
        let days: Vec<_> = self.operation_times.iter().map(|day| day.0.day()).collect();
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
#[utoipa::path(tag = "seller", request_body = RegisterStore, responses((status = 201, body = Registered)))]
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
