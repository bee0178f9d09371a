use actix_web::{HttpResponse, put, web::Data};
use cheapbob_domain::{
    shared::{Rule, Validation},
    stores::{Store, StoreChange, words},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{auth::Me, error::Result, extract::Json, state::App};

#[derive(Serialize, ToSchema)]
struct StoreProfile {
    store_id: String,
    store_name: String,
    store_introduction: String,
    store_phone: String,
}

impl From<Store> for StoreProfile {
    fn from(store: Store) -> Self {
        Self { store_id: store.id.to_string(), store_name: store.name, store_introduction: store.introduction, store_phone: store.phone }
    }
}

#[derive(Deserialize, ToSchema)]
struct ChangeName {
    #[schema(min_length = 1, max_length = 30)]
    store_name: String,
}

#[derive(Deserialize, ToSchema)]
struct ChangeIntroduction {
    #[schema(min_length = 1)]
    store_introduction: String,
}

#[derive(Deserialize, ToSchema)]
struct ChangePhone {
    #[schema(min_length = 1, max_length = 30)]
    store_phone: String,
}

async fn change(
    app: &App,
    me: &Me,
    field: &str,
    parsed: std::result::Result<String, Rule>,
    change: impl FnOnce(String) -> StoreChange,
) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let text = errors.check(field, parsed);
    let text = errors.finish(|| text)?;
    let store = app.services.stores.change(&me.0, &change(text)).await?;
    Ok(HttpResponse::Ok().json(StoreProfile::from(store)))
}

/// Changes the store's name.
#[utoipa::path(tag = "seller", request_body = ChangeName, responses((status = 200, body = StoreProfile)))]
#[put("/seller/store/profile/name")]
pub(super) async fn name(app: Data<App>, me: Me, body: Json<ChangeName>) -> Result<HttpResponse> {
    let into = |name| StoreChange { name: Some(name), ..StoreChange::default() };
    change(&app, &me, "store_name", words::name(&body.0.store_name), into).await
}

/// Changes what the store says of itself.
#[utoipa::path(tag = "seller", request_body = ChangeIntroduction, responses((status = 200, body = StoreProfile)))]
#[put("/seller/store/profile/introduction")]
pub(super) async fn introduction(app: Data<App>, me: Me, body: Json<ChangeIntroduction>) -> Result<HttpResponse> {
    let into = |introduction| StoreChange { introduction: Some(introduction), ..StoreChange::default() };
    change(&app, &me, "store_introduction", words::introduction(&body.0.store_introduction), into).await
}

/// Changes the store's phone.
#[utoipa::path(tag = "seller", request_body = ChangePhone, responses((status = 200, body = StoreProfile)))]
#[put("/seller/store/profile/phone")]
pub(super) async fn phone(app: Data<App>, me: Me, body: Json<ChangePhone>) -> Result<HttpResponse> {
    let into = |phone| StoreChange { phone: Some(phone), ..StoreChange::default() };
    change(&app, &me, "store_phone", words::phone(&body.0.store_phone), into).await
}
