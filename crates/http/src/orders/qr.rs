use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::shared::PaymentId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Me, error::Result, extract::PathId, state::App, time::instant};

#[derive(Serialize, ToSchema)]
struct QrBody {
    payment_id: String,
    qr_data: String,
    created_at: String,
}

/// A pickup code, good for 30 seconds.
#[utoipa::path(tag = "seller", params(("payment_id" = String, Path)), responses((status = 200, body = QrBody)))]
#[get("/seller/store/orders/{payment_id}/qr")]
pub(super) async fn qr(app: Data<App>, me: Me, id: PathId<PaymentId>) -> Result<HttpResponse> {
    let code = app.services.pickup.code(&me.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(QrBody {
        payment_id: code.payment_id.to_string(),
        qr_data: code.qr_data,
        created_at: instant(code.created_at),
    }))
}
