//! Our books beside PortOne's, and where they differ.

use strum::IntoStaticStr;

use super::{payment::PaymentTruth, refund::RefundState};
use crate::shared::{PaymentId, StoreId};

/// A discrepancy that no rule can mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Discrepancy {
    /// PortOne has money under an id like ours that we do not know.
    UnknownPayment,
    /// An order was handed out, and PortOne has no money for it.
    OrderWithoutMoney,
    /// Part of an order's money went back.
    PartlyRefunded,
    /// An order's money is of another amount, currency or store.
    OtherAmount,
}

impl Discrepancy {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Stores of PortOne's that were read.
    pub stores: usize,
    /// Stores of PortOne's that could not be read.
    pub unread: usize,
    /// Payments that differed and were looked at one by one.
    pub differing: usize,
}

/// A payment as reconciliation sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// Its id, in our books.
    pub payment_id: PaymentId,
    /// The store that owns it.
    pub store_id: StoreId,
    /// Which store of PortOne's it was to be paid to.
    pub portone_store_id: String,
    /// What should be there: the money of an order, nothing, or something that is under way.
    pub expected: Expected,
}

/// What our books say that PortOne's should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An order's money, in won.
    Money(i64),
    /// Nothing: it went back.
    Nothing,
    /// Still open: whatever PortOne says decides.
    Open,
}

impl Expected {
    /// What should be there for a payment: an order's money while nothing goes back, nothing once the refund is done, and otherwise
    /// whatever PortOne says. `total_amount` in won.
    pub fn of(is_ordered: bool, refund: Option<RefundState>, total_amount: i64) -> Self {
        match (is_ordered, refund) {
            (_, Some(RefundState::Succeeded)) => Self::Nothing,
            (true, None) => Self::Money(total_amount),
            _ => Self::Open,
        }
    }
}

pub(in crate::orders) fn has_money(truth: &PaymentTruth) -> bool {
    matches!(truth, PaymentTruth::Paid(_))
}

/// Whether somebody has to look at this payment. `None`: PortOne's list does not have it.
pub(in crate::orders) fn differs(booked: &Booked, truth: Option<&PaymentTruth>) -> bool {
    match (booked.expected, truth) {
        (Expected::Money(total), Some(PaymentTruth::Paid(paid))) => {
            paid.total != total || paid.cancelled != 0 || paid.currency != "KRW" || paid.store_id != booked.portone_store_id
        }
        (Expected::Money(_), _) => true,
        (Expected::Nothing, truth) => truth.is_some_and(has_money),
        (Expected::Open, Some(PaymentTruth::Paid(_) | PaymentTruth::Cancelled(_))) => true,
        (Expected::Open, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::model::payment::Paid;

    fn booked(expected: Expected) -> Booked {
        Booked {
            payment_id: PaymentId::trusted("PAY1".into()),
            store_id: StoreId::trusted("STR_1".into()),
            portone_store_id: "s".into(),
            expected,
        }
    }

    fn paid(total: i64, cancelled: i64) -> Option<PaymentTruth> {
        Some(PaymentTruth::Paid(Paid { store_id: "s".into(), currency: "KRW".into(), total, cancelled, cancel_pending: false }))
    }

    #[test]
    fn what_should_be_there_follows_from_hold_and_refund() {
        for (is_ordered, refund, expected) in [
            (true, None, Expected::Money(7_000)),
            (true, Some(RefundState::Requested), Expected::Open),
            (true, Some(RefundState::Failed), Expected::Open),
            (true, Some(RefundState::Succeeded), Expected::Nothing),
            (false, Some(RefundState::Succeeded), Expected::Nothing),
            (false, Some(RefundState::Unknown), Expected::Open),
            (false, None, Expected::Open),
        ] {
            assert_eq!(Expected::of(is_ordered, refund, 7_000), expected, "{is_ordered} {refund:?}");
        }
    }

    #[test]
    fn what_has_to_be_looked_at() {
        let cancelled = Some(PaymentTruth::Cancelled(7_000));
        for (expected, truth, look) in [
            (Expected::Money(7_000), paid(7_000, 0), false),
            (Expected::Money(7_000), paid(7_000, 1), true),
            (Expected::Money(7_000), paid(7_001, 0), true),
            (Expected::Money(7_000), cancelled.clone(), true),
            (Expected::Money(7_000), None, true),
            (Expected::Nothing, cancelled.clone(), false),
            (Expected::Nothing, None, false),
            (Expected::Nothing, paid(7_000, 0), true),
            (Expected::Open, paid(7_000, 0), true),
            (Expected::Open, cancelled, true),
            (Expected::Open, Some(PaymentTruth::NotPaid), false),
            (Expected::Open, None, false),
        ] {
            assert_eq!(differs(&booked(expected), truth.as_ref()), look, "{expected:?} {truth:?}");
        }
        let other_store = Booked { portone_store_id: "t".into(), ..booked(Expected::Money(7_000)) };
        assert!(differs(&other_store, paid(7_000, 0).as_ref()));
    }
}
