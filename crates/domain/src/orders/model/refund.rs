//! Giving money back: a row committed with the fact that causes it, tried at once and again until done.

use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr};

use crate::shared::{PaymentId, StoreId};

/// Why money that came goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum RefundReason {
    /// Another amount, currency or PortOne store than the order's.
    Mismatch,
    /// The store stopped selling during the payment.
    StoreClosed,
    /// The hold was gone and the stock could not be taken again.
    Late,
    /// The customer canceled the order.
    CanceledByCustomer,
    /// The store canceled the order.
    CanceledByStore,
    /// The store closed for today.
    StoreClosing,
    /// The store did not accept the order before its pickup ended.
    PickupOver,
    /// The business day ended with the order still open.
    DayOver,
    /// PortOne's side gave it back already.
    CanceledAtProvider,
    /// An operator decided so after the pickup.
    Dispute,
    /// Somebody who runs the service canceled the order.
    CanceledByOperator,
}

impl RefundReason {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Self::as_str`] writes. `None`: no such word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// What PortOne's books will say; where nobody else gave a reason, the order and its mail say the same.
    pub fn text(self) -> &'static str {
        match self {
            Self::Mismatch => "결제 내용이 주문과 다름",
            Self::StoreClosed => "결제 중 매장 영업 종료",
            Self::Late => "결제 시간 초과",
            Self::CanceledByCustomer => "고객 주문 취소",
            Self::CanceledByStore => "매장 주문 취소",
            Self::StoreClosing => "매장 영업 종료",
            Self::PickupOver => "픽업 시간 종료",
            Self::DayOver => "영업일 종료",
            Self::CanceledAtProvider => "결제사에서 취소됨",
            Self::Dispute => "분쟁 처리 환불",
            Self::CanceledByOperator => "운영자 주문 취소",
        }
    }
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum RefundState {
    /// Committed with its cause; no attempt so far.
    Requested,
    /// PortOne has taken it and will decide, or an attempt is under way.
    Processing,
    /// The money is back.
    Succeeded,
    /// The last attempt was refused; another follows.
    Failed,
    /// The last attempt had no answer; the same key is tried again.
    Unknown,
}

impl RefundState {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Self::as_str`] writes. `None`: no such word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A refund that this process has claimed.
#[derive(Debug, Clone)]
pub struct Refund {
    /// Which payment goes back, whole.
    pub payment_id: PaymentId,
    /// Whose account it came to.
    pub store_id: StoreId,
    /// Which store of PortOne's: the one at the time of the payment.
    pub portone_store_id: String,
    /// What caused the refund; decides the text in PortOne's books.
    pub reason: RefundReason,
    /// Attempts so far, this one included.
    pub attempts: i32,
    /// Grows when an answer was final, or the same key has led nowhere often enough: for three hours PortOne would only repeat
    /// what it said to that key.
    pub key_generation: i32,
    /// Whether PortOne must be looked at before it is asked again.
    pub look_first: bool,
}

impl Refund {
    /// PortOne repeats its answer to a key for three hours: the key says which attempts are the same one.
    pub fn idempotency_key(&self) -> String {
        format!("refund-{}-{}", self.payment_id, self.key_generation)
    }
}

/// What an attempt leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The state that the attempt left behind.
    pub state: RefundState,
    /// When to go on; ignored once succeeded.
    pub next_at: DateTime<Utc>,
    /// Whether the next attempt needs a new key.
    pub new_key: bool,
    /// What PortOne said, for the operator.
    pub answer: String,
    /// What went back, in won, by PortOne's books; once it succeeded.
    pub amount: Option<i64>,
}

/// A refund that is not done, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRefund {
    /// The payment whose money goes back.
    pub payment_id: PaymentId,
    /// The store whose PortOne account has the money.
    pub store_id: StoreId,
    /// What caused the refund; decides the text in PortOne's books.
    pub reason: RefundReason,
    /// Where it stands. `failed` will not go on without somebody's help, though it is tried again each hour.
    pub state: RefundState,
    /// How often it was tried.
    pub attempts: i32,
    /// Since when it is owed.
    pub requested_at: DateTime<Utc>,
    /// When it is tried next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What PortOne said last.
    pub last_answer: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_the_payment_and_grows_with_its_generation() {
        let refund = |key_generation| Refund {
            payment_id: PaymentId::trusted("PAY1".into()),
            store_id: StoreId::trusted("STR_1".into()),
            portone_store_id: "s".into(),
            reason: RefundReason::Late,
            attempts: 9,
            key_generation,
            look_first: true,
        };
        assert_eq!([1, 2].map(|n| refund(n).idempotency_key()), ["refund-PAY1-1", "refund-PAY1-2"]);
    }

    /// PortOne's console, mails and the app show them.
    #[test]
    fn each_reason_has_its_own_words() {
        use RefundReason as R;
        let words = [
            (R::Mismatch, "결제 내용이 주문과 다름"),
            (R::StoreClosed, "결제 중 매장 영업 종료"),
            (R::Late, "결제 시간 초과"),
            (R::CanceledByCustomer, "고객 주문 취소"),
            (R::CanceledByStore, "매장 주문 취소"),
            (R::StoreClosing, "매장 영업 종료"),
            (R::PickupOver, "픽업 시간 종료"),
            (R::DayOver, "영업일 종료"),
            (R::CanceledAtProvider, "결제사에서 취소됨"),
            (R::Dispute, "분쟁 처리 환불"),
            (R::CanceledByOperator, "운영자 주문 취소"),
        ];
        for (reason, text) in words {
            assert_eq!(reason.text(), text, "{reason:?}");
        }
    }
}
