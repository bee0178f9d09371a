use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::shared::PaymentId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{auth::Me, error::Result, extract::Json, server::App};

#[derive(Deserialize, ToSchema)]
struct Confirm {
    payment_id: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PaymentBody {
    pub(super) payment_id: String,
}

/// The payment is done: makes the order, if PortOne says so too.
#[utoipa::path(tag = "payment", request_body = Confirm, responses((status = 200, body = PaymentBody)))]
#[post("/customer/payment/confirm")]
pub(super) async fn confirm(app: Data<App>, me: Me, body: Json<Confirm>) -> Result<HttpResponse> {
    let payment_id = app.services.holds.confirm(&me.0, PaymentId::parse(&body.0.payment_id).as_ref()).await?;
    Ok(HttpResponse::Ok().json(PaymentBody { payment_id: payment_id.to_string() }))
}
