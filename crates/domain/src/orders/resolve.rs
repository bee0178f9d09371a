//! One use case for everybody who learns of a payment: ask PortOne for the truth, then exactly one of order, nothing
//! yet, failed, refund. The same answer however often, and from wherever at once: each step is a conditional statement.

use std::{sync::Arc, time::Duration};

use super::{
    model::{
        audit::Actor,
        hold::{Hold, HoldEnd, HoldState, OrderOutcome, PricePaid},
        payment::{Asker, JOB_PATIENCE, PERSON_PATIENCE, PaymentTruth, Resolution, next_look, price_paid},
        refund::RefundReason,
        turns::Turns,
    },
    ports::{Holds, Payments},
    refund::RefundService,
};
use crate::{
    shared::{Clock, Error, PaymentId, Result, Timer, kst},
    stores::{PortOneAccount, ports::Stores},
};

/// Brings our books in line with PortOne's word.
pub struct ResolveService {
    holds: Arc<dyn Holds>,
    stores: Arc<dyn Stores>,
    payments: Arc<dyn Payments>,
    refunds: Arc<RefundService>,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
    turns: Turns,
}

impl ResolveService {
    /// Builds the use cases on their ports.
    pub fn new(
        holds: Arc<dyn Holds>,
        stores: Arc<dyn Stores>,
        payments: Arc<dyn Payments>,
        refunds: Arc<RefundService>,
        clock: Arc<dyn Clock>,
        timer: Arc<dyn Timer>,
    ) -> Self {
        Self { holds, stores, payments, refunds, clock, timer, turns: Turns::default() }
    }

    /// Resolves a payment by PortOne's word.
    ///
    /// # Errors
    /// Unavailable, where PortOne or our database does not answer, or a job has no turn; then nothing has changed.
    pub async fn resolve(&self, hold: &Hold, actor: &Actor, asker: Asker) -> Result<Resolution> {
        if let Some(resolution) = decided(hold.state) {
            return Ok(resolution);
        }
        let truth = self.truth(hold, asker).await?;
        if let (HoldState::Released(_), PaymentTruth::Pending { .. }) = (hold.state, &truth) {
            // Perhaps nobody watches it any more: the window was opened, or an account given, long after the hold.
            self.holds.watch(&hold.payment_id, next_look(hold, Some(&truth), self.clock.now())).await?;
        }
        self.settle(hold, truth, actor).await
    }

    /// Resolves a payment whose hold is not decided, by PortOne's word.
    ///
    /// # Errors
    /// Unavailable, where our database does not answer; then nothing has changed.
    pub(super) async fn settle(&self, hold: &Hold, truth: PaymentTruth, actor: &Actor) -> Result<Resolution> {
        match truth {
            PaymentTruth::Unknown | PaymentTruth::NotPaid | PaymentTruth::Pending { .. } => Ok(match hold.state {
                HoldState::Released(HoldEnd::Failed) => Resolution::Failed,
                _ => Resolution::NotPaid,
            }),
            PaymentTruth::Failed | PaymentTruth::Cancelled(_) => {
                if self.holds.release(&hold.payment_id, HoldEnd::Failed, self.clock.now(), actor).await? {
                    return Ok(Resolution::Failed);
                }
                // Released before, or another attempt was paid and somebody else has learnt of it.
                let now = self.holds.find(&hold.payment_id).await?;
                Ok(now.and_then(|now| decided(now.state)).unwrap_or(Resolution::Failed))
            }
            PaymentTruth::Paid(paid) => match price_paid(hold, &paid) {
                Some(price) => self.order(hold, &price, actor).await,
                None => {
                    tracing::error!(payment = %hold.payment_id, ?paid, expected = hold.total_amount.0, "a payment does not match its hold; it is refunded");
                    self.refund(hold, RefundReason::Mismatch, actor).await
                }
            },
        }
    }

    /// The channel over which a hold's payment goes.
    pub(super) async fn channel(&self, hold: &Hold) -> Result<String> {
        Ok(self.account(hold).await?.ids.channel_id)
    }

    async fn account(&self, hold: &Hold) -> Result<PortOneAccount> {
        let account = self.stores.payment(&hold.store_id).await?.ok_or_else(|| Error::internal("a held store has no payment account"))?;
        Ok(account.of_store(&hold.portone_store_id))
    }

    /// What PortOne says of a payment, of the store that it was to be paid to: the seller may have named another one since.
    pub(super) async fn truth(&self, hold: &Hold, asker: Asker) -> Result<PaymentTruth> {
        let account = self.account(hold).await?;
        let within = match asker {
            Asker::Person => PERSON_PATIENCE,
            Asker::Job => JOB_PATIENCE - self.turn(&account).await?,
        };
        self.payments.get(&account, &hold.payment_id, within).await
    }

    /// Waits until a job may ask PortOne about this store; gives the time it took, two seconds at most.
    ///
    /// # Errors
    /// Unavailable, at once: so many wait for a turn of this store that the next one would come too late.
    pub(super) async fn turn(&self, account: &PortOneAccount) -> Result<Duration> {
        let wait = self.turns.take(&account.ids.store_id, self.timer.instant());
        let wait = wait.ok_or_else(|| Error::unavailable("portone", "too many questions about this PortOne store wait for their turn"))?;
        if !wait.is_zero() {
            self.timer.sleep(wait).await;
        }
        Ok(wait)
    }

    async fn order(&self, hold: &Hold, paid: &PricePaid, actor: &Actor) -> Result<Resolution> {
        let now = self.clock.now();
        let open = match self.holds.offer(&hold.product_id, &hold.customer, kst::weekday(now), now).await? {
            // The day has ended: the stock held is of a day that is over.
            _ if kst::business_day(now) != hold.business_day => false,
            Some(offer) => offer.check_open(now).is_ok(),
            None => false,
        };
        if !open {
            return self.refund(hold, RefundReason::StoreClosed, actor).await;
        }
        match self.holds.order(&hold.payment_id, paid, now, actor).await? {
            OrderOutcome::Made | OrderOutcome::WasThere => Ok(Resolution::Ordered),
            OrderOutcome::NoStock => self.refund(hold, RefundReason::Late, actor).await,
            OrderOutcome::StoreClosed => self.refund(hold, RefundReason::StoreClosed, actor).await,
            OrderOutcome::Refunded(reason) => Ok(Resolution::Refunded(reason)),
        }
    }

    /// Commits stock and intent, then tries at once; what is not done in time the jobs go on with.
    async fn refund(&self, hold: &Hold, reason: RefundReason, actor: &Actor) -> Result<Resolution> {
        let resolution = match self.holds.refund(&hold.payment_id, reason, self.clock.now(), actor).await? {
            HoldState::Ordered => return Ok(Resolution::Ordered),
            HoldState::Refunded(reason) => Resolution::Refunded(reason),
            HoldState::Held | HoldState::Released(_) => return Err(Error::internal("a refund left the hold as it was")),
        };
        self.refunds.attempt_now(std::slice::from_ref(&hold.payment_id), actor).await;
        Ok(resolution)
    }

    /// A hold whose time is over, or a payment watched after it: PortOne is asked once. Whatever it says, and also where its store has
    /// no turn for the question, the stock does not stay held; `true` where it went back now.
    ///
    /// # Errors
    /// Unavailable, where our database does not answer.
    pub async fn expire(&self, payment: &PaymentId, actor: &Actor) -> Result<bool> {
        let Some(hold) = self.holds.find(payment).await?.filter(|hold| decided(hold.state).is_none()) else { return Ok(false) };
        let truth = self.truth(&hold, Asker::Job).await;
        let next = next_look(&hold, truth.as_ref().ok(), self.clock.now());
        let resolution = match truth {
            Ok(truth) => self.settle(&hold, truth, actor).await,
            Err(e) => Err(e),
        };
        match resolution {
            Ok(Resolution::Ordered | Resolution::Refunded(_)) => return Ok(false),
            Ok(Resolution::NotPaid | Resolution::Failed) => {}
            Err(e) => tracing::warn!(%payment, error = %e, "PortOne did not answer about an expired hold; the payment stays watched"),
        }
        let released = hold.state == HoldState::Held && self.holds.release(payment, HoldEnd::Expired, self.clock.now(), actor).await?;
        self.holds.watch(payment, next).await?;
        Ok(released)
    }

    /// Payments to be resolved because of the clock: holds whose time is over, up to `ended`, then watched payments, up to `watched`.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn due(&self, ended: i64, watched: i64) -> Result<Vec<PaymentId>> {
        self.holds.due(self.clock.now(), ended, watched).await
    }
}

/// What a payment has come to for good.
fn decided(state: HoldState) -> Option<Resolution> {
    match state {
        HoldState::Ordered => Some(Resolution::Ordered),
        HoldState::Refunded(reason) => Some(Resolution::Refunded(reason)),
        HoldState::Held | HoldState::Released(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        orders::{
            model::{hold::Offer, payment::Paid},
            ports::MockHolds,
            testing::{hold, offer, paid, resolving},
        },
        shared::{Quantity, Sale, Won, testing::Noon},
    };

    fn actor() -> Actor {
        Actor::job("test")
    }

    async fn resolve(holds: MockHolds, hold: &Hold, truth: PaymentTruth, refunds: usize) -> Resolution {
        resolving(Arc::new(holds), Some(Ok(truth)), refunds).resolve(hold, &actor(), Asker::Job).await.unwrap()
    }

    /// Holds over an offer, where an order may be made with this outcome.
    fn selling(offer: Option<Offer>, outcome: Option<OrderOutcome>) -> MockHolds {
        let mut holds = MockHolds::new();
        holds.expect_offer().returning(move |_, _, _, _| Ok(offer.clone()));
        holds.expect_order().times(usize::from(outcome.is_some())).returning(move |_, _, _, _| Ok(outcome.unwrap()));
        holds
    }

    /// The same, and exactly one refund for this reason.
    fn refunding(mut holds: MockHolds, reason: RefundReason) -> MockHolds {
        holds.expect_refund().times(1).withf(move |_, why, _, _| *why == reason).returning(|_, why, _, _| Ok(HoldState::Refunded(why)));
        holds
    }

    #[tokio::test]
    async fn what_is_decided_stays_decided_and_portone_is_not_asked() {
        for (state, resolution) in
            [(HoldState::Ordered, Resolution::Ordered), (HoldState::Refunded(RefundReason::Late), Resolution::Refunded(RefundReason::Late))]
        {
            let service = resolving(Arc::new(MockHolds::new()), None, 0);
            assert_eq!(service.resolve(&hold(state), &actor(), Asker::Job).await.unwrap(), resolution);
        }
    }

    #[tokio::test]
    async fn an_unpaid_payment_changes_nothing() {
        for truth in [PaymentTruth::Unknown, PaymentTruth::NotPaid] {
            for (state, resolution) in [
                (HoldState::Held, Resolution::NotPaid),
                (HoldState::Released(HoldEnd::Expired), Resolution::NotPaid),
                (HoldState::Released(HoldEnd::Failed), Resolution::Failed),
            ] {
                assert_eq!(resolve(MockHolds::new(), &hold(state), truth.clone(), 0).await, resolution);
            }
        }
    }

    #[tokio::test]
    async fn a_failed_or_canceled_payment_releases_the_stock() {
        for truth in [PaymentTruth::Failed, PaymentTruth::Cancelled(7_000)] {
            let mut holds = MockHolds::new();
            holds.expect_release().times(1).withf(|_, end, _, _| *end == HoldEnd::Failed).returning(|_, _, _, _| Ok(true));
            assert_eq!(resolve(holds, &hold(HoldState::Held), truth, 0).await, Resolution::Failed);
        }
    }

    #[tokio::test]
    async fn a_failed_attempt_beside_one_that_was_paid_meanwhile_is_an_order() {
        for (now, resolution) in [
            (HoldState::Ordered, Resolution::Ordered),
            (HoldState::Refunded(RefundReason::Late), Resolution::Refunded(RefundReason::Late)),
            (HoldState::Released(HoldEnd::Expired), Resolution::Failed),
        ] {
            let mut holds = MockHolds::new();
            holds.expect_release().times(1).returning(|_, _, _, _| Ok(false));
            holds.expect_find().times(1).returning(move |_| Ok(Some(hold(now))));
            assert_eq!(resolve(holds, &hold(HoldState::Held), PaymentTruth::Failed, 0).await, resolution);
        }
    }

    #[tokio::test]
    async fn whoever_learns_that_money_can_still_come_has_the_payment_watched() {
        let until = Some(Noon.now() + chrono::Duration::days(30));
        let long_ago = Hold { expires_at: ended(100), ..hold(HoldState::Released(HoldEnd::Expired)) };
        let mut holds = MockHolds::new();
        let next = Some(Noon.now() + chrono::Duration::hours(6));
        holds.expect_watch().times(1).withf(move |_, at| *at == next).returning(|_, _| Ok(()));
        assert_eq!(resolve(holds, &long_ago, PaymentTruth::Pending { until }, 0).await, Resolution::NotPaid);
        // A hold that stands is looked at when it ends: the mock panics if it is watched.
        assert_eq!(resolve(MockHolds::new(), &hold(HoldState::Held), PaymentTruth::Pending { until }, 0).await, Resolution::NotPaid);
    }

    #[tokio::test]
    async fn money_that_matches_becomes_an_order_once() {
        for outcome in [OrderOutcome::Made, OrderOutcome::WasThere] {
            for state in [HoldState::Held, HoldState::Released(HoldEnd::Expired)] {
                let resolution = resolve(selling(Some(offer()), Some(outcome)), &hold(state), PaymentTruth::Paid(paid()), 0).await;
                assert_eq!(resolution, Resolution::Ordered);
            }
        }
    }

    #[tokio::test]
    async fn money_that_does_not_match_goes_back() {
        for wrong in [
            Paid { total: 6_999, ..paid() },
            Paid { total: 7_001, ..paid() },
            Paid { currency: "USD".into(), ..paid() },
            Paid { store_id: "now".into(), ..paid() },
            Paid { cancelled: 1, ..paid() },
        ] {
            let holds = refunding(MockHolds::new(), RefundReason::Mismatch);
            let resolution = resolve(holds, &hold(HoldState::Held), PaymentTruth::Paid(wrong), 1).await;
            assert_eq!(resolution, Resolution::Refunded(RefundReason::Mismatch));
        }
    }

    #[tokio::test]
    async fn money_at_a_price_that_the_customer_may_have_seen_becomes_an_order_at_that_price() {
        let seen = Hold {
            quantity: Quantity::parse(2).unwrap(),
            total_amount: Won(14_000),
            seen_prices: vec![(Won(8_000), Sale::NONE)],
            ..hold(HoldState::Held)
        };
        for (total, price, sale) in [(14_000, 10_000, 30), (16_000, 8_000, 0)] {
            let mut holds = MockHolds::new();
            holds.expect_offer().returning(|_, _, _, _| Ok(Some(offer())));
            let right = PricePaid { price: Won(price), sale: Sale::parse(sale).unwrap(), total_amount: Won(total) };
            holds.expect_order().times(1).withf(move |_, paid, _, _| *paid == right).returning(|_, _, _, _| Ok(OrderOutcome::Made));
            assert_eq!(resolve(holds, &seen, PaymentTruth::Paid(Paid { total, ..paid() }), 0).await, Resolution::Ordered);
        }
        for wrong in [
            Paid { total: 8_000, ..paid() },
            Paid { total: 16_000, cancelled: 1, ..paid() },
            Paid { total: 16_000, currency: "USD".into(), ..paid() },
        ] {
            let resolution = resolve(refunding(MockHolds::new(), RefundReason::Mismatch), &seen, PaymentTruth::Paid(wrong), 1).await;
            assert_eq!(resolution, Resolution::Refunded(RefundReason::Mismatch));
        }
    }

    #[tokio::test]
    async fn money_for_a_store_that_stopped_selling_goes_back() {
        let mut closed = offer();
        closed.calendar.suspended = true;
        let yesterdays = Hold { business_day: hold(HoldState::Held).business_day.pred_opt().unwrap(), ..hold(HoldState::Held) };
        for (offered, hold) in [(Some(closed), hold(HoldState::Held)), (None, hold(HoldState::Held)), (Some(offer()), yesterdays)] {
            let holds = refunding(selling(offered, None), RefundReason::StoreClosed);
            let resolution = resolve(holds, &hold, PaymentTruth::Paid(paid()), 1).await;
            assert_eq!(resolution, Resolution::Refunded(RefundReason::StoreClosed));
        }
    }

    #[tokio::test]
    async fn money_that_comes_too_late_for_the_stock_goes_back() {
        for (outcome, reason) in [(OrderOutcome::NoStock, RefundReason::Late), (OrderOutcome::StoreClosed, RefundReason::StoreClosed)] {
            let holds = refunding(selling(Some(offer()), Some(outcome)), reason);
            let late = hold(HoldState::Released(HoldEnd::Expired));
            assert_eq!(resolve(holds, &late, PaymentTruth::Paid(paid()), 1).await, Resolution::Refunded(reason));
        }
    }

    #[tokio::test]
    async fn whoever_comes_second_gets_the_answer_of_the_first() {
        // Another caller refunded it between our question and our statement, or made the order.
        let refunded = OrderOutcome::Refunded(RefundReason::Mismatch);
        let resolution = resolve(selling(Some(offer()), Some(refunded)), &hold(HoldState::Held), PaymentTruth::Paid(paid()), 0).await;
        assert_eq!(resolution, Resolution::Refunded(RefundReason::Mismatch));
        let mut holds = selling(None, None);
        holds.expect_refund().times(1).returning(|_, _, _, _| Ok(HoldState::Ordered));
        assert_eq!(resolve(holds, &hold(HoldState::Held), PaymentTruth::Paid(paid()), 0).await, Resolution::Ordered);
    }

    /// The end of the hold's time: `released` says whether the stock must go back, `next` when the payment is looked at again.
    async fn expire(hold: Hold, truth: Option<Result<PaymentTruth>>, released: bool, next: Option<DateTime<Utc>>) -> bool {
        let mut holds = MockHolds::new();
        let payment = hold.payment_id.clone();
        holds.expect_find().returning(move |_| Ok(Some(hold.clone())));
        holds.expect_release().times(usize::from(released)).withf(|_, end, _, _| *end == HoldEnd::Expired).returning(|_, _, _, _| Ok(true));
        holds.expect_watch().times(1).withf(move |_, at| *at == next).returning(|_, _| Ok(()));
        resolving(Arc::new(holds), truth, 0).expire(&payment, &actor()).await.unwrap()
    }

    fn ended(hours_ago: i64) -> DateTime<Utc> {
        Noon.now() - chrono::Duration::hours(hours_ago)
    }

    #[tokio::test]
    async fn an_expired_hold_releases_its_stock_whatever_portone_says() {
        let soon = Some(Noon.now() + chrono::Duration::minutes(1));
        let over = || Hold { expires_at: Noon.now(), ..hold(HoldState::Held) };
        assert!(expire(over(), Some(Ok(PaymentTruth::NotPaid)), true, soon).await);
        assert!(expire(over(), Some(Err(Error::unavailable("portone", "x"))), true, soon).await);
    }

    fn released(hours_ago: i64) -> Hold {
        Hold { expires_at: ended(hours_ago), ..hold(HoldState::Released(HoldEnd::Expired)) }
    }

    #[tokio::test]
    async fn a_released_payment_is_watched_ever_more_rarely_for_a_day() {
        for truth in [PaymentTruth::NotPaid, PaymentTruth::Unknown] {
            for (hours, pause) in [(1, 1), (5, 5), (6, 6), (23, 6)] {
                let next = Some(Noon.now() + chrono::Duration::hours(pause));
                assert!(!expire(released(hours), Some(Ok(truth.clone())), false, next).await);
            }
            assert!(!expire(released(24), Some(Ok(truth)), false, None).await);
        }
    }

    /// The customer has left (or begun anew), and a minute later no window had been opened: PortOne has nothing that can become money.
    #[tokio::test]
    async fn a_payment_whose_window_was_never_opened_is_looked_at_once_more() {
        let left = || Hold { expires_at: ended(0), ..hold(HoldState::Released(HoldEnd::Abandoned)) };
        assert!(!expire(left(), Some(Ok(PaymentTruth::Unknown)), false, None).await);
        // A window that was opened, and one that nobody knows of, can still take money.
        let soon = Some(Noon.now() + chrono::Duration::minutes(1));
        for truth in [Ok(PaymentTruth::NotPaid), Ok(PaymentTruth::Pending { until: None }), Err(Error::unavailable("portone", "no answer"))]
        {
            assert!(!expire(left(), Some(truth), false, soon).await);
        }
        // Nobody has left this one: its page may still be open.
        assert!(!expire(released(0), Some(Ok(PaymentTruth::Unknown)), false, soon).await);
    }

    /// The service, with no turn of the PortOne store left.
    fn without_turns(holds: MockHolds, truth: Option<Result<PaymentTruth>>) -> ResolveService {
        let service = resolving(Arc::new(holds), truth, 0);
        service.turns.take("then", service.timer.instant() + Duration::from_secs(3_600)).unwrap();
        service
    }

    #[tokio::test]
    async fn without_a_turn_of_the_portone_store_stock_is_released_unasked_and_the_payment_watched() {
        let mut holds = MockHolds::new();
        let over = || Hold { expires_at: Noon.now(), ..hold(HoldState::Held) };
        holds.expect_find().returning(move |_| Ok(Some(over())));
        holds.expect_release().times(1).returning(|_, _, _, _| Ok(true));
        let soon = Some(Noon.now() + chrono::Duration::minutes(1));
        holds.expect_watch().times(1).withf(move |_, at| *at == soon).returning(|_, _| Ok(()));
        assert!(without_turns(holds, None).expire(&over().payment_id, &actor()).await.unwrap());
    }

    #[tokio::test]
    async fn a_person_needs_no_turn_and_a_job_is_told_to_come_again() {
        let person = without_turns(MockHolds::new(), Some(Ok(PaymentTruth::NotPaid)));
        assert_eq!(person.resolve(&hold(HoldState::Held), &actor(), Asker::Person).await.unwrap(), Resolution::NotPaid);
        let refused = without_turns(MockHolds::new(), None).resolve(&hold(HoldState::Held), &actor(), Asker::Job).await.unwrap_err();
        assert_eq!(refused.kind(), crate::shared::ErrorKind::Unavailable);
    }

    #[tokio::test]
    async fn a_payment_is_watched_for_as_long_as_portone_can_take_the_money() {
        let later = Some(Noon.now() + chrono::Duration::hours(6));
        let pending =
            |hours: Option<i64>| Some(Ok(PaymentTruth::Pending { until: hours.map(|h| Noon.now() + chrono::Duration::hours(h)) }));
        for (since, truth, next) in [
            // An account: until its end, and a day for deposits that are told late.
            (70, pending(Some(98)), later),
            (70, pending(Some(-23)), later),
            (70, pending(Some(-24)), None),
            (2_000, pending(Some(1)), later),
            (12, pending(Some(-500)), later),
            // No end is known.
            (70, pending(None), later),
            (24 * 7 - 1, pending(None), later),
            (24 * 7, pending(None), None),
            // Nobody knows.
            (2_000, Some(Err(Error::unavailable("portone", "x"))), later),
        ] {
            assert!(!expire(released(since), truth, false, next).await, "{since}");
        }
    }

    #[tokio::test]
    async fn money_that_could_not_be_booked_stays_watched() {
        let mut holds = MockHolds::new();
        holds.expect_find().returning(|_| Ok(Some(released(70))));
        holds.expect_offer().returning(|_, _, _, _| Err(Error::internal("bad row")));
        holds.expect_watch().times(1).withf(|_, at| at.is_some()).returning(|_, _| Ok(()));
        let service = resolving(Arc::new(holds), Some(Ok(PaymentTruth::Paid(paid()))), 0);
        assert!(!service.expire(&released(70).payment_id, &actor()).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_due_is_due_now() {
        let mut holds = MockHolds::new();
        let payment = || hold(HoldState::Held).payment_id;
        let due = |now: &DateTime<Utc>, ended: &i64, watched: &i64| (*now, *ended, *watched) == (Noon.now(), 9, 3);
        holds.expect_due().withf(due).returning(move |_, _, _| Ok(vec![payment()]));
        assert_eq!(resolving(Arc::new(holds), None, 0).due(9, 3).await.unwrap(), [payment()]);
    }

    #[tokio::test]
    async fn a_payment_that_was_never_held_here_does_not_expire() {
        let mut holds = MockHolds::new();
        holds.expect_find().returning(|_| Ok(None));
        assert!(!resolving(Arc::new(holds), None, 0).expire(&hold(HoldState::Held).payment_id, &actor()).await.unwrap());
    }

    #[tokio::test]
    async fn a_refund_that_leaves_the_hold_as_it_was_is_a_defect() {
        for left in [HoldState::Held, HoldState::Released(HoldEnd::Expired)] {
            let mut holds = selling(None, None);
            holds.expect_refund().times(1).returning(move |_, _, _, _| Ok(left));
            let service = resolving(Arc::new(holds), Some(Ok(PaymentTruth::Paid(paid()))), 0);
            let failed = service.resolve(&hold(HoldState::Held), &actor(), Asker::Job).await.unwrap_err();
            assert_eq!(failed.kind(), crate::shared::ErrorKind::Internal);
        }
    }

    #[tokio::test]
    async fn what_became_an_order_or_a_refund_is_watched_no_more() {
        for state in [HoldState::Ordered, HoldState::Refunded(RefundReason::Late)] {
            let mut holds = MockHolds::new();
            holds.expect_find().returning(move |_| Ok(Some(hold(state))));
            // The mock panics if it is watched or released.
            assert!(!resolving(Arc::new(holds), None, 0).expire(&hold(state).payment_id, &actor()).await.unwrap());
        }
    }
}
