use actix_web::{
    HttpResponse, patch,
    web::{Data, Path},
};
use cheapbob_domain::shared::PaymentId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::OrderBody;
use crate::{auth::Me, error::Result, extract::Json, server::App};

#[derive(Deserialize, ToSchema)]
struct Complete {
    /// What the store's QR code says.
    qr_data: String,
}

/// The customer scanned the store's QR code.
#[utoipa::path(tag = "orders", params(("payment_id" = String, Path)), request_body = Complete, responses((status = 200, body = OrderBody)))]
#[patch("/customer/orders/{payment_id}/complete")]
pub(super) async fn complete(app: Data<App>, me: Me, id: Path<String>, body: Json<Complete>) -> Result<HttpResponse> {
    let order = app.services.pickup.complete(&me.0, PaymentId::parse(&id).as_ref(), &body.0.qr_data, &me.cause()).await?;
    Ok(HttpResponse::Ok().json(OrderBody::from(order)))
}
