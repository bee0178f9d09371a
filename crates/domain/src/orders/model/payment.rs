//! A payment as PortOne tells of it, and what it comes to.

use std::time::Duration;

use super::{hold::Hold, refund::RefundReason};

/// What PortOne's books say of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentTruth {
    /// It does not know the payment.
    Unknown,
    /// No money yet, or a status we do not know.
    NotPaid,
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

/// How long it may take where nobody does (contract: 5 s at a hold's end).
pub(in crate::orders) const JOB_PATIENCE: Duration = Duration::from_secs(5);

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

/// A payment is an order only for money received: KRW, this PortOne store, exactly the total, nothing gone back.
pub(in crate::orders) fn matches(hold: &Hold, paid: &Paid) -> bool {
    paid.currency == "KRW" && paid.store_id == hold.portone_store_id && paid.total == hold.total_amount.0 && paid.cancelled == 0
}
