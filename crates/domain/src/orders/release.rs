//! Release (`DELETE payment/init`): the customer closed the payment window.

use super::{
    checkout::CheckoutService,
    error,
    model::{
        audit::Actor,
        hold::{HoldEnd, HoldState},
        payment::{Asker, Resolution},
    },
};
use crate::shared::{Email, PaymentId, Result};

impl CheckoutService {
    /// The customer does not pay. PortOne is asked first: what is paid becomes an order. Where PortOne does not answer the stock
    /// is released all the same, and the payment stays watched.
    ///
    /// # Errors
    /// - `payment_not_found`: there is no such payment, or it is somebody else's.
    /// - `already_ordered`: the payment has become an order.
    pub async fn release(&self, customer: &Email, payment: &PaymentId, actor: &Actor) -> Result<PaymentId> {
        let hold = self.own(customer, payment).await?;
        match self.resolve.resolve(&hold, actor, Asker::Person).await {
            Ok(Resolution::Ordered) => return Err(error::ALREADY_ORDERED.into()),
            Ok(Resolution::NotPaid) => {}
            Ok(Resolution::Failed | Resolution::Refunded(_)) => return Ok(hold.payment_id),
            Err(e) => {
                tracing::warn!(payment = %hold.payment_id, error = %e, "PortOne did not answer before a hold was released; the payment stays watched");
            }
        }
        let released = self.holds.release(&hold.payment_id, HoldEnd::Abandoned, self.clock.now(), actor).await?;
        // Released before, or somebody else has learnt meanwhile that it is paid.
        if !released && self.own(customer, payment).await?.state == HoldState::Ordered {
            return Err(error::ALREADY_ORDERED.into());
        }
        Ok(hold.payment_id)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        orders::{
            model::payment::PaymentTruth,
            ports::MockHolds,
            testing::{hold, nothing_past, resolving},
        },
        shared::{
            Error,
            testing::{Counter, Noon, email},
        },
    };

    /// `released`: the ends that the stock is released with, in order.
    async fn release(by: &str, state: HoldState, truth: Option<Result<PaymentTruth>>, released: Vec<HoldEnd>) -> Result<PaymentId> {
        let mut holds = MockHolds::new();
        holds.expect_find().returning(move |_| Ok(Some(hold(state))));
        let (times, mut released) = (released.len(), released.into_iter());
        holds.expect_release().times(times).returning(move |_, end, _, _| {
            assert_eq!(Some(end), released.next());
            Ok(true)
        });
        let holds = Arc::new(holds);
        let service = CheckoutService::new(
            holds.clone(),
            Arc::new(resolving(holds, truth, 0)),
            nothing_past(),
            Arc::new(Noon),
            Arc::new(Counter::default()),
        );
        service.release(&email(by), &PaymentId::parse("PAY1").unwrap(), &Actor::job("test")).await
    }

    #[tokio::test]
    async fn an_unpaid_hold_is_abandoned() {
        for truth in [PaymentTruth::NotPaid, PaymentTruth::Unknown] {
            release("a@b", HoldState::Held, Some(Ok(truth)), vec![HoldEnd::Abandoned]).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_failed_payment_is_released_once_as_failed() {
        release("a@b", HoldState::Held, Some(Ok(PaymentTruth::Failed)), vec![HoldEnd::Failed]).await.unwrap();
    }

    #[tokio::test]
    async fn stock_is_released_although_portone_does_not_answer() {
        let outage = Some(Err(Error::unavailable("portone", "x")));
        release("a@b", HoldState::Held, outage, vec![HoldEnd::Abandoned]).await.unwrap();
    }

    #[tokio::test]
    async fn an_order_is_not_released() {
        let refused = release("a@b", HoldState::Ordered, None, vec![]).await.unwrap_err();
        assert!(refused.is(&error::ALREADY_ORDERED));
    }

    #[tokio::test]
    async fn what_became_an_order_meanwhile_is_told_as_one() {
        for (now, told) in [(HoldState::Ordered, Some(error::ALREADY_ORDERED)), (HoldState::Released(HoldEnd::Expired), None)] {
            let (mut holds, mut reads) = (MockHolds::new(), [HoldState::Held, now].into_iter());
            holds.expect_find().times(2).returning(move |_| Ok(reads.next().map(hold)));
            holds.expect_release().times(1).returning(|_, _, _, _| Ok(false));
            let holds = Arc::new(holds);
            let resolve = Arc::new(resolving(holds.clone(), Some(Ok(PaymentTruth::NotPaid)), 0));
            let service = CheckoutService::new(holds, resolve, nothing_past(), Arc::new(Noon), Arc::new(Counter::default()));
            let released = service.release(&email("a@b"), &PaymentId::parse("PAY1").unwrap(), &Actor::job("test")).await;
            match told {
                Some(refusal) => assert!(released.unwrap_err().is(&refusal)),
                None => assert_eq!(released.unwrap().as_str(), "PAY1"),
            }
        }
    }

    #[tokio::test]
    async fn nobody_releases_the_hold_of_another() {
        assert!(release("b@b", HoldState::Held, None, vec![]).await.unwrap_err().is(&error::PAYMENT_NOT_FOUND));
    }
}
