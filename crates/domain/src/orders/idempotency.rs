//! Calls with an Idempotency-Key: the same key and request are answered the same, whatever happened to the first call.
//!
//! A call is claimed before its work and its answer stored after it. A process that dies in between leaves a claim whose lease ends;
//! the next call with the key resumes it, and the use case then looks whether the work was done.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::{
    error,
    model::idempotency::{Claim, KeyedCall, KeyedOutcome, KeyedRequest, StoredAnswer},
    ports::IdempotencyKeys,
};
use crate::shared::{Clock, Error, Ids, PaymentId, Result};

/// How long a call may take before another may resume it.
const LEASE: Duration = Duration::seconds(60);

/// How long an answer is kept.
pub const ANSWER_KEPT: Duration = Duration::hours(24);

/// Use case around every call with a key.
pub struct IdempotencyService {
    keys: Arc<dyn IdempotencyKeys>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl IdempotencyService {
    /// Builds the use cases on their ports.
    pub fn new(keys: Arc<dyn IdempotencyKeys>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { keys, clock, ids }
    }

    /// Does `work` at most once for each key. Without a key it is just done. A second call with the same key and request gets
    /// the first one's answer. `answer` turns what `work` gave into what is stored: refusals are answers too; `None` is a failure
    /// that the next call with the key may try again.
    ///
    /// # Errors
    /// What `work` fails with; `idempotency_key_reused`, `idempotency_key_in_use`, Unavailable.
    pub async fn run<T, E: From<Error>>(
        &self,
        call: Option<KeyedRequest<'_>>,
        work: impl AsyncFnOnce(Option<&KeyedCall>) -> Result<T, E>,
        answer: impl FnOnce(&Result<T, E>) -> Option<StoredAnswer>,
    ) -> Result<KeyedOutcome<T>, E> {
        let Some(KeyedRequest { account, key, request }) = call else { return Ok(KeyedOutcome::Done(work(None).await?)) };
        let now = self.clock.now();
        let payment_id = PaymentId::generate(self.ids.as_ref());
        let call = match self.keys.claim(account, key, request, &payment_id, now, now + LEASE).await? {
            Claim::Do(call) => call,
            Claim::Answered(answer) => return Ok(KeyedOutcome::Replayed(answer)),
            Claim::InUse => return Err(Error::from(error::KEY_IN_USE).into()),
            Claim::Reused => return Err(Error::from(error::KEY_REUSED).into()),
        };
        let done = work(Some(&call)).await;
        if let Err(error) = self.keys.answer(account, key, answer(&done).as_ref(), self.clock.now()).await {
            // The lease ends by itself, and the next call with the key finds what was done.
            tracing::warn!(%error, "the answer to a call with a key is not stored");
        }
        done.map(KeyedOutcome::Done)
    }

    /// Forgets old keys; gives their number.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn prune(&self) -> Result<u64> {
        let before: DateTime<Utc> = self.clock.now() - ANSWER_KEPT;
        self.keys.prune(before).await
    }
}
