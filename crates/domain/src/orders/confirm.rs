//! Confirm (`payment/confirm`): the app says that the customer has paid; PortOne's word decides.

use super::{
    checkout::CheckoutService,
    error,
    model::{
        audit::Actor,
        hold::HoldState,
        payment::{Asker, Resolution},
        refund::RefundReason,
    },
};
use crate::shared::{Email, PaymentId, Result};

impl CheckoutService {
    /// The app says that the customer has paid.
    ///
    /// # Errors
    /// `payment_not_found`, `payment_not_paid`, `payment_failed`, `payment_mismatch`, `payment_store_closed`,
    /// `payment_expired`, Unavailable where PortOne does not answer.
    pub async fn confirm(&self, customer: &Email, payment: &PaymentId, actor: &Actor) -> Result<PaymentId> {
        let hold = self.own(customer, payment).await?;
        let payment_id = hold.payment_id.clone();
        match self.resolve.resolve(&hold, actor, Asker::Person).await? {
            Resolution::Ordered => Ok(payment_id),
            Resolution::NotPaid if self.clock.now() < hold.expires_at && hold.state == HoldState::Held => {
                Err(error::PAYMENT_NOT_PAID.into())
            }
            Resolution::NotPaid => Err(error::PAYMENT_EXPIRED.into()),
            Resolution::Failed => Err(error::PAYMENT_FAILED.into()),
            Resolution::Refunded(reason) => Err(match reason {
                RefundReason::Mismatch => error::PAYMENT_MISMATCH,
                RefundReason::StoreClosed => error::PAYMENT_STORE_CLOSED,
                // Those of a canceled order do not come here: its hold stays `Ordered`.
                _ => error::PAYMENT_EXPIRED,
            }
            .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        orders::{
            model::{
                hold::{Hold, HoldEnd},
                payment::PaymentTruth,
            },
            ports::MockHolds,
            testing::{hold, nothing_past, resolving},
        },
        shared::{
            Clock, Error, Refusal,
            testing::{Counter, Noon, email},
        },
    };

    async fn confirm(by: &str, hold: Option<Hold>, truth: Option<Result<PaymentTruth>>) -> Result<PaymentId> {
        let mut holds = MockHolds::new();
        holds.expect_find().returning(move |_| Ok(hold.clone()));
        holds.expect_release().returning(|_, _, _, _| Ok(true));
        let holds = Arc::new(holds);
        let service = CheckoutService::new(
            holds.clone(),
            Arc::new(resolving(holds, truth, 0)),
            nothing_past(),
            Arc::new(Noon),
            Arc::new(Counter::default()),
        );
        service.confirm(&email(by), &PaymentId::parse("PAY1").unwrap(), &Actor::job("test")).await
    }

    async fn refused(hold: Hold, truth: Option<PaymentTruth>) -> Refusal {
        match confirm("a@b", Some(hold), truth.map(Ok)).await {
            Err(Error::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn nobody_confirms_the_payment_of_another() {
        for (by, hold) in [("b@b", Some(hold(HoldState::Held))), ("a@b", None)] {
            assert!(confirm(by, hold, None).await.unwrap_err().is(&error::PAYMENT_NOT_FOUND));
        }
    }

    #[tokio::test]
    async fn what_is_an_order_already_is_confirmed_without_asking_portone() {
        assert_eq!(confirm("a@b", Some(hold(HoldState::Ordered)), None).await.unwrap().as_str(), "PAY1");
    }

    #[tokio::test]
    async fn an_unpaid_payment_may_still_be_paid_until_its_hold_ends() {
        assert_eq!(refused(hold(HoldState::Held), Some(PaymentTruth::NotPaid)).await, error::PAYMENT_NOT_PAID);
        let over = Hold { expires_at: Noon.now(), ..hold(HoldState::Held) };
        assert_eq!(refused(over, Some(PaymentTruth::NotPaid)).await, error::PAYMENT_EXPIRED);
        let released = hold(HoldState::Released(HoldEnd::Abandoned));
        assert_eq!(refused(released, Some(PaymentTruth::Unknown)).await, error::PAYMENT_EXPIRED);
    }

    #[tokio::test]
    async fn a_failed_payment_is_told_as_failed_also_later() {
        assert_eq!(refused(hold(HoldState::Held), Some(PaymentTruth::Failed)).await, error::PAYMENT_FAILED);
        let failed = hold(HoldState::Released(HoldEnd::Failed));
        assert_eq!(refused(failed, Some(PaymentTruth::NotPaid)).await, error::PAYMENT_FAILED);
    }

    #[tokio::test]
    async fn each_refund_says_why_there_is_no_order() {
        for (reason, refusal) in [
            (RefundReason::Mismatch, error::PAYMENT_MISMATCH),
            (RefundReason::StoreClosed, error::PAYMENT_STORE_CLOSED),
            (RefundReason::Late, error::PAYMENT_EXPIRED),
        ] {
            assert_eq!(refused(hold(HoldState::Refunded(reason)), None).await, refusal);
        }
    }

    #[tokio::test]
    async fn where_portone_does_not_answer_nothing_is_decided() {
        let outage = Some(Err(Error::unavailable("portone", "x")));
        let failed = confirm("a@b", Some(hold(HoldState::Held)), outage).await.unwrap_err();
        assert_eq!(failed.kind(), crate::shared::ErrorKind::Unavailable);
    }
}
