//! One use case for everybody who learns of a payment: ask PortOne for the truth, then exactly one of order, nothing
//! yet, refund. The same answer however often, and from wherever at once: each step is a conditional statement.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    model::{
        audit::Actor,
        hold::{Hold, HoldEnd, HoldState, OrderOutcome},
        payment::{JOB_PATIENCE, PaymentTruth, Resolution, matches},
        refund::RefundReason,
    },
    ports::{Holds, Payments},
    refund::RefundService,
};
use crate::{
    shared::{Clock, Error, PaymentId, Result, kst},
    stores::{PortOneAccount, ports::Stores},
};

/// Brings our books in line with PortOne's word.
pub struct ResolveService {
    holds: Arc<dyn Holds>,
    stores: Arc<dyn Stores>,
    payments: Arc<dyn Payments>,
    refunds: Arc<RefundService>,
    clock: Arc<dyn Clock>,
}

impl ResolveService {
    /// Builds the use cases on their ports.
    pub fn new(
        holds: Arc<dyn Holds>,
        stores: Arc<dyn Stores>,
        payments: Arc<dyn Payments>,
        refunds: Arc<RefundService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { holds, stores, payments, refunds, clock }
    }

    /// Settles a payment by PortOne's word, given within `within`.
    ///
    /// # Errors
    /// Unavailable, where PortOne or our database does not answer; then nothing has changed.
    pub async fn resolve(&self, hold: &Hold, actor: &Actor, within: Duration) -> Result<Resolution> {
        match hold.state {
            HoldState::Ordered => return Ok(Resolution::Ordered),
            HoldState::Refunded(reason) => return Ok(Resolution::Refunded(reason)),
            HoldState::Held | HoldState::Released(_) => {}
        }
        match self.truth(hold, within).await? {
            PaymentTruth::Unknown | PaymentTruth::NotPaid => Ok(match hold.state {
                HoldState::Released(HoldEnd::Failed) => Resolution::Failed,
                _ => Resolution::NotPaid,
            }),
            PaymentTruth::Failed | PaymentTruth::Cancelled(_) => {
                self.holds.release(&hold.payment_id, HoldEnd::Failed, self.clock.now(), actor).await?;
                Ok(Resolution::Failed)
            }
            PaymentTruth::Paid(paid) if matches(hold, &paid) => self.order(hold, actor).await,
            PaymentTruth::Paid(paid) => {
                tracing::error!(payment = %hold.payment_id, ?paid, expected = hold.total_amount.0, "a payment does not match its hold; it is refunded");
                self.refund(hold, RefundReason::Mismatch, actor).await
            }
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
    pub(super) async fn truth(&self, hold: &Hold, within: Duration) -> Result<PaymentTruth> {
        self.payments.get(&self.account(hold).await?, &hold.payment_id, within).await
    }

    async fn order(&self, hold: &Hold, actor: &Actor) -> Result<Resolution> {
        let now = self.clock.now();
        let open = match self.holds.offer(&hold.product_id, &hold.customer, kst::weekday(now)).await? {
            // The day has rolled_over: the stock held is of a day that is over.
            _ if kst::business_day(now) != hold.business_day => false,
            Some(offer) => offer.check_open(now).is_ok(),
            None => false,
        };
        if !open {
            return self.refund(hold, RefundReason::StoreClosed, actor).await;
        }
        match self.holds.order(&hold.payment_id, now, actor).await? {
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

    /// A hold whose time is over, or a payment watched after it: PortOne is asked once. Whatever it says, the stock does
    /// not stay held; `true` where it went back now.
    ///
    /// # Errors
    /// Unavailable, where our database does not answer.
    pub async fn expire(&self, payment: &PaymentId, actor: &Actor) -> Result<bool> {
        let Some(hold) = self.holds.find(payment).await? else { return Ok(false) };
        let resolution = self.resolve(&hold, actor, JOB_PATIENCE).await;
        let now = self.clock.now();
        match &resolution {
            Ok(Resolution::Ordered | Resolution::Refunded(_)) => return Ok(false),
            Ok(Resolution::NotPaid | Resolution::Failed) => {}
            Err(e) => tracing::warn!(%payment, error = %e, "PortOne did not answer about an expired hold; the payment stays watched"),
        }
        let released = hold.state == HoldState::Held && self.holds.release(payment, HoldEnd::Expired, now, actor).await?;
        self.holds.watch(payment, next_look(&hold, now)).await?;
        Ok(released)
    }

    /// Payments to be resolved because of the clock, up to `limit`.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn due(&self, limit: i64) -> Result<Vec<PaymentId>> {
        self.holds.due(self.clock.now(), limit).await
    }
}

/// A payment is watched for a day after its hold: each look is as far away as the hold's end lies back, one minute at least.
fn next_look(hold: &Hold, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let since = (now - hold.expires_at).max(chrono::Duration::minutes(1));
    (since < chrono::Duration::hours(24)).then(|| now + since)
}
