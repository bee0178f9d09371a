use actix_web::{HttpResponse, delete, web::Data};
use cheapbob_domain::{
    orders::error::PAYMENT_NOT_FOUND,
    shared::{PaymentId, Refusal},
};

use super::confirm::PaymentBody;
use crate::{
    auth::Me,
    error::Result,
    extract::{Id, PathId},
    state::App,
};

/// The id of a payment that is no order yet.
pub(super) struct UnpaidId(PaymentId);

impl Id for UnpaidId {
    const NOT_FOUND: Refusal = PAYMENT_NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        PaymentId::parse(text).map(Self)
    }
}

/// The customer does not pay: the stock is free again.
#[utoipa::path(tag = "payment", params(("payment_id" = String, Path)), responses((status = 200, body = PaymentBody)))]
#[delete("/customer/payment/init/{payment_id}")]
pub(super) async fn release(app: Data<App>, me: Me, id: PathId<UnpaidId>) -> Result<HttpResponse> {
    let payment_id = app.services.checkout.release(&me.0, &id.0.0, &me.actor()).await?;
    Ok(HttpResponse::Ok().json(PaymentBody { payment_id: payment_id.to_string() }))
}
