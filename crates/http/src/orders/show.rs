use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::shared::PaymentId;

use super::dto::OrderBody;
use crate::{auth::Me, error::Result, extract::PathId, state::App};

/// One of the customer's orders.
#[utoipa::path(tag = "orders", params(("payment_id" = String, Path)), responses((status = 200, body = OrderBody)))]
#[get("/customer/orders/{payment_id}")]
pub(super) async fn show(app: Data<App>, me: Me, id: PathId<PaymentId>) -> Result<HttpResponse> {
    let order = app.services.orders.of_customer(&me.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(OrderBody::from(order)))
}
