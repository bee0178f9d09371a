use actix_web::{HttpResponse, patch, web::Data};
use cheapbob_domain::shared::PaymentId;

use super::dto::OrderBody;
use crate::{auth::Me, error::Result, extract::PathId, state::App};

/// The store accepts an order.
#[utoipa::path(tag = "seller", params(("payment_id" = String, Path)), responses((status = 200, body = OrderBody)))]
#[patch("/seller/store/orders/{payment_id}/accept")]
pub(super) async fn accept(app: Data<App>, me: Me, id: PathId<PaymentId>) -> Result<HttpResponse> {
    let order = app.services.orders.accept(&me.0, &id.0, &me.actor()).await?;
    Ok(HttpResponse::Ok().json(OrderBody::from(order)))
}
