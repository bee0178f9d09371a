use actix_web::{
    HttpResponse, get,
    web::{Data, Path},
};
use cheapbob_domain::shared::ProductId;

use super::ProductBody;
use crate::{auth::Me, error::Result, server::App};

/// One product.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), responses((status = 200, body = ProductBody)))]
#[get("/seller/store/products/{product_id}")]
pub(super) async fn show(app: Data<App>, me: Me, id: Path<String>) -> Result<HttpResponse> {
    let product = app.services.products.product(&me.0, ProductId::parse(&id).as_ref()).await?;
    Ok(HttpResponse::Ok().json(ProductBody::from(product)))
}
