use actix_web::{
    HttpResponse, delete, get, post,
    web::{Data, Path},
};
use cheapbob_domain::shared::StoreId;

use super::shapes::CustomerStoreBody;
use crate::{auth::Me, error::Result, server::App, users::Message};

/// The favourites, by name.
#[utoipa::path(tag = "search", responses((status = 200, body = Vec<CustomerStoreBody>)))]
#[get("/customer/search/stores/favorites")]
pub(super) async fn list(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let found = app.services.search.favorites(&me.0).await?;
    let now = app.services.clock.now();
    let stores: Vec<_> = found.into_iter().map(|s| CustomerStoreBody::new(s, app.services.storage.as_ref(), now)).collect();
    Ok(HttpResponse::Ok().json(stores))
}

/// Adds a favourite.
#[utoipa::path(tag = "search", params(("store_id" = String, Path)), responses((status = 200, body = Message)))]
#[post("/customer/search/stores/{store_id}/favorites")]
pub(super) async fn add(app: Data<App>, me: Me, id: Path<String>) -> Result<HttpResponse> {
    app.services.search.add_favorite(&me.0, StoreId::parse(&id).as_ref()).await?;
    Ok(HttpResponse::Ok().json(Message { message: "즐겨찾기에 추가되었습니다." }))
}

/// Removes a favourite.
#[utoipa::path(tag = "search", params(("store_id" = String, Path)), responses((status = 200, body = Message)))]
#[delete("/customer/search/stores/{store_id}/favorites")]
pub(super) async fn remove(app: Data<App>, me: Me, id: Path<String>) -> Result<HttpResponse> {
    app.services.search.remove_favorite(&me.0, StoreId::parse(&id).as_ref()).await?;
    Ok(HttpResponse::Ok().json(Message { message: "즐겨찾기에서 삭제되었습니다." }))
}
