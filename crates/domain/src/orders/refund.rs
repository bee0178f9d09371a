//! Giving money back: attempts, the leases that keep two from trying at once, and the keys by which PortOne tells a repetition.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::Duration;
use futures::{
    StreamExt,
    future::{Either, select},
};

use super::{
    model::{
        audit::Actor,
        payment::{CancelAnswer, PERSON_PATIENCE, Paid, PaymentTruth},
        refund::{Attempt, OpenRefund, Refund, RefundReason, RefundState},
    },
    ports::{Payments, Refunds},
};
use crate::{
    shared::{Clock, PaymentId, Result, Timer},
    stores::{PortOneAccount, ports::Stores},
};

/// An attempt that has not ended after this long belongs to a process that died.
pub const REFUND_LEASE: Duration = Duration::seconds(90);

/// Use case of giving money back.
pub struct RefundService {
    refunds: Arc<dyn Refunds>,
    stores: Arc<dyn Stores>,
    payments: Arc<dyn Payments>,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
}

impl RefundService {
    /// Builds the use cases on their ports.
    pub fn new(
        refunds: Arc<dyn Refunds>,
        stores: Arc<dyn Stores>,
        payments: Arc<dyn Payments>,
        clock: Arc<dyn Clock>,
        timer: Arc<dyn Timer>,
    ) -> Self {
        Self { refunds, stores, payments, clock, timer }
    }

    /// Refunds that are due, up to `limit`, the stores in turn, and of one store no more than `of_a_store` with those under way.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn due(&self, limit: i64, of_a_store: i64) -> Result<Vec<PaymentId>> {
        self.refunds.due(self.clock.now(), limit, of_a_store).await
    }

    /// One attempt, unless somebody else is at it or it is done. `None`: nothing was to do.
    ///
    /// # Errors
    /// Unavailable, where our own database does not answer. What PortOne answers is never an error, but the state.
    pub async fn attempt(&self, payment: &PaymentId, actor: &Actor) -> Result<Option<RefundState>> {
        let now = self.clock.now();
        let Some(refund) = self.refunds.claim(payment, now, now + REFUND_LEASE).await? else { return Ok(None) };
        let outcome = self.ask(&refund).await;
        match outcome.state {
            RefundState::Succeeded => {
                tracing::info!(payment = %payment, reason = refund.reason.as_str(), attempts = refund.attempts, "refunded");
            }
            RefundState::Failed => {
                tracing::error!(payment = %payment, store = %refund.store_id, attempts = refund.attempts, answer = outcome.answer, "PortOne refused a refund; it is tried again each hour");
            }
            _ => {
                tracing::warn!(payment = %payment, attempts = refund.attempts, answer = outcome.answer, "a refund is not finished; the jobs go on with it");
            }
        }
        self.refunds.record(payment, &outcome, self.clock.now(), actor).await?;
        Ok(Some(outcome.state))
    }

    /// Makes a refund due now, unless somebody is at it. `false`: it counts as done, or is not there.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn expedite(&self, payment: &PaymentId) -> Result<bool> {
        self.refunds.expedite(payment, self.clock.now()).await
    }

    /// A refund that counts as done although the money is still there begins anew. `false`: it does not count as done.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn reopen(&self, payment: &PaymentId, actor: &Actor) -> Result<bool> {
        self.refunds.reopen(payment, self.clock.now(), actor).await
    }

    /// Refunds that are not done, the oldest first, up to `limit`.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn open(&self, limit: i64) -> Result<Vec<OpenRefund>> {
        self.refunds.open(limit).await
    }

    /// How many refunds are not done, by state, and for how long the oldest of them has been owed.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn count(&self) -> Result<Vec<(RefundState, i64, Duration)>> {
        let now = self.clock.now();
        Ok(self.refunds.count().await?.into_iter().map(|(state, number, since)| (state, number, now - since)).collect())
    }

    /// Why a payment goes back. `None`: it does not.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn reason(&self, payment: &PaymentId) -> Result<Option<RefundReason>> {
        self.refunds.reason(payment).await
    }

    /// Goes on with a refund at once; whether it is done then.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn finish_now(&self, payment: &PaymentId, actor: &Actor) -> Result<bool> {
        Ok(!self.expedite(payment).await? || self.attempt_now(std::slice::from_ref(payment), actor).await == 1)
    }

    /// Tries these at once, for as long as a person may wait; what is not done by then the jobs go on with. Gives the number of
    /// refunds that succeeded.
    pub async fn attempt_now(&self, payments: &[PaymentId], actor: &Actor) -> usize {
        let counter = AtomicUsize::new(0);
        let succeeded = &counter;
        let attempts = futures::stream::iter(payments).for_each_concurrent(AT_ONCE, |payment| async move {
            match self.attempt(payment, actor).await {
                Ok(Some(RefundState::Succeeded)) => {
                    succeeded.fetch_add(1, Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%payment, %error, "a refund was not tried; the jobs go on with it"),
            }
        });
        let timeout = self.timer.sleep(PERSON_PATIENCE);
        futures::pin_mut!(attempts);
        if let Either::Right(_) = select(attempts, timeout).await {
            tracing::warn!(payments = payments.len(), "refunds take long; the jobs go on with them");
        }
        succeeded.load(Ordering::Relaxed)
    }

    async fn ask(&self, refund: &Refund) -> Attempt {
        let account = match self.stores.payment(&refund.store_id).await {
            Ok(Some(account)) => account.of_store(&refund.portone_store_id),
            Ok(None) => return self.outcome(refund, RefundState::Failed, "the store has no payment account"),
            Err(e) => return self.outcome(refund, RefundState::Unknown, &e.to_string()),
        };
        if refund.look_first
            && let Some(outcome) = self.look(refund, &account).await
        {
            return outcome;
        }
        match self.payments.cancel(&account, &refund.payment_id, refund.reason.text(), &refund.idempotency_key()).await {
            CancelAnswer::Succeeded(amount) => self.succeeded(refund, "succeeded", amount),
            // By whom, and all of it? The books say.
            CancelAnswer::AlreadyCancelled => match self.look(refund, &account).await {
                Some(outcome) => outcome,
                None => self.outcome(refund, RefundState::Unknown, "said to be cancelled, but the money is still there"),
            },
            // Asked again only where the books show that the provider has said no; to the same key PortOne would repeat "requested".
            CancelAnswer::Requested => {
                Attempt { new_key: true, ..self.outcome(refund, RefundState::Processing, "requested; the provider will decide") }
            }
            // The next attempt waits with the same key for that request's answer.
            CancelAnswer::Outstanding => {
                Attempt { new_key: false, ..self.outcome(refund, RefundState::Unknown, "an earlier request is still running") }
            }
            CancelAnswer::Unknown(why) => self.outcome(refund, RefundState::Unknown, &why),
            CancelAnswer::Failed(why) => self.outcome(refund, RefundState::Failed, &why),
        }
    }

    /// What PortOne's books say of a refund that was tried before. `None`: the money is there, and nobody is at it.
    async fn look(&self, refund: &Refund, account: &PortOneAccount) -> Option<Attempt> {
        match self.payments.get(account, &refund.payment_id, LOOK).await {
            Ok(PaymentTruth::Cancelled(amount)) => Some(self.succeeded(refund, "found cancelled", amount)),
            Ok(PaymentTruth::Paid(Paid { cancel_pending: true, .. })) => {
                Some(self.outcome(refund, RefundState::Processing, "requested; the provider has not decided"))
            }
            Ok(PaymentTruth::Paid(_)) => None,
            Ok(PaymentTruth::Unknown | PaymentTruth::NotPaid | PaymentTruth::Pending { .. } | PaymentTruth::Failed) => {
                Some(self.outcome(refund, RefundState::Failed, "PortOne has no money of this payment"))
            }
            Err(e) => Some(self.outcome(refund, RefundState::Unknown, &e.to_string())),
        }
    }

    fn succeeded(&self, refund: &Refund, answer: &str, amount: i64) -> Attempt {
        Attempt { amount: Some(amount), ..self.outcome(refund, RefundState::Succeeded, answer) }
    }

    fn outcome(&self, refund: &Refund, state: RefundState, answer: &str) -> Attempt {
        let gone_stale = state == RefundState::Unknown && refund.attempts % SAME_KEY == 0;
        Attempt {
            state,
            next_at: self.clock.now() + backoff(refund.attempts, refund.payment_id.as_str()),
            new_key: state == RefundState::Failed || gone_stale,
            answer: answer.to_owned(),
            amount: None,
        }
    }
}

/// Attempts without a clear answer after which another key is taken. Safe, since the books are looked at before: a cancellation of
/// all that remains cannot happen twice.
const SAME_KEY: i32 = 4;

/// Calls to PortOne at once, where a store closes on many orders.
const AT_ONCE: usize = 16;

/// How long a look at PortOne's books may take.
const LOOK: std::time::Duration = std::time::Duration::from_secs(10);

/// 5 s, 10 s, 20 s … one hour, each up to a quarter longer: the last letter of the id spreads what failed together.
fn backoff(attempts: i32, id: &str) -> Duration {
    let exponent = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(10);
    let base = (5_000_i64 << exponent).min(3_600_000);
    let jitter = id.bytes().last().map_or(0, |b| i64::from(b % 32)) * base / 128;
    Duration::milliseconds(base + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        orders::ports::{MockPayments, MockRefunds},
        shared::{
            Error, StoreId,
            testing::{Never, Noon},
        },
        stores::{PortOneIds, ports::MockStores},
    };

    fn paid(cancel_pending: bool) -> PaymentTruth {
        PaymentTruth::Paid(Paid { store_id: "then".into(), currency: "KRW".into(), total: 7_000, cancelled: 0, cancel_pending })
    }

    /// One attempt: the `attempts`-th, with what PortOne's books say (`None`: not looked at) and what it answers (`None`: not asked).
    async fn attempt(attempts: i32, looks: Vec<Result<PaymentTruth>>, answer: Option<CancelAnswer>) -> (RefundState, bool, Option<i64>) {
        let (mut refunds, mut stores, mut payments) = (MockRefunds::new(), MockStores::new(), MockPayments::new());
        refunds.expect_claim().times(1).withf(|_, now, lease| *lease == *now + REFUND_LEASE).returning(move |payment, _, _| {
            Ok(Some(Refund {
                payment_id: payment.clone(),
                store_id: StoreId::trusted("STR_1".into()),
                portone_store_id: "then".into(),
                reason: RefundReason::Late,
                attempts,
                key_generation: 3,
                look_first: attempts > 1,
            }))
        });
        stores.expect_payment().returning(|_| {
            let ids = PortOneIds { store_id: "now".into(), channel_id: "c".into() };
            Ok(Some(PortOneAccount { ids, secret: secrecy::SecretString::from("x") }))
        });
        let mut looks = looks.into_iter();
        payments.expect_get().times(looks.len()).returning(move |account, _, _| {
            assert_eq!(account.ids.store_id, "then");
            looks.next().unwrap()
        });
        payments
            .expect_cancel()
            .times(usize::from(answer.is_some()))
            .withf(|_, _, reason, key| reason == "결제 시간 초과" && key == "refund-PAY1-3")
            .returning(move |_, _, _, _| answer.clone().unwrap());
        let (sender, receiver) = std::sync::mpsc::channel();
        refunds.expect_record().times(1).returning(move |_, attempt, _, _| {
            sender.send((attempt.new_key, attempt.amount)).unwrap();
            Ok(())
        });
        let service = RefundService::new(Arc::new(refunds), Arc::new(stores), Arc::new(payments), Arc::new(Noon), Arc::new(Never));
        let state = service.attempt(&PaymentId::trusted("PAY1".into()), &Actor::job("test")).await.unwrap().unwrap();
        let (new_key, amount) = receiver.recv().unwrap();
        (state, new_key, amount)
    }

    #[tokio::test]
    async fn each_answer_leads_to_one_state_and_perhaps_to_another_key() {
        use CancelAnswer as A;
        use RefundState as S;
        for (answer, state, new_key, amount) in [
            (A::Succeeded(7_000), S::Succeeded, false, Some(7_000)),
            (A::Requested, S::Processing, true, None),
            (A::Outstanding, S::Unknown, false, None),
            (A::Unknown("timeout".into()), S::Unknown, false, None),
            (A::Failed("no".into()), S::Failed, true, None),
        ] {
            assert_eq!(attempt(1, vec![], Some(answer.clone())).await, (state, new_key, amount), "{answer:?}");
        }
        // Said to be cancelled: the books decide.
        let already = || Some(A::AlreadyCancelled);
        assert_eq!(attempt(1, vec![Ok(PaymentTruth::Cancelled(7_000))], already()).await, (S::Succeeded, false, Some(7_000)));
        assert_eq!(attempt(1, vec![Ok(paid(false))], already()).await, (S::Unknown, false, None));
    }

    #[tokio::test]
    async fn whoever_tries_again_looks_first() {
        use RefundState as S;
        // Done, taken, or not to be seen: nothing is asked.
        for (look, state, new_key) in [
            (Ok(PaymentTruth::Cancelled(7_000)), S::Succeeded, false),
            (Ok(paid(true)), S::Processing, false),
            (Err(Error::unavailable("portone", "x")), S::Unknown, false),
            (Ok(PaymentTruth::Unknown), S::Failed, true),
            (Ok(PaymentTruth::NotPaid), S::Failed, true),
            (Ok(PaymentTruth::Failed), S::Failed, true),
        ] {
            let (is, key, _) = attempt(2, vec![look], None).await;
            assert_eq!((is, key), (state, new_key));
        }
        // The money is there, and nobody is at it: with the same key, until that has led nowhere often enough.
        for (attempts, new_key) in [(2, false), (3, false), (4, true), (5, false), (8, true)] {
            let unknown = Some(CancelAnswer::Unknown("timeout".into()));
            assert_eq!(attempt(attempts, vec![Ok(paid(false))], unknown).await, (S::Unknown, new_key, None), "{attempts}");
        }
        // A request that is still running is waited for with its key, however long.
        assert_eq!(attempt(4, vec![Ok(paid(false))], Some(CancelAnswer::Outstanding)).await, (S::Unknown, false, None));
    }

    fn payment() -> PaymentId {
        PaymentId::trusted("PAY1".into())
    }

    fn over(refunds: MockRefunds, stores: MockStores, payments: MockPayments) -> RefundService {
        RefundService::new(Arc::new(refunds), Arc::new(stores), Arc::new(payments), Arc::new(Noon), Arc::new(Never))
    }

    fn only(refunds: MockRefunds) -> RefundService {
        over(refunds, MockStores::new(), MockPayments::new())
    }

    #[tokio::test]
    async fn what_the_jobs_and_the_operator_ask_is_of_now() {
        let (mut refunds, noon) = (MockRefunds::new(), Noon.now());
        refunds
            .expect_due()
            .withf(move |now, limit, of_a_store| (*now, *limit, *of_a_store) == (noon, 9, 3))
            .returning(|_, _, _| Ok(vec![payment()]));
        refunds.expect_open().withf(|limit| *limit == 9).returning(|_| Ok(vec![open()]));
        refunds.expect_count().returning(move || Ok(vec![(RefundState::Failed, 2, noon - Duration::minutes(3))]));
        refunds.expect_reason().returning(|_| Ok(Some(RefundReason::Late)));
        let service = only(refunds);
        assert_eq!(service.due(9, 3).await.unwrap(), [payment()]);
        assert_eq!(service.open(9).await.unwrap(), [open()]);
        assert_eq!(service.count().await.unwrap(), [(RefundState::Failed, 2, Duration::minutes(3))]);
        assert_eq!(service.reason(&payment()).await.unwrap(), Some(RefundReason::Late));
        for changed in [true, false] {
            let mut refunds = MockRefunds::new();
            refunds.expect_expedite().withf(move |_, now| *now == noon).returning(move |_, _| Ok(changed));
            refunds.expect_reopen().withf(move |_, now, _| *now == noon).returning(move |_, _, _| Ok(changed));
            let service = only(refunds);
            assert_eq!(service.expedite(&payment()).await.unwrap(), changed);
            assert_eq!(service.reopen(&payment(), &Actor::operator()).await.unwrap(), changed);
        }
    }

    fn open() -> OpenRefund {
        OpenRefund {
            payment_id: payment(),
            store_id: StoreId::trusted("STR_1".into()),
            reason: RefundReason::Late,
            state: RefundState::Failed,
            attempts: 1,
            requested_at: Noon.now(),
            next_attempt_at: None,
            last_answer: None,
        }
    }

    fn claimed() -> Refund {
        Refund {
            payment_id: payment(),
            store_id: StoreId::trusted("STR_1".into()),
            portone_store_id: "then".into(),
            reason: RefundReason::Late,
            attempts: 1,
            key_generation: 1,
            look_first: false,
        }
    }

    #[tokio::test]
    async fn nothing_is_asked_of_a_refund_that_another_has() {
        let mut refunds = MockRefunds::new();
        refunds.expect_claim().times(2).returning(|_, _, _| Ok(None));
        let service = only(refunds);
        assert_eq!(service.attempt(&payment(), &Actor::job("test")).await.unwrap(), None);
        assert_eq!(service.attempt_now(&[payment()], &Actor::job("test")).await, 0);
    }

    #[tokio::test]
    async fn a_store_whose_account_is_not_there_or_not_to_be_read_is_tried_again() {
        for (account, state) in [(Ok(None), RefundState::Failed), (Err(Error::unavailable("postgres", "x")), RefundState::Unknown)] {
            let (mut refunds, mut stores) = (MockRefunds::new(), MockStores::new());
            refunds.expect_claim().return_once(|_, _, _| Ok(Some(claimed())));
            stores.expect_payment().return_once(|_| account);
            // The first pause of "PAY1".
            refunds
                .expect_record()
                .times(1)
                .withf(move |_, attempt, now, _| {
                    (attempt.state, attempt.next_at, *now) == (state, Noon.now() + Duration::milliseconds(5_664), Noon.now())
                })
                .returning(|_, _, _, _| Ok(()));
            let service = over(refunds, stores, MockPayments::new());
            assert_eq!(service.attempt(&payment(), &Actor::job("test")).await.unwrap(), Some(state));
        }
    }

    /// Whether the money is back when the answer leaves; `claims`: what each attempt finds to do.
    async fn finish_now(is_open: bool, answer: Option<CancelAnswer>) -> bool {
        let (mut refunds, mut stores, mut payments) = (MockRefunds::new(), MockStores::new(), MockPayments::new());
        refunds.expect_expedite().times(1).returning(move |_, _| Ok(is_open));
        refunds.expect_claim().times(usize::from(answer.is_some())).returning(|_, _, _| Ok(Some(claimed())));
        refunds.expect_record().returning(|_, _, _, _| Ok(()));
        let ids = PortOneIds { store_id: "now".into(), channel_id: "c".into() };
        stores.expect_payment().return_once(|_| Ok(Some(PortOneAccount { ids, secret: secrecy::SecretString::from("x") })));
        payments.expect_cancel().return_once(|_, _, _, _| answer.unwrap());
        over(refunds, stores, payments).finish_now(&payment(), &Actor::job("test")).await.unwrap()
    }

    #[tokio::test]
    async fn a_refund_is_finished_now_where_it_is_done_or_portone_does_it() {
        assert!(finish_now(false, None).await);
        assert!(finish_now(true, Some(CancelAnswer::Succeeded(7_000))).await);
        assert!(!finish_now(true, Some(CancelAnswer::Requested)).await);
    }

    #[test]
    fn a_pause_is_up_to_a_quarter_longer_by_the_ids_last_letter() {
        let pause = |attempts, id| backoff(attempts, id).num_milliseconds();
        assert_eq!([pause(1, "PAY0"), pause(1, "PAY1"), pause(2, "PAY0")], [5_625, 5_664, 11_250]);
        assert_eq!([pause(0, "PAY0"), pause(1, "PAYO")], [5_625, 5_585]);
    }

    #[test]
    fn attempts_become_rarer_until_one_an_hour() {
        let seconds = |attempts| backoff(attempts, "PAY0").num_seconds();
        assert!((5..=6).contains(&seconds(1)) && (10..=12).contains(&seconds(2)) && (20..=25).contains(&seconds(3)));
        for attempts in [11, 100, i32::MAX] {
            assert!((3_600..=4_500).contains(&seconds(attempts)), "{}", seconds(attempts));
        }
    }
}
