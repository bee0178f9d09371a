use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::shared::ProductId;

use super::dto::ProductBody;
use crate::{auth::Me, error::Result, extract::PathId, state::App};

/// A product of the seller's store.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), responses((status = 200, body = ProductBody)))]
#[get("/seller/store/products/{product_id}")]
pub(super) async fn show(app: Data<App>, me: Me, id: PathId<ProductId>) -> Result<HttpResponse> {
    let product = app.services.products.product(&me.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(ProductBody::from(product)))
}
