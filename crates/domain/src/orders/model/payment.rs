//! A payment as PortOne tells of it, and what it comes to.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    hold::{Hold, HoldEnd, HoldState, PricePaid},
    refund::RefundReason,
};

/// What PortOne's books say of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentTruth {
    /// It does not know the payment.
    Unknown,
    /// No money that counts.
    NotPaid,
    /// No money yet, but it can still come: the window is open, the approval is pending, an account waits for the deposit; or a status
    /// that we do not know.
    Pending {
        /// Until when, where PortOne says so.
        until: Option<DateTime<Utc>>,
    },
    /// PortOne says FAILED: no money came.
    Failed,
    /// Wholly canceled: so much went back, in won. 0: nothing had been paid.
    Cancelled(i64),
    /// PortOne says PAID, wholly or partly canceled since.
    Paid(Paid),
}

/// What PortOne received, to be compared with the hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The PortOne store that received it.
    pub store_id: String,
    /// Currency code by ISO 4217; only `KRW` is right.
    pub currency: String,
    /// What was asked for before card discounts, in the currency's minor unit: won for KRW.
    pub total: i64,
    /// What went back of it.
    pub cancelled: i64,
    /// A cancellation was taken and is not decided.
    pub cancel_pending: bool,
}

/// A page of PortOne's books.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Payments by id, as PortOne writes it: not all are ours.
    pub payments: Vec<(String, PaymentTruth)>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<String>,
}

/// What PortOne answers to a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelAnswer {
    /// The money is back: so much, in won.
    Succeeded(i64),
    /// Taken; the provider will decide.
    Requested,
    /// It was canceled before.
    AlreadyCancelled,
    /// A request with the same key is still running.
    Outstanding,
    /// No answer, or one that does not tell: the same key may be sent again.
    Unknown(String),
    /// PortOne refused, with its words.
    Failed(String),
}

/// How long PortOne may take where a person waits: they know within 3 s, and what is unknown by then goes on by itself.
pub(in crate::orders) const PERSON_PATIENCE: Duration = Duration::from_millis(2_500);

/// How long it may take where nobody does (contract: 5 s at a hold's end), the wait for a turn included.
pub(in crate::orders) const JOB_PATIENCE: Duration = Duration::from_secs(5);

/// Who asks PortOne about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Somebody waits for the answer: asked at once.
    Person,
    /// Nobody does: asked when the PortOne store has a turn.
    Job,
}

/// What a payment came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// There is an order.
    Ordered,
    /// No money yet; the hold stands as it stood.
    NotPaid,
    /// It failed or was canceled; the stock is free.
    Failed,
    /// Money came that could not become an order, and goes back.
    Refunded(RefundReason),
}

/// How long a payment is watched after its hold where no money is on its way: the window may be opened late, a failed attempt repeated.
const WATCH: TimeDelta = TimeDelta::days(1);

/// The same where PortOne says that money can still come, but not until when. (Beyond that the nightly comparison finds it.)
const PENDING_WATCH: TimeDelta = TimeDelta::days(7);

/// How long after an account's end a deposit may still be told.
const LATE_DEPOSIT: TimeDelta = TimeDelta::days(1);

/// How long a payment is watched of which PortOne tells nothing, or whose money we could not book: somebody has to look meanwhile.
const UNKNOWN_WATCH: TimeDelta = TimeDelta::days(90);

/// How long after its release a hold's payment is looked at first; later looks are at least so far apart.
pub const FIRST_LOOK: TimeDelta = TimeDelta::minutes(1);

/// Time between two looks, at most.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);

/// When a payment is looked at again after its hold: for as long as PortOne can still take the money, the next look as far away as the
/// hold's end lies back, six hours at most. `truth`: what PortOne said just now, if it did. `None`: no more.
///
/// A customer who left before PortOne knew of a window has begun no payment. The look a minute later is for a window that was just
/// opening. One that is opened after that (in another tab) needs no watch: PortOne's message about it, or else the comparison of the
/// books, has the payment resolved, or watched anew.
pub(in crate::orders) fn next_look(hold: &Hold, truth: Option<&PaymentTruth>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let (HoldState::Released(HoldEnd::Abandoned), Some(PaymentTruth::Unknown)) = (hold.state, truth) {
        return None;
    }
    let watch = match truth {
        Some(PaymentTruth::Pending { until: Some(until) }) => (*until + LATE_DEPOSIT - hold.expires_at).max(WATCH),
        Some(PaymentTruth::Pending { until: None }) => PENDING_WATCH,
        Some(PaymentTruth::Unknown | PaymentTruth::NotPaid | PaymentTruth::Failed | PaymentTruth::Cancelled(_)) => WATCH,
        Some(PaymentTruth::Paid(_)) | None => UNKNOWN_WATCH,
    };
    let since = now - hold.expires_at;
    (since < watch).then(|| now + since.clamp(FIRST_LOOK, LONGEST_PAUSE))
}

/// Whether the money of an order is there as it was: KRW, this PortOne store, exactly the total, nothing gone back.
pub(in crate::orders) fn matches(hold: &Hold, paid: &Paid) -> bool {
    paid.total == hold.total_amount.0 && is_whole(hold, paid)
}

/// A payment is an order only for money received: KRW, this PortOne store, nothing gone back, and exactly the hold's total or what
/// the pieces cost at a price that the customer may have seen. `None`: it is not.
pub(in crate::orders) fn price_paid(hold: &Hold, paid: &Paid) -> Option<PricePaid> {
    hold.price_of(paid.total).filter(|_| is_whole(hold, paid))
}

fn is_whole(hold: &Hold, paid: &Paid) -> bool {
    paid.currency == "KRW" && paid.store_id == hold.portone_store_id && paid.cancelled == 0
}
