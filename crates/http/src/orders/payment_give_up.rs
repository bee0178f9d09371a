use actix_web::{
    HttpResponse, delete,
    web::{Data, Path},
};
use cheapbob_domain::shared::PaymentId;

use super::payment_confirm::PaymentBody;
use crate::{auth::Me, error::Result, server::App};

/// The customer gave up: the stock is free again.
#[utoipa::path(tag = "payment", params(("payment_id" = String, Path)), responses((status = 200, body = PaymentBody)))]
#[delete("/customer/payment/init/{payment_id}")]
pub(super) async fn give_up(app: Data<App>, me: Me, id: Path<String>) -> Result<HttpResponse> {
    let payment_id = app.services.holds.give_up(&me.0, PaymentId::parse(&id).as_ref(), &me.cause()).await?;
    Ok(HttpResponse::Ok().json(PaymentBody { payment_id: payment_id.to_string() }))
}
