use actix_web::{
    HttpResponse, patch,
    web::{Data, Path},
};
use cheapbob_domain::shared::PaymentId;

use super::shapes::OrderBody;
use crate::{auth::Me, error::Result, server::App};

/// The store takes an order.
#[utoipa::path(tag = "seller", params(("payment_id" = String, Path)), responses((status = 200, body = OrderBody)))]
#[patch("/seller/store/orders/{payment_id}/accept")]
pub(super) async fn accept(app: Data<App>, me: Me, id: Path<String>) -> Result<HttpResponse> {
    let order = app.services.orders.accept(&me.0, PaymentId::parse(&id).as_ref(), &me.cause()).await?;
    Ok(HttpResponse::Ok().json(OrderBody::from(order)))
}
