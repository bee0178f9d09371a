use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::{
    reviews::{NewReview, ReasonWord, Stars, words},
    shared::{PaymentId, Result as DomainResult, Validation},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::{ReviewBody, ReviewReason};
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId, Whole},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct WriteReview {
    #[schema(value_type = i64, minimum = 1, maximum = 5)]
    rating: Whole,
    #[schema(value_type = Option<Vec<ReviewReason>>, example = json!(["taste", "value"]))]
    reasons: Option<Vec<String>>,
    #[schema(max_length = 500)]
    text: Option<String>,
}

impl WriteReview {
    fn parse(&self) -> DomainResult<NewReview> {
        let mut errors = Validation::default();
        let stars = errors.check("rating", Stars::parse(self.rating.0));
        let reasons = errors.check("reasons", ReasonWord::words(self.reasons.as_deref().unwrap_or_default()));
        let text = errors.check("text", words::text(self.text.as_deref().unwrap_or_default()));
        errors.finish(|| Some(NewReview { stars: stars?, reasons: reasons?, text: text? }))
    }
}

/// Reviews an order within 14 days after its pickup.
#[utoipa::path(tag = "reviews", params(("payment_id" = String, Path)), request_body = WriteReview, responses((status = 201, body = ReviewBody)))]
#[post("/customer/orders/{payment_id}/review")]
pub(super) async fn write(app: Data<App>, me: Me, id: PathId<PaymentId>, body: Json<WriteReview>) -> Result<HttpResponse> {
    let review = app.services.reviews.write(&me.0, &id.0, body.0.parse()?).await?;
    Ok(HttpResponse::Created().json(ReviewBody::from(review)))
}
