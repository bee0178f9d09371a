//! `disputes::ports::Disputes`, and the refunds that follow from decisions.

use cheapbob_domain::{
    disputes::{Answer, Decided, Decision, Dispute, DisputeReason, DisputedOrder, NewDispute, Side},
    orders::{CanceledBy, RefundReason},
    shared::{Email, PaymentId, StoreId, Won, kst},
    users::{Deactivation, Erasure},
};
use futures::future::join_all;

use super::{
    cancellations::cancellation,
    world::{TestIds, World, actor, at},
};

fn dispute(payment: &PaymentId, customer: &Email, store: &StoreId) -> Dispute {
    Dispute {
        payment_id: payment.clone(),
        store_id: store.clone(),
        customer: customer.clone(),
        order: DisputedOrder { product_name: "도시락".into(), quantity: 1, total_amount: Won(7_000) },
        says: NewDispute { reason: DisputeReason::Sick, text: "아파요 <b>".into(), pictures: vec![format!("disputes/{payment}/a.png")] },
        opened_at: at(10),
        answer: None,
        decided: None,
    }
}

fn decided(decision: Decision) -> Decided {
    Decided { decision, reason: "사진을 보았습니다".into(), at: at(20), by: Some("o@b".into()) }
}

async fn told(world: &World) -> Vec<String> {
    let mut told: Vec<_> =
        world.claim_all(100).await.into_iter().filter(|task| task.payload["kind"] == "dispute_mail").map(|task| task.claim.id).collect();
    told.sort();
    told
}

/// An order that was picked up, of this customer.
async fn picked_up(world: &World) -> (Email, StoreId, PaymentId) {
    let (customer, store, product) = world.five_pieces().await;
    let payment = world.ordered(&customer, &product, 1).await;
    world.orders.accept(&payment, at(2), &actor()).await.unwrap().unwrap();
    world.orders.complete(&payment, at(3), &actor()).await.unwrap().unwrap();
    (customer, store, payment)
}

/// Of many at once one is opened, whole, and the store is told once.
pub async fn an_order_has_one_dispute(world: &World) {
    let (customer, store, payment) = picked_up(world).await;
    let one = dispute(&payment, &customer, &store);
    assert_eq!(world.disputes.find(&payment).await.unwrap(), None);
    let opened = join_all((0..8).map(|_| async { world.disputes.open(&one).await.unwrap() })).await;
    assert_eq!(opened.into_iter().filter(|opened| *opened).count(), 1);
    assert_eq!(world.disputes.find(&payment).await.unwrap(), Some(one.clone()));
    assert_eq!(told(world).await, [format!("mail:dispute:opened:store:{payment}")]);
    assert_eq!(world.images.named(&one.says.pictures).await.unwrap(), one.says.pictures);
    assert_eq!(world.disputes.reader(&payment, Side::Customer).await.unwrap().unwrap().email, customer);
    assert_eq!(world.disputes.reader(&payment, Side::Store).await.unwrap().unwrap().name, "가게");
    assert!(!world.disputes.open(&dispute(&PaymentId::generate(&TestIds), &customer, &StoreId::generate(&TestIds))).await.unwrap());
}

/// The newest order first; what waits for an operator is answered, or old enough, and undecided.
pub async fn disputes_are_listed_for_their_store_and_for_operators(world: &World) {
    let (customer, store, product) = world.five_pieces().await;
    let mut payments = Vec::new();
    for _ in 0..3 {
        let payment = world.ordered(&customer, &product, 1).await;
        assert!(world.disputes.open(&dispute(&payment, &customer, &store)).await.unwrap());
        payments.push(payment);
    }
    payments.sort();
    let page = async |before: Option<&PaymentId>| -> Vec<_> {
        let page = world.disputes.of_store(&store, before, 2).await.unwrap();
        page.into_iter().map(|dispute| dispute.payment_id).collect()
    };
    assert_eq!(page(None).await, [payments[2].clone(), payments[1].clone()]);
    assert_eq!(page(Some(&payments[1])).await, [payments[0].clone()]);
    let undecided = async |second| -> Vec<_> {
        let undecided = world.disputes.undecided(at(second), 10).await.unwrap();
        undecided.into_iter().map(|dispute| dispute.payment_id).collect()
    };
    assert!(undecided(10).await.is_empty());
    assert_eq!(undecided(11).await, payments);
    let answer = Answer { text: "죄송합니다".into(), at: at(12) };
    let answered = join_all((0..4).map(|_| async { world.disputes.answer(&payments[1], &answer).await.unwrap() })).await;
    assert_eq!(answered.into_iter().filter(|answered| *answered).count(), 1);
    assert_eq!(undecided(10).await, [payments[1].clone()]);
    assert!(world.disputes.decide(&payments[1], &decided(Decision::Nothing), &actor()).await.unwrap());
    assert!(!world.disputes.answer(&payments[1], &answer).await.unwrap());
    assert_eq!(undecided(11).await, [payments[0].clone(), payments[2].clone()]);
}

/// Of decisions at once one stands; to refund, the payment goes back once, which the audit log says, and what the store earned is known.
pub async fn one_decision_stands_and_refunds_once(world: &World) {
    for decisions in [[Decision::Refund, Decision::Nothing], [Decision::Refund, Decision::Refund]] {
        let (customer, store, payment) = picked_up(world).await;
        assert!(world.disputes.open(&dispute(&payment, &customer, &store)).await.unwrap());
        let stood = join_all((0..8).map(|n| {
            let payment = payment.clone();
            async move { world.disputes.decide(&payment, &decided(decisions[n % 2]), &actor()).await.unwrap() }
        }))
        .await;
        assert_eq!(stood.into_iter().filter(|stood| *stood).count(), 1);
        let refunded = world.disputes.find(&payment).await.unwrap().unwrap().decided.unwrap().decision == Decision::Refund;
        let log = world.audit.of_payment(&store, &payment).await.unwrap();
        assert_eq!(log.iter().filter(|entry| entry.event == "refund_requested").count(), usize::from(refunded));
        assert_eq!(world.refunds.reason(&payment).await.unwrap(), refunded.then_some(RefundReason::Dispute));
        assert_eq!(world.refunds.after_pickup(&store).await.unwrap(), if refunded { vec![payment.clone()] } else { Vec::new() });
        let mails = told(world).await;
        assert_eq!(mails.iter().filter(|id| id.contains(":decided:")).count(), 2, "{mails:?}");
    }
}

/// A payment that goes back already is not refunded twice: here the order was canceled, whatever the dispute says.
pub async fn a_payment_that_goes_back_already_does_not_go_back_twice(world: &World) {
    let (customer, store, product) = world.five_pieces().await;
    let payment = world.ordered(&customer, &product, 1).await;
    assert!(world.disputes.open(&dispute(&payment, &customer, &store)).await.unwrap());
    let (canceled, decided) =
        tokio::join!(async { world.cancellations.cancel(&payment, &cancellation(CanceledBy::Store, 5)).await }, async {
            world.disputes.decide(&payment, &decided(Decision::Refund), &actor()).await
        },);
    // Whichever came first; a refund that is there already is never a second one.
    assert!(decided.unwrap());
    let log = world.audit.of_payment(&store, &payment).await.unwrap();
    assert_eq!(log.iter().filter(|entry| entry.event == "refund_requested").count(), 1, "{canceled:?}");
}

/// While a dispute is open neither side is deleted; then the customer's words and pictures go, and the decision stays under the pseudonym.
pub async fn a_deleted_customers_words_go_and_the_decision_stays(world: &World) {
    let (customer, store, payment) = picked_up(world).await;
    assert!(world.disputes.open(&dispute(&payment, &customer, &store)).await.unwrap());
    assert_eq!(world.accounts.deactivate(&customer, at(30)).await.unwrap(), Deactivation::Done);
    world.ended.delete(std::slice::from_ref(&payment)).await.unwrap();
    let pseudonym = Email::trusted("p@withdrawn.invalid".into());
    let erase = async || world.accounts.erase(&customer, &pseudonym, kst::business_day(at(0)), at(40)).await.unwrap();
    assert_eq!(erase().await, Erasure::Waits);
    assert!(world.disputes.decide(&payment, &decided(Decision::Nothing), &actor()).await.unwrap());
    assert_eq!(erase().await, Erasure::Gone);
    let left = world.disputes.find(&payment).await.unwrap().unwrap();
    assert_eq!((left.customer, left.says.text.as_str(), left.says.pictures.len()), (pseudonym, "", 0));
    assert!(left.decided.is_some());
    assert_eq!(world.disputes.reader(&payment, Side::Customer).await.unwrap(), None);
    let deleted: Vec<_> = world.claim_all(100).await.into_iter().filter(|task| task.payload["kind"] == "delete_object").collect();
    assert_eq!(deleted[0].payload["key"], format!("disputes/{payment}/a.png"));
}
