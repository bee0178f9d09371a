use actix_web::{HttpResponse, patch, web::Data};
use cheapbob_domain::shared::ProductId;

use super::dto::ProductBody;
use crate::{auth::Me, error::Result, extract::PathId, state::App};

/// Adds one piece by the seller's adjustment.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), responses((status = 200, body = ProductBody)))]
#[patch("/seller/store/products/{product_id}/stock/up")]
pub(super) async fn up(app: Data<App>, me: Me, id: PathId<ProductId>) -> Result<HttpResponse> {
    let product = app.services.products.stock_up(&me.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(ProductBody::from(product)))
}

/// Takes one piece away by the seller's adjustment.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), responses((status = 200, body = ProductBody)))]
#[patch("/seller/store/products/{product_id}/stock/down")]
pub(super) async fn down(app: Data<App>, me: Me, id: PathId<ProductId>) -> Result<HttpResponse> {
    let product = app.services.products.stock_down(&me.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(ProductBody::from(product)))
}
