//! Shapes that several answers share.

use cheapbob_domain::{
    disputes::{Decided, Decision, Dispute, DisputePage, DisputeReason},
    stores::ports::ObjectStorage,
};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::time::instant;

/// A word of what was wrong, as the document lists it: they stand in the domain.
pub(super) struct DisputeReasonWord;

impl PartialSchema for DisputeReasonWord {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(DisputeReason::WORDS.iter().copied())).into()
    }
}

impl ToSchema for DisputeReasonWord {}

/// A word of what is decided.
pub(super) struct DecisionWord;

impl PartialSchema for DecisionWord {
    fn schema() -> RefOr<Schema> {
        let words = [Decision::Nothing, Decision::Refund].map(Decision::as_str);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
    }
}

impl ToSchema for DecisionWord {}

#[derive(Serialize, ToSchema)]
pub(super) struct PictureBody {
    /// Its key, by which a dispute names it.
    picture: String,
    picture_url: String,
}

impl PictureBody {
    pub(super) fn new(key: String, storage: &dyn ObjectStorage) -> Self {
        Self { picture_url: storage.public_url(&key), picture: key }
    }
}

#[derive(Serialize, ToSchema)]
struct AnswerBody {
    text: String,
    answered_at: String,
}

#[derive(Serialize, ToSchema)]
struct DecidedBody {
    /// `refund`: all of the money goes back.
    #[schema(value_type = DecisionWord)]
    decision: &'static str,
    /// Why, in an operator's words.
    reason: String,
    decided_at: String,
}

impl From<Decided> for DecidedBody {
    fn from(decided: Decided) -> Self {
        Self { decision: decided.decision.as_str(), reason: decided.reason, decided_at: instant(decided.at) }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct DisputeBody {
    payment_id: String,
    /// At the time of the purchase.
    product_name: String,
    quantity: i32,
    total_amount: i64,
    #[schema(value_type = DisputeReasonWord)]
    reason: &'static str,
    text: String,
    pictures: Vec<PictureBody>,
    opened_at: String,
    /// After this an operator decides without the store's answer.
    answer_until: String,
    answer: Option<AnswerBody>,
    decision: Option<DecidedBody>,
}

impl DisputeBody {
    pub(super) fn new(dispute: Dispute, storage: &dyn ObjectStorage) -> Self {
        Self {
            answer_until: instant(dispute.answer_until()),
            payment_id: dispute.payment_id.to_string(),
            product_name: dispute.order.product_name,
            quantity: dispute.order.quantity,
            total_amount: dispute.order.total_amount.0,
            reason: dispute.says.reason.as_str(),
            text: dispute.says.text,
            pictures: dispute.says.pictures.into_iter().map(|key| PictureBody::new(key, storage)).collect(),
            opened_at: instant(dispute.opened_at),
            answer: dispute.answer.map(|answer| AnswerBody { text: answer.text, answered_at: instant(answer.at) }),
            decision: dispute.decided.map(DecidedBody::from),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct DisputePageBody {
    disputes: Vec<DisputeBody>,
    /// The next page's `cursor`; `null`: nothing comes after this one.
    next_cursor: Option<String>,
}

impl DisputePageBody {
    pub(super) fn new(page: DisputePage, storage: &dyn ObjectStorage) -> Self {
        let disputes = page.disputes.into_iter().map(|dispute| DisputeBody::new(dispute, storage)).collect();
        Self { disputes, next_cursor: page.next.map(|id| id.to_string()) }
    }
}
