use actix_web::{HttpResponse, patch, web::Data};
use cheapbob_domain::shared::PaymentId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::OrderBody;
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct Complete {
    /// What the store's QR code says.
    qr_data: String,
}

/// The customer scanned the store's QR code.
#[utoipa::path(tag = "orders", params(("payment_id" = String, Path)), request_body = Complete, responses((status = 200, body = OrderBody)))]
#[patch("/customer/orders/{payment_id}/complete")]
pub(super) async fn complete(app: Data<App>, me: Me, id: PathId<PaymentId>, body: Json<Complete>) -> Result<HttpResponse> {
    let order = app.services.pickup.complete(&me.0, &id.0, &body.0.qr_data, &me.actor()).await?;
    Ok(HttpResponse::Ok().json(OrderBody::from(order)))
}
