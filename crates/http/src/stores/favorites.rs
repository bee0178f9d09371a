use actix_web::{HttpResponse, delete, get, http::header::ContentType, post, web::Data};
use cheapbob_domain::{
    shared::{Error as DomainError, Refusal, StoreId},
    stores::error::FAVORITE_NOT_FOUND,
};

use super::{dto::CustomerStoreBody, page::list_json};
use crate::{
    auth::Me,
    dto::Message,
    error::Result,
    extract::{Id, PathId},
    state::App,
};

/// The favourites, by name.
#[utoipa::path(tag = "search", responses((status = 200, body = Vec<CustomerStoreBody>)))]
#[get("/customer/search/stores/favorites")]
pub(super) async fn list(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let found = app.services.search.favorites(&me.0).await?;
    let now = app.services.clock.now();
    let stores = found.into_iter().map(|s| CustomerStoreBody::new(s, app.services.storage.as_ref(), now)).collect();
    let body = list_json(stores).map_err(DomainError::internal)?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(body))
}

/// Makes the store a favourite of the customer.
#[utoipa::path(tag = "search", params(("store_id" = String, Path)), responses((status = 200, body = Message)))]
#[post("/customer/search/stores/{store_id}/favorites")]
pub(super) async fn add(app: Data<App>, me: Me, id: PathId<StoreId>) -> Result<HttpResponse> {
    app.services.search.add_favorite(&me.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(Message { message: "즐겨찾기에 추가되었습니다." }))
}

/// The store of a favourite.
pub(super) struct FavoriteId(StoreId);

impl Id for FavoriteId {
    const NOT_FOUND: Refusal = FAVORITE_NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        StoreId::parse(text).map(Self)
    }
}

/// Takes the store off the customer's favourites.
#[utoipa::path(tag = "search", params(("store_id" = String, Path)), responses((status = 200, body = Message)))]
#[delete("/customer/search/stores/{store_id}/favorites")]
pub(super) async fn remove(app: Data<App>, me: Me, id: PathId<FavoriteId>) -> Result<HttpResponse> {
    app.services.search.remove_favorite(&me.0, &id.0.0).await?;
    Ok(HttpResponse::Ok().json(Message { message: "즐겨찾기에서 삭제되었습니다." }))
}
