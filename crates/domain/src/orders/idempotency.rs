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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::ports::MockIdempotencyKeys,
        shared::testing::{Counter, Noon, email},
    };

    fn stored(status: i32) -> StoredAnswer {
        StoredAnswer { status, body: "{}".into() }
    }

    /// A call with a key: `claim` is what the database says, `done` what the work gives (`None`: it must not be done), `kept` what
    /// must be stored of it (`None`: nothing is).
    async fn run(
        claim: Claim,
        done: Option<Result<i32>>,
        kept: Option<Option<StoredAnswer>>,
        storing: Result<()>,
    ) -> Result<KeyedOutcome<i32>> {
        let mut keys = MockIdempotencyKeys::new();
        keys.expect_claim()
            .times(1)
            .withf(|account, key, request, payment, now, lease| {
                (account.as_str(), key, request, payment.as_str()) == ("a@b", "k", "r", "PAY0")
                    && (*now, *lease) == (Noon.now(), Noon.now() + Duration::seconds(60))
            })
            .return_once(|_, _, _, _, _, _| Ok(claim));
        keys.expect_answer()
            .times(usize::from(kept.is_some()))
            .withf(move |account, key, answer, now| {
                (account.as_str(), key, *now) == ("a@b", "k", Noon.now()) && answer.cloned() == kept.clone().flatten()
            })
            .return_once(|_, _, _, _| storing);
        let (service, account) = (IdempotencyService::new(Arc::new(keys), Arc::new(Noon), Arc::new(Counter::default())), email("a@b"));
        let request = KeyedRequest { account: &account, key: "k", request: "r" };
        let work = async |call: Option<&KeyedCall>| {
            assert_eq!(call.map(|call| call.payment_id.as_str()), Some("PAY7"));
            done.unwrap()
        };
        // 200 and refusals are answers; what may be tried again is none.
        let answer = |done: &Result<i32>| match done {
            Ok(status) => Some(stored(*status)),
            Err(Error::Refused(_)) => Some(stored(400)),
            Err(_) => None,
        };
        service.run(Some(request), work, answer).await
    }

    fn claimed() -> Claim {
        Claim::Do(KeyedCall { payment_id: PaymentId::parse("PAY7").unwrap(), resumed: false })
    }

    #[tokio::test]
    async fn a_call_without_a_key_is_just_done() {
        let service = IdempotencyService::new(Arc::new(MockIdempotencyKeys::new()), Arc::new(Noon), Arc::new(Counter::default()));
        let work = async |call: Option<&KeyedCall>| {
            assert_eq!(call, None);
            Ok::<_, Error>(1)
        };
        assert_eq!(service.run(None, work, |_| None).await.unwrap(), KeyedOutcome::Done(1));
    }

    #[tokio::test]
    async fn the_first_call_is_done_and_its_answer_kept() {
        assert_eq!(run(claimed(), Some(Ok(200)), Some(Some(stored(200))), Ok(())).await.unwrap(), KeyedOutcome::Done(200));
        let refused = run(claimed(), Some(Err(error::ORDER_CANCELED.into())), Some(Some(stored(400))), Ok(())).await;
        assert!(refused.unwrap_err().is(&error::ORDER_CANCELED));
    }

    #[tokio::test]
    async fn a_failure_gives_the_key_back() {
        let outage = Err(Error::unavailable("postgres", "x"));
        assert!(run(claimed(), Some(outage), Some(None), Ok(())).await.is_err());
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_kept_is_given_all_the_same() {
        let outage = Err(Error::unavailable("postgres", "x"));
        assert_eq!(run(claimed(), Some(Ok(200)), Some(Some(stored(200))), outage).await.unwrap(), KeyedOutcome::Done(200));
    }

    #[tokio::test]
    async fn a_second_call_gets_the_first_one_s_answer_or_is_refused() {
        assert_eq!(run(Claim::Answered(stored(201)), None, None, Ok(())).await.unwrap(), KeyedOutcome::Replayed(stored(201)));
        assert!(run(Claim::InUse, None, None, Ok(())).await.unwrap_err().is(&error::KEY_IN_USE));
        assert!(run(Claim::Reused, None, None, Ok(())).await.unwrap_err().is(&error::KEY_REUSED));
    }

    #[tokio::test]
    async fn keys_are_forgotten_after_a_day() {
        let mut keys = MockIdempotencyKeys::new();
        keys.expect_prune().withf(|before| *before == Noon.now() - Duration::days(1)).returning(|_| Ok(3));
        let service = IdempotencyService::new(Arc::new(keys), Arc::new(Noon), Arc::new(Counter::default()));
        assert_eq!(service.prune().await.unwrap(), 3);
    }
}
