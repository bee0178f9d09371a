//! Calls with an Idempotency-Key.

use crate::shared::{Email, PaymentId};

/// A call that is to be done under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedCall {
    /// For a payment/init: the id to hold under, made before the first attempt.
    pub payment_id: PaymentId,
    /// It was begun before, and may have done its work.
    pub resumed: bool,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status of the answer.
    pub status: i32,
    /// Body of the answer, byte for byte.
    pub body: String,
}

/// What a claim comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// To be done now.
    Do(KeyedCall),
    /// Done: this was the answer.
    Answered(StoredAnswer),
    /// Another call is at it.
    InUse,
    /// The key names another request.
    Reused,
}

/// A call as its caller names it.
#[derive(Debug, Clone, Copy)]
pub struct KeyedRequest<'a> {
    /// Whose key it is: two accounts may use the same one.
    pub account: &'a Email,
    /// What the header `Idempotency-Key` says.
    pub key: &'a str,
    /// What is asked: equal for the same request only.
    pub request: &'a str,
}

/// What a call under a key came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyedOutcome<T> {
    /// The work was done now.
    Done(T),
    /// It was done by an earlier call, which was answered this.
    Replayed(StoredAnswer),
}
