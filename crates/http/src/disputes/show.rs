use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::shared::PaymentId;

use super::dto::DisputeBody;
use crate::{auth::Me, error::Result, extract::PathId, state::App};

/// The dispute of an order.
#[utoipa::path(tag = "disputes", params(("payment_id" = String, Path)), responses((status = 200, body = DisputeBody)))]
#[get("/customer/orders/{payment_id}/dispute")]
pub(super) async fn show(app: Data<App>, me: Me, id: PathId<PaymentId>) -> Result<HttpResponse> {
    let dispute = app.services.disputes.of_customer(&me.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(DisputeBody::new(dispute, app.services.storage.as_ref())))
}
