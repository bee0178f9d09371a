//! A dispute: who may open, answer and decide it, and until when.

use chrono::{DateTime, Duration, Utc};
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::{
    disputes::error,
    orders::{Order, OrderStatus},
    shared::{
        Email, PaymentId, Result, Rule, StoreId, Won,
        text::{Text, typed},
    },
};

/// How long after the pickup a dispute can be opened.
pub const OPENED_WITHIN: Duration = Duration::days(3);

/// How long after that the store can answer, and an operator waits for it.
pub const ANSWERED_WITHIN: Duration = Duration::days(2);

/// Pictures of a dispute.
pub const MOST_PICTURES: usize = 3;

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum DisputeReason {
    /// Something was not there.
    Missing,
    /// It was not as it should be.
    Quality,
    /// It was something else.
    Different,
    /// It made somebody sick.
    Sick,
    /// Something else.
    Other,
}

impl DisputeReason {
    /// The words in the order of the contract.
    pub const WORDS: &[&str] = Self::VARIANTS;

    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads a word.
    ///
    /// # Errors
    /// `unknown_option`.
    pub fn parse(word: &str) -> Result<Self, Rule> {
        word.parse().map_err(|_| Rule { code: "unknown_option", message: "선택할 수 없는 항목입니다." })
    }

    /// As people are told it.
    pub fn in_korean(self) -> &'static str {
        match self {
            Self::Missing => "빠진 것이 있어요",
            Self::Quality => "품질에 문제가 있어요",
            Self::Different => "다른 것을 받았어요",
            Self::Sick => "먹고 아팠어요",
            Self::Other => "기타",
        }
    }
}

/// Texts that people type into disputes.
pub mod words {
    use crate::shared::{
        Result, Rule,
        text::{Text, typed},
    };

    const TEXT: Text = typed!("내용은", 1 to 1000, lines);
    const ANSWER: Text = typed!("답변은", 1 to 1000, lines);

    /// What the customer says.
    ///
    /// # Errors
    /// `too_short`, `too_long`, `bad_character`.
    pub fn text(text: &str) -> Result<String, Rule> {
        TEXT.parse(text)
    }

    /// What the store says to it.
    ///
    /// # Errors
    /// `too_short`, `too_long`, `bad_character`.
    pub fn answer(text: &str) -> Result<String, Rule> {
        ANSWER.parse(text)
    }
}

const REASON: Text = typed!("사유는", 1 to 500, lines);

/// Why an operator decides so, in words for both sides.
///
/// # Errors
/// `too_short`, `too_long`, `bad_character`.
pub fn decision_reason(text: &str) -> Result<String, Rule> {
    REASON.parse(text)
}

/// Keys that a dispute names, each once.
///
/// # Errors
/// `too_many`: more than three.
pub fn pictures(keys: Vec<String>) -> Result<Vec<String>, Rule> {
    let mut once = Vec::new();
    for key in keys {
        if !once.contains(&key) {
            once.push(key);
        }
        if once.len() > MOST_PICTURES {
            return Err(Rule { code: "too_many", message: "사진은 3장까지 올릴 수 있습니다." });
        }
    }
    Ok(once)
}

/// What a customer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDispute {
    /// What was wrong.
    pub reason: DisputeReason,
    /// In their words.
    pub text: String,
    /// Keys of pictures that were uploaded for this order, each once.
    pub pictures: Vec<String>,
}

/// What the store says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// In its words.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What an operator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Decision {
    /// It stays as it is.
    Nothing,
    /// All of the money goes back.
    Refund,
}

impl Decision {
    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A decision that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Nothing, or the money.
    pub decision: Decision,
    /// Why, for both sides.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The operator's e-mail; `None`: somebody at a terminal.
    pub by: Option<String>,
}

/// What of the order is shown with the dispute, as it was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputedOrder {
    /// The product's name.
    pub product_name: String,
    /// Number of pieces.
    pub quantity: i32,
    /// Money received.
    pub total_amount: Won,
}

/// A dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Of which order; it has one at most.
    pub payment_id: PaymentId,
    /// The store that sold it.
    pub store_id: StoreId,
    /// Who bought it; a pseudonym where the account was deleted.
    pub customer: Email,
    /// What was bought.
    pub order: DisputedOrder,
    /// What the customer says; empty where the account was deleted.
    pub says: NewDispute,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// What the store says.
    pub answer: Option<Answer>,
    /// What was decided.
    pub decided: Option<Decided>,
}

/// Whether a dispute about the order can be opened at `now`.
///
/// # Errors
/// `dispute_not_picked_up`, `dispute_too_late`.
pub fn can_be_disputed(order: &Order, now: DateTime<Utc>) -> Result<()> {
    match order.completed_at.filter(|_| order.status == OrderStatus::Complete) {
        None => Err(error::DISPUTE_NOT_PICKED_UP.into()),
        Some(at) if now > at + OPENED_WITHIN => Err(error::DISPUTE_TOO_LATE.into()),
        Some(_) => Ok(()),
    }
}

impl Dispute {
    /// Of an order, as it is opened.
    pub fn of(order: Order, says: NewDispute, now: DateTime<Utc>) -> Self {
        Self {
            payment_id: order.payment_id,
            store_id: order.store_id,
            customer: order.customer,
            order: DisputedOrder { product_name: order.product_name, quantity: order.quantity, total_amount: order.total_amount },
            says,
            opened_at: now,
            answer: None,
            decided: None,
        }
    }

    /// Until when the store can answer.
    pub fn answer_until(&self) -> DateTime<Utc> {
        self.opened_at + ANSWERED_WITHIN
    }

    /// Whether the store can answer at `now`.
    ///
    /// # Errors
    /// `dispute_decided`, `dispute_answered`, `dispute_answer_too_late`.
    pub fn can_be_answered(&self, now: DateTime<Utc>) -> Result<()> {
        if self.decided.is_some() {
            Err(error::DISPUTE_DECIDED.into())
        } else if self.answer.is_some() {
            Err(error::DISPUTE_ANSWERED.into())
        } else if now > self.answer_until() {
            Err(error::DISPUTE_ANSWER_TOO_LATE.into())
        } else {
            Ok(())
        }
    }

    /// Whether an operator can decide at `now`: the store has answered, or had its time.
    ///
    /// # Errors
    /// `dispute_decided`, `dispute_waits`.
    pub fn can_be_decided(&self, now: DateTime<Utc>) -> Result<()> {
        if self.decided.is_some() {
            Err(error::DISPUTE_DECIDED.into())
        } else if self.answer.is_none() && now <= self.answer_until() {
            Err(error::DISPUTE_WAITS.into())
        } else {
            Ok(())
        }
    }
}

/// A page of a store's disputes, the newest order first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputePage {
    /// At most [`DisputePage::SIZE`].
    pub disputes: Vec<Dispute>,
    /// What the next page begins after; `None`: nothing comes after it.
    pub next: Option<PaymentId>,
}

impl DisputePage {
    /// Disputes on a page.
    pub const SIZE: i64 = 20;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        disputes::testing::{answer, decided, dispute},
        orders::testing::order,
        shared::{Clock, Error, testing::Noon},
    };

    fn code(checked: Result<()>) -> &'static str {
        match checked {
            Ok(()) => "",
            Err(Error::Refused(refusal)) => refusal.code,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_order_can_be_disputed_for_three_days_after_its_pickup() {
        let now = Noon.now();
        for (status, seconds, refused) in [
            (OrderStatus::Complete, 0, ""),
            (OrderStatus::Complete, 3 * 86_400, ""),
            (OrderStatus::Complete, 3 * 86_400 + 1, "dispute_too_late"),
            (OrderStatus::Accept, 0, "dispute_not_picked_up"),
            (OrderStatus::Cancel, 0, "dispute_not_picked_up"),
        ] {
            let completed_at = Some(now - Duration::seconds(seconds)).filter(|_| status == OrderStatus::Complete);
            let order = Order { completed_at, ..order("PAY1", status) };
            assert_eq!(code(can_be_disputed(&order, now)), refused, "{status:?} {seconds}");
        }
    }

    #[test]
    fn a_store_answers_once_within_two_days() {
        let (now, late) = (Noon.now(), Noon.now() + ANSWERED_WITHIN + Duration::seconds(1));
        assert_eq!(code(dispute().can_be_answered(now + ANSWERED_WITHIN)), "");
        assert_eq!(code(dispute().can_be_answered(late)), "dispute_answer_too_late");
        assert_eq!(code(Dispute { answer: Some(answer()), ..dispute() }.can_be_answered(now)), "dispute_answered");
        assert_eq!(code(Dispute { decided: Some(decided(Decision::Nothing)), ..dispute() }.can_be_answered(now)), "dispute_decided");
    }

    #[test]
    fn an_operator_decides_once_after_the_answer_or_its_time() {
        let (now, late) = (Noon.now(), Noon.now() + ANSWERED_WITHIN + Duration::seconds(1));
        assert_eq!(code(dispute().can_be_decided(now + ANSWERED_WITHIN)), "dispute_waits");
        assert_eq!(code(dispute().can_be_decided(late)), "");
        assert_eq!(code(Dispute { answer: Some(answer()), ..dispute() }.can_be_decided(now)), "");
        assert_eq!(code(Dispute { decided: Some(decided(Decision::Refund)), ..dispute() }.can_be_decided(late)), "dispute_decided");
    }

    #[test]
    fn three_pictures_are_named_each_once() {
        let named = |keys: &str| pictures(keys.chars().map(String::from).collect());
        assert_eq!(named("abba").unwrap(), ["a", "b"]);
        assert_eq!(named("abc").unwrap().len(), 3);
        assert_eq!(named("abcd").unwrap_err().code, "too_many");
    }

    #[test]
    fn reasons_are_the_contracts_words() {
        assert_eq!(DisputeReason::WORDS, ["missing", "quality", "different", "sick", "other"]);
        assert_eq!(DisputeReason::parse("sick"), Ok(DisputeReason::Sick));
        assert_eq!(DisputeReason::parse("Sick").unwrap_err().code, "unknown_option");
    }
}
