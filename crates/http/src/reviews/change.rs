use actix_web::{HttpResponse, patch, web::Data};
use cheapbob_domain::{
    reviews::{ChangeReview as Change, ReasonWord, Stars, error::REVIEW_NOT_FOUND, words},
    shared::{PaymentId, Refusal, Result as DomainResult, Validation},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::{ReviewBody, ReviewReason};
use crate::{
    auth::Me,
    error::Result,
    extract::{Id, Json, PathId, Whole, sent},
    state::App,
};

/// The order of a review.
pub(super) struct Reviewed(pub(super) PaymentId);

impl Id for Reviewed {
    const NOT_FOUND: Refusal = REVIEW_NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        PaymentId::parse(text).map(Self)
    }
}

#[derive(Deserialize, ToSchema)]
struct ChangeReview {
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 5)]
    rating: Option<Whole>,
    #[schema(value_type = Option<Vec<ReviewReason>>, example = json!(["taste", "value"]))]
    reasons: Option<Vec<String>>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<String>, max_length = 500)]
    text: Option<Option<String>>,
}

impl ChangeReview {
    fn parse(&self) -> DomainResult<Change> {
        let mut errors = Validation::default();
        let stars = errors.check_optional("rating", self.rating.map(|rating| Stars::parse(rating.0)));
        let reasons = errors.check_optional("reasons", self.reasons.as_deref().map(ReasonWord::words));
        let text = self.text.as_ref().map(|text| words::text(text.as_deref().unwrap_or_default()));
        let text = errors.check_optional("text", text);
        errors.finish(|| Some(Change { stars, reasons, text }))
    }
}

/// Changes what is given, within seven days after the review was written.
#[utoipa::path(tag = "reviews", params(("payment_id" = String, Path)), request_body = ChangeReview, responses((status = 200, body = ReviewBody)))]
#[patch("/customer/orders/{payment_id}/review")]
pub(super) async fn change(app: Data<App>, me: Me, id: PathId<Reviewed>, body: Json<ChangeReview>) -> Result<HttpResponse> {
    let review = app.services.reviews.change(&me.0, &id.0.0, body.0.parse()?).await?;
    Ok(HttpResponse::Ok().json(ReviewBody::from(review)))
}
