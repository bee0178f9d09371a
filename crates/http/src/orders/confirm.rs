use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::{orders::error::PAYMENT_NOT_FOUND, shared::PaymentId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    auth::Me,
    error::Result,
    extract::Json,
    idempotency::{IdempotencyKey, once},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct Confirm {
    payment_id: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PaymentBody {
    pub(super) payment_id: String,
}

/// The payment is done: makes the order, if PortOne says so too.
#[utoipa::path(tag = "payment", params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = r"^[!#-~][!-~]*$")), request_body = Confirm, responses((status = 200, body = PaymentBody)))]
#[post("/customer/payment/confirm")]
pub(super) async fn confirm(app: Data<App>, me: Me, key: IdempotencyKey, body: Json<Confirm>) -> Result<HttpResponse> {
    let request = json!(["confirm", body.0.payment_id]);
    once(&app, &me, key, &request, async |_| {
        let payment = PaymentId::parse(&body.0.payment_id).ok_or(PAYMENT_NOT_FOUND)?;
        let payment_id = app.services.checkout.confirm(&me.0, &payment, &me.actor()).await?;
        Ok(PaymentBody { payment_id: payment_id.to_string() })
    })
    .await
}
