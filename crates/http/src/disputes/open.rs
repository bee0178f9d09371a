use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::{
    disputes::{DisputeReason, NewDispute, pictures, words},
    shared::{PaymentId, Result as DomainResult, Validation},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::{DisputeBody, DisputeReasonWord};
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct OpenDispute {
    #[schema(value_type = DisputeReasonWord)]
    reason: String,
    #[schema(min_length = 1, max_length = 1000)]
    text: String,
    /// Of those that were uploaded for this order.
    #[schema(max_items = 3)]
    pictures: Option<Vec<String>>,
}

impl OpenDispute {
    fn parse(self) -> DomainResult<NewDispute> {
        let mut errors = Validation::default();
        let reason = errors.check("reason", DisputeReason::parse(&self.reason));
        let text = errors.check("text", words::text(&self.text));
        let pictures = errors.check("pictures", pictures(self.pictures.unwrap_or_default()));
        errors.finish(|| Some(NewDispute { reason: reason?, text: text?, pictures: pictures? }))
    }
}

/// Says within three days after the pickup what was wrong with an order.
#[utoipa::path(tag = "disputes", params(("payment_id" = String, Path)), request_body = OpenDispute, responses((status = 201, body = DisputeBody)))]
#[post("/customer/orders/{payment_id}/dispute")]
pub(super) async fn open(app: Data<App>, me: Me, id: PathId<PaymentId>, body: Json<OpenDispute>) -> Result<HttpResponse> {
    let dispute = app.services.disputes.open(&me.0, &id.0, body.0.parse()?).await?;
    Ok(HttpResponse::Created().json(DisputeBody::new(dispute, app.services.storage.as_ref())))
}
