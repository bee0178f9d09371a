//! For the tests of this feature's use cases.

use super::model::dispute::{Answer, Decided, Decision, Dispute, DisputeReason, NewDispute};
use crate::{
    orders::{OrderStatus, testing::order},
    shared::{Clock, testing::Noon},
};

/// Of `a@b`'s order `PAY1`, opened at noon.
pub(crate) fn dispute() -> Dispute {
    let says = NewDispute { reason: DisputeReason::Missing, text: "빵이 <없어요>".into(), pictures: Vec::new() };
    Dispute::of(order("PAY1", OrderStatus::Complete), says, Noon.now())
}

/// The store's.
pub(crate) fn answer() -> Answer {
    Answer { text: "죄송합니다".into(), at: Noon.now() }
}

/// An operator's.
pub(crate) fn decided(decision: Decision) -> Decided {
    Decided { decision, reason: "사진을 보았습니다".into(), at: Noon.now(), by: Some("o@b".into()) }
}
