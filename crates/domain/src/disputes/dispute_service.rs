//! Opening, answering and deciding.

use std::sync::Arc;

use super::{
    error,
    model::dispute::{ANSWERED_WITHIN, Answer, Decided, Decision, Dispute, DisputePage, NewDispute, can_be_disputed},
    ports::Disputes,
};
use crate::{
    orders::{self, Actor, OrderService, RefundService},
    shared::{Clock, Email, Error, FieldError, PaymentId, Result, Rule, mail::Mailer},
    stores::{StoreService, ports::ObjectStorage},
};

/// Use cases of disputes.
pub struct DisputeService {
    pub(super) disputes: Arc<dyn Disputes>,
    pub(super) orders: Arc<OrderService>,
    stores: Arc<StoreService>,
    refunds: Arc<RefundService>,
    pub(super) storage: Arc<dyn ObjectStorage>,
    pub(super) mailer: Arc<dyn Mailer>,
    pub(super) clock: Arc<dyn Clock>,
}

impl DisputeService {
    /// Builds the use cases on their ports.
    pub fn new(
        disputes: Arc<dyn Disputes>,
        orders: Arc<OrderService>,
        stores: Arc<StoreService>,
        refunds: Arc<RefundService>,
        storage: Arc<dyn ObjectStorage>,
        mailer: Arc<dyn Mailer>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { disputes, orders, stores, refunds, storage, mailer, clock }
    }

    /// Opens the dispute of an order.
    ///
    /// # Errors
    /// - `order_not_found`, also for another's, and where the store is gone.
    /// - `dispute_not_picked_up`, `dispute_too_late`.
    /// - `dispute_exists`: the order has one.
    /// - Invalid `pictures`: one of them was not uploaded for this order.
    pub async fn open(&self, customer: &Email, payment: &PaymentId, says: NewDispute) -> Result<Dispute> {
        let order = self.orders.of_customer(customer, payment).await?;
        can_be_disputed(&order, self.clock.now())?;
        if !self.are_uploaded(payment, &says.pictures).await? {
            const UNKNOWN: Rule = Rule { code: "unknown_picture", message: "이 주문에 올린 사진이 아닙니다." };
            return Err(Error::Invalid(vec![FieldError { field: "pictures".to_owned(), rule: UNKNOWN }]));
        }
        let dispute = Dispute::of(order, says, self.clock.now());
        if self.disputes.open(&dispute).await? {
            return Ok(dispute);
        }
        let is_there = self.disputes.find(payment).await?.is_some();
        Err(if is_there { error::DISPUTE_EXISTS } else { orders::error::ORDER_NOT_FOUND }.into())
    }

    /// The dispute of one of the customer's orders.
    ///
    /// # Errors
    /// `dispute_not_found`, also for another's.
    pub async fn of_customer(&self, customer: &Email, payment: &PaymentId) -> Result<Dispute> {
        let found = self.disputes.find(payment).await?.filter(|dispute| dispute.customer == *customer);
        Ok(found.ok_or(error::DISPUTE_NOT_FOUND)?)
    }

    /// A page of the disputes of the seller's store.
    ///
    /// # Errors
    /// `store_not_found`: the seller has no store.
    pub async fn of_seller(&self, seller: &Email, before: Option<&PaymentId>) -> Result<DisputePage> {
        let store = self.stores.store_id(seller).await?;
        let mut disputes = self.disputes.of_store(&store, before, DisputePage::SIZE + 1).await?;
        let more = disputes.len() as i64 > DisputePage::SIZE;
        disputes.truncate(DisputePage::SIZE as usize);
        let next = disputes.last().filter(|_| more).map(|dispute| dispute.payment_id.clone());
        Ok(DisputePage { disputes, next })
    }

    /// The store answers, once.
    ///
    /// # Errors
    /// - `store_not_found`: the seller has no store.
    /// - `dispute_not_found`, also for another's.
    /// - `dispute_answered`, `dispute_answer_too_late`, `dispute_decided`.
    pub async fn answer(&self, seller: &Email, payment: &PaymentId, text: String) -> Result<Dispute> {
        let store = self.stores.store_id(seller).await?;
        let own = async || {
            let found = self.disputes.find(payment).await?.filter(|dispute| dispute.store_id == store);
            Ok::<_, Error>(found.ok_or(error::DISPUTE_NOT_FOUND)?)
        };
        let (dispute, now) = (own().await?, self.clock.now());
        dispute.can_be_answered(now)?;
        let answer = Answer { text, at: now };
        if self.disputes.answer(payment, &answer).await? {
            return Ok(Dispute { answer: Some(answer), ..dispute });
        }
        own().await?.can_be_answered(now)?;
        Err(error::DISPUTE_ANSWERED.into())
    }

    /// What waits for an operator: answered, or with the store's time over; the oldest first.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn undecided(&self, limit: i64) -> Result<Vec<Dispute>> {
        self.disputes.undecided(self.clock.now() - ANSWERED_WITHIN, limit).await
    }

    /// A dispute, as an operator sees it.
    ///
    /// # Errors
    /// `dispute_not_found`.
    pub async fn find(&self, payment: &PaymentId) -> Result<Dispute> {
        Ok(self.disputes.find(payment).await?.ok_or(error::DISPUTE_NOT_FOUND)?)
    }

    /// An operator decides; the money goes back at once where PortOne gives it, else the jobs go on with it.
    ///
    /// # Errors
    /// `dispute_not_found`, `dispute_decided`, `dispute_waits`.
    pub async fn decide(&self, payment: &PaymentId, decision: Decision, reason: String, actor: &Actor) -> Result<Dispute> {
        let (dispute, now) = (self.find(payment).await?, self.clock.now());
        dispute.can_be_decided(now)?;
        let decided = Decided { decision, reason, at: now, by: actor.kind.id().map(str::to_owned) };
        if !self.disputes.decide(payment, &decided, actor).await? {
            return Err(error::DISPUTE_DECIDED.into());
        }
        if decision == Decision::Refund {
            self.refunds.attempt_now(std::slice::from_ref(payment), actor).await;
        }
        Ok(Dispute { decided: Some(decided), ..dispute })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        disputes::{
            DisputeReason,
            ports::MockDisputes,
            testing::{answer, dispute},
        },
        orders::{
            Order, OrderStatus,
            ports::{MockOrderArchive, MockOrders, MockPayments, MockRefunds},
            testing::{order, order_service, store_service},
        },
        shared::{
            mail::MockMailer,
            testing::{Never, Noon, email},
        },
        stores::{
            StoredObject,
            ports::{MockObjectStorage, MockStoreImages, MockStores},
        },
    };

    fn service(disputes: MockDisputes, refunds: MockRefunds) -> DisputeService {
        let mut orders = MockOrders::new();
        orders.expect_find().returning(|_| Ok(Some(Order { completed_at: Some(Noon.now()), ..order("PAY1", OrderStatus::Complete) })));
        let orders = Arc::new(order_service(orders, MockOrderArchive::new(), MockStoreImages::new()));
        let refunds = RefundService::new(
            Arc::new(refunds),
            Arc::new(MockStores::new()),
            Arc::new(MockPayments::new()),
            Arc::new(Noon),
            Arc::new(Never),
        );
        let mut storage = MockObjectStorage::new();
        storage
            .expect_list()
            .withf(|folder, _, _| folder == "disputes/PAY1/")
            .returning(|_, _, _| Ok(vec![StoredObject { key: "disputes/PAY1/a.png".into(), age: Duration::ZERO }]));
        DisputeService::new(
            Arc::new(disputes),
            orders,
            store_service(),
            Arc::new(refunds),
            Arc::new(storage),
            Arc::new(MockMailer::new()),
            Arc::new(Noon),
        )
    }

    fn payment() -> PaymentId {
        PaymentId::trusted("PAY1".into())
    }

    fn says(pictures: &[&str]) -> NewDispute {
        let pictures = pictures.iter().map(|key| (*key).to_owned()).collect();
        NewDispute { reason: DisputeReason::Sick, text: "아파요".into(), pictures }
    }

    #[tokio::test]
    async fn a_dispute_names_pictures_of_its_order_alone() {
        for (named, opened) in
            [(&["disputes/PAY1/a.png"][..], 1), (&[], 1), (&["disputes/PAY2/a.png"], 0), (&["disputes/PAY1/a.png", "stores/x"], 0)]
        {
            let mut disputes = MockDisputes::new();
            disputes.expect_open().times(opened).returning(|_| Ok(true));
            let said = service(disputes, MockRefunds::new()).open(&email("a@b"), &payment(), says(named)).await;
            assert_eq!(said.is_ok(), opened == 1, "{named:?}");
        }
    }

    #[tokio::test]
    async fn an_order_has_one_dispute_and_it_is_its_customers() {
        let mut disputes = MockDisputes::new();
        disputes.expect_open().returning(|_| Ok(false));
        disputes.expect_find().returning(|_| Ok(Some(dispute())));
        let service = service(disputes, MockRefunds::new());
        let open = async |who| service.open(&email(who), &payment(), says(&[])).await.unwrap_err();
        assert!(open("a@b").await.is(&error::DISPUTE_EXISTS));
        assert!(open("other@b").await.is(&orders::error::ORDER_NOT_FOUND));
        assert!(service.of_customer(&email("other@b"), &payment()).await.unwrap_err().is(&error::DISPUTE_NOT_FOUND));
    }

    #[tokio::test]
    async fn a_decision_to_refund_is_tried_at_once_and_another_is_not() {
        for (decision, claims) in [(Decision::Refund, 1), (Decision::Nothing, 0)] {
            let (mut disputes, mut refunds) = (MockDisputes::new(), MockRefunds::new());
            disputes.expect_find().returning(|_| Ok(Some(Dispute { answer: Some(answer()), ..dispute() })));
            disputes.expect_decide().times(1).withf(move |_, decided, _| decided.decision == decision).returning(|_, _, _| Ok(true));
            refunds.expect_claim().times(claims).returning(|_, _, _| Ok(None));
            let decided = service(disputes, refunds).decide(&payment(), decision, "x".into(), &Actor::operator()).await.unwrap();
            assert_eq!(decided.decided.map(|decided| (decided.decision, decided.by)), Some((decision, None)));
        }
    }

    #[tokio::test]
    async fn who_decides_too_early_or_too_late_changes_nothing() {
        let mut waiting = MockDisputes::new();
        waiting.expect_find().returning(|_| Ok(Some(dispute())));
        let decide = async |disputes| {
            service(disputes, MockRefunds::new()).decide(&payment(), Decision::Refund, "x".into(), &Actor::operator()).await
        };
        assert!(decide(waiting).await.unwrap_err().is(&error::DISPUTE_WAITS));
        let mut lost = MockDisputes::new();
        lost.expect_find().returning(|_| Ok(Some(Dispute { answer: Some(answer()), ..dispute() })));
        lost.expect_decide().returning(|_, _, _| Ok(false));
        assert!(decide(lost).await.unwrap_err().is(&error::DISPUTE_DECIDED));
    }
}
