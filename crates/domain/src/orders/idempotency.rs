//! Calls with an Idempotency-Key: the same key and request are answered the same, whatever happened to the first call.
//!
//! A call is claimed before its work and its answer stored after it. A process that dies in between leaves a claim whose lease ends;
//! the next call with the key resumes it, and the use case then looks whether the work was done.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::{error, ports::IdempotencyKeys};
use crate::shared::{Clock, Email, Ids, PaymentId, Result};

/// How long a call may take before another may resume it.
const LEASE: Duration = Duration::seconds(60);

/// How long an answer is kept.
pub const KEPT: Duration = Duration::hours(24);

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
    /// HTTP status.
    pub status: i32,
    /// JSON.
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

/// Use case around every call with a key.
pub struct IdempotencyService {
    keys: Arc<dyn IdempotencyKeys>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl IdempotencyService {
    /// Wires the service.
    pub fn new(keys: Arc<dyn IdempotencyKeys>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { keys, clock, ids }
    }

    /// Begins a call. `request` says what is asked: equal for the same request only. `Err` is the stored answer.
    ///
    /// # Errors
    /// `idempotency_key_reused`, `idempotency_key_in_use`.
    pub async fn begin(&self, account: &Email, key: &str, request: &str) -> Result<std::result::Result<KeyedCall, StoredAnswer>> {
        let now = self.clock.now();
        let payment_id = PaymentId::generate(self.ids.as_ref());
        match self.keys.claim(account, key, request, &payment_id, now, now + LEASE).await? {
            Claim::Do(call) => Ok(Ok(call)),
            Claim::Answered(answer) => Ok(Err(answer)),
            Claim::InUse => Err(error::KEY_IN_USE.into()),
            Claim::Reused => Err(error::KEY_REUSED.into()),
        }
    }

    /// Stores the answer. `None`: it failed, and the next call may try again.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn end(&self, account: &Email, key: &str, answer: Option<&StoredAnswer>) -> Result<()> {
        self.keys.answer(account, key, answer, self.clock.now()).await
    }

    /// Forgets old keys; gives their number.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn prune(&self) -> Result<u64> {
        let before: DateTime<Utc> = self.clock.now() - KEPT;
        self.keys.prune(before).await
    }
}
