use actix_web::{HttpResponse, delete, put, web::Data};
use cheapbob_domain::{
    reviews::words,
    shared::{ReviewId, Validation},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::ReviewBody;
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct ReplyToReview {
    #[schema(min_length = 1, max_length = 500)]
    text: String,
}

/// Puts the store's reply in place of what there is.
#[utoipa::path(tag = "reviews", params(("review_id" = String, Path)), request_body = ReplyToReview, responses((status = 200, body = ReviewBody)))]
#[put("/seller/store/reviews/{review_id}/reply")]
pub(super) async fn reply(app: Data<App>, me: Me, id: PathId<ReviewId>, body: Json<ReplyToReview>) -> Result<HttpResponse> {
    let mut errors = Validation::default();
    let text = errors.check("text", words::reply(&body.0.text));
    let text = errors.finish(|| text)?;
    let review = app.services.reviews.reply(&me.0, &id.0, &text).await?;
    Ok(HttpResponse::Ok().json(ReviewBody::from(review)))
}

/// Takes the store's reply away.
#[utoipa::path(tag = "reviews", params(("review_id" = String, Path)), responses((status = 204)))]
#[delete("/seller/store/reviews/{review_id}/reply")]
pub(super) async fn remove(app: Data<App>, me: Me, id: PathId<ReviewId>) -> Result<HttpResponse> {
    app.services.reviews.remove_reply(&me.0, &id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
