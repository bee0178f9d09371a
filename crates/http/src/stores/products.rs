use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::shared::StoreId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Me, error::Result, extract::PathId, products::ProductBody, state::App};

#[derive(Serialize, ToSchema)]
struct StoreProducts {
    store_id: String,
    store_name: String,
    products: Vec<ProductBody>,
}

/// A store's products.
#[utoipa::path(tag = "search", params(("store_id" = String, Path)), responses((status = 200, body = StoreProducts)))]
#[get("/customer/search/stores/{store_id}/products")]
pub(super) async fn products(app: Data<App>, me: Me, id: PathId<StoreId>) -> Result<HttpResponse> {
    let store = app.services.search.store(&me.0, &id.0).await?;
    let (ends, now) = (store.pickup_ends(), app.services.clock.now());
    let products = store.products.into_iter().map(|product| product.priced(&ends, now).into()).collect();
    Ok(HttpResponse::Ok().json(StoreProducts { store_id: store.id.to_string(), store_name: store.name, products }))
}
