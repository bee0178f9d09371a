use actix_web::{HttpResponse, put, web::Data};
use cheapbob_domain::{
    disputes::words,
    shared::{PaymentId, Validation},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::DisputeBody;
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct AnswerDispute {
    #[schema(min_length = 1, max_length = 1000)]
    text: String,
}

/// The store answers, once, within two days.
#[utoipa::path(tag = "disputes", params(("payment_id" = String, Path)), request_body = AnswerDispute, responses((status = 200, body = DisputeBody)))]
#[put("/seller/store/disputes/{payment_id}/answer")]
pub(super) async fn answer(app: Data<App>, me: Me, id: PathId<PaymentId>, body: Json<AnswerDispute>) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let text = errors.check("text", words::answer(&body.0.text));
    let text = errors.finish(|| text)?;
    let dispute = app.services.disputes.answer(&me.0, &id.0, text).await?;
    Ok(HttpResponse::Ok().json(DisputeBody::new(dispute, app.services.storage.as_ref())))
}
