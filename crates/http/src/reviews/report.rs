use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::{
    reviews::words,
    shared::{ReviewId, Validation},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct ReportReview {
    #[schema(min_length = 1, max_length = 255, example = "욕설이 있습니다.")]
    reason: String,
}

/// Tells the operator of a review, once for each person.
#[utoipa::path(tag = "reviews", params(("review_id" = String, Path)), request_body = ReportReview, responses((status = 204)))]
#[post("/customer/reviews/{review_id}/report")]
pub(super) async fn report(app: Data<App>, me: Me, id: PathId<ReviewId>, body: Json<ReportReview>) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let reason = errors.check("reason", words::report(&body.0.reason));
    let reason = errors.finish(|| reason)?;
    app.services.reviews.report(&me.0, &id.0, &reason).await?;
    Ok(HttpResponse::NoContent().finish())
}
