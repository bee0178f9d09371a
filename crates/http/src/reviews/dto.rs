//! Shapes that several answers share.

use cheapbob_domain::{
    reviews::{ReasonWord, Reply, Review, ReviewPage, error::REVIEW_NOT_FOUND, masked},
    shared::{Refusal, ReviewId},
};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::{extract::Id, time::instant};

/// A word of what stars are for, as the document lists them: they stand in the domain.
pub(super) struct ReviewReason;

impl PartialSchema for ReviewReason {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(ReasonWord::WORDS.iter().copied())).into()
    }
}

impl ToSchema for ReviewReason {}

#[derive(Serialize, ToSchema)]
pub(super) struct ReplyBody {
    text: String,
    replied_at: String,
}

impl From<Reply> for ReplyBody {
    fn from(reply: Reply) -> Self {
        Self { replied_at: instant(reply.at), text: reply.text }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct ReviewBody {
    review_id: String,
    store_id: String,
    product_id: String,
    /// At the time of the purchase.
    product_name: String,
    /// With all but its first character hidden.
    nickname: String,
    rating: i16,
    #[schema(value_type = Vec<ReviewReason>)]
    reasons: Vec<&'static str>,
    text: Option<String>,
    created_at: String,
    updated_at: String,
    reply: Option<ReplyBody>,
    /// An operator has hidden it: others do not see it, and it does not count.
    is_hidden: bool,
}

impl From<Review> for ReviewBody {
    fn from(review: Review) -> Self {
        Self {
            review_id: review.id.to_string(),
            store_id: review.store_id.to_string(),
            product_id: review.product_id.to_string(),
            product_name: review.product_name,
            nickname: masked(&review.nickname),
            rating: review.says.stars.get(),
            reasons: review.says.reasons.into_iter().map(ReasonWord::as_str).collect(),
            text: review.says.text,
            created_at: instant(review.created_at),
            updated_at: instant(review.updated_at),
            reply: review.reply.map(ReplyBody::from),
            is_hidden: review.is_hidden,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct ReviewPageBody {
    reviews: Vec<ReviewBody>,
    /// The next page's `cursor`; `null`: nothing comes after this one.
    next_cursor: Option<String>,
}

impl From<ReviewPage> for ReviewPageBody {
    fn from(page: ReviewPage) -> Self {
        Self { reviews: page.reviews.into_iter().map(ReviewBody::from).collect(), next_cursor: page.next.map(|id| id.to_string()) }
    }
}

impl Id for ReviewId {
    const NOT_FOUND: Refusal = REVIEW_NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}
