//! `orders::ports::Refunds`: money on its way back (contract, Payment rules).

use cheapbob_domain::{
    orders::{Attempt, RefundReason, RefundState},
    shared::{PaymentId, StoreId},
};
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, counters, hold, portone, stock};

/// A hold whose money goes back since it did not match, and its store.
async fn refund(world: &World) -> (PaymentId, StoreId) {
    let (customer, store, product) = world.five_pieces().await;
    let hold = hold(&customer, &product, 1);
    assert!(world.holds.hold(&hold).await.unwrap());
    let payment = hold.payment_id;
    assert!(world.refunds.claim(&payment, at(0), at(90)).await.unwrap().is_none());
    world.holds.refund(&payment, RefundReason::Mismatch, at(0), &actor()).await.unwrap();
    assert_eq!(stock(world, &product).await, counters(0, 0));
    (payment, store)
}

fn attempt(state: RefundState, new_key: bool) -> Attempt {
    let amount = (state == RefundState::Succeeded).then_some(7_000);
    Attempt { state, next_at: at(200), new_key, answer: "no".into(), amount }
}

async fn record(world: &World, payment: &PaymentId, attempt: &Attempt, second: i64) {
    world.refunds.record(payment, attempt, at(second), &actor()).await.unwrap();
}

/// One of many at once has it until its lease ends; then the next one, which looks before it asks.
pub async fn refund_is_tried_by_one_at_a_time(world: &World) {
    let (refunds, (payment, store)) = (&world.refunds, refund(world).await);
    assert_eq!(refunds.due(at(0), 10, 4).await.unwrap(), [payment.clone()]);
    let claims = join_all((0..8).map(|_| async { refunds.claim(&payment, at(0), at(90)).await.unwrap() })).await;
    let claim = claims.into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(claim.len(), 1);
    assert_eq!((claim[0].attempts, claim[0].look_first, claim[0].reason, &claim[0].store_id), (1, false, RefundReason::Mismatch, &store));
    assert!(refunds.due(at(89), 10, 4).await.unwrap().is_empty());
    let again = refunds.claim(&payment, at(90), at(180)).await.unwrap().unwrap();
    assert_eq!((again.attempts, again.look_first, again.key_generation), (2, true, 1));
}

/// The stores come in turn: one with many due refunds keeps those of others waiting for one of them at most, and what is tried counts.
pub async fn refunds_are_due_store_by_store(world: &World) {
    let refunds = &world.refunds;
    let (_, _, product) = world.five_pieces().await;
    let mut many = Vec::new();
    for n in 0..4 {
        let hold = hold(&world.customer().await, &product, 1);
        assert!(world.holds.hold(&hold).await.unwrap());
        world.holds.refund(&hold.payment_id, RefundReason::Mismatch, at(n), &actor()).await.unwrap();
        many.push(hold.payment_id);
    }
    let (_, _, quiet) = world.five_pieces().await;
    let one = hold(&world.customer().await, &quiet, 1);
    assert!(world.holds.hold(&one).await.unwrap());
    world.holds.refund(&one.payment_id, RefundReason::Mismatch, at(10), &actor()).await.unwrap();
    let one = one.payment_id;
    assert_eq!(refunds.due(at(10), 2, 9).await.unwrap(), [many[0].clone(), one.clone()]);
    assert_eq!(refunds.due(at(10), 9, 2).await.unwrap(), [&many[0], &one, &many[1]].map(Clone::clone));
    assert!(refunds.claim(&many[0], at(10), at(90)).await.unwrap().is_some());
    assert_eq!(refunds.due(at(10), 9, 2).await.unwrap(), [&one, &many[1]].map(Clone::clone));
    // A claim that has ended is due again.
    assert_eq!(refunds.due(at(90), 2, 1).await.unwrap(), [&many[1], &one].map(Clone::clone));
    for payment in many.iter().chain([&one]) {
        record(world, payment, &attempt(RefundState::Succeeded, false), 200).await;
    }
}

/// What PortOne said is kept, whatever it is.
pub async fn refund_keeps_what_was_said(world: &World) {
    let (refunds, (payment, _)) = (&world.refunds, refund(world).await);
    assert!(refunds.claim(&payment, at(0), at(90)).await.unwrap().is_some());
    record(world, &payment, &Attempt { answer: "a\0b".into(), ..attempt(RefundState::Failed, true) }, 200).await;
    let open = refunds.open(100).await.unwrap().into_iter().find(|open| open.payment_id == payment).unwrap();
    assert_eq!(open.last_answer.as_deref(), Some("a\u{fffd}b"));
}

/// A refund that was refused waits for its next attempt, and takes another key to it.
pub async fn refused_refund_is_tried_again_with_another_key(world: &World) {
    let (refunds, (payment, _)) = (&world.refunds, refund(world).await);
    assert!(refunds.claim(&payment, at(0), at(90)).await.unwrap().is_some());
    record(world, &payment, &attempt(RefundState::Failed, true), 200).await;
    assert!(refunds.claim(&payment, at(199), at(300)).await.unwrap().is_none());
    assert_eq!(refunds.claim(&payment, at(200), at(300)).await.unwrap().unwrap().key_generation, 2);
}

/// What is done stays done, whatever a slower attempt says after it.
pub async fn refund_that_is_done_stays_done(world: &World) {
    let (refunds, (payment, _)) = (&world.refunds, refund(world).await);
    assert!(refunds.claim(&payment, at(0), at(90)).await.unwrap().is_some());
    record(world, &payment, &attempt(RefundState::Succeeded, false), 200).await;
    record(world, &payment, &attempt(RefundState::Failed, true), 200).await;
    assert!(refunds.due(at(9_999), 10, 4).await.unwrap().is_empty());
    assert!(refunds.claim(&payment, at(9_999), at(10_000)).await.unwrap().is_none());
    assert!(!refunds.expedite(&payment, at(9_999)).await.unwrap());
    assert!(refunds.open(10).await.unwrap().is_empty() && refunds.count().await.unwrap().is_empty());
    assert_eq!(refunds.reason(&payment).await.unwrap(), Some(RefundReason::Mismatch));
    assert_eq!(refunds.reason(&PaymentId::generate(&TestIds)).await.unwrap(), None);
}

/// Reopened once, by one of many, it is open again from its first request on, with another key.
pub async fn reopened_refund_is_open_again_with_another_key(world: &World) {
    let (refunds, (payment, _)) = (&world.refunds, refund(world).await);
    assert!(refunds.claim(&payment, at(0), at(90)).await.unwrap().is_some());
    record(world, &payment, &attempt(RefundState::Failed, true), 200).await;
    assert!(refunds.claim(&payment, at(200), at(300)).await.unwrap().is_some());
    record(world, &payment, &attempt(RefundState::Succeeded, false), 200).await;
    let reopened = join_all((0..8).map(|_| async { refunds.reopen(&payment, at(500), &actor()).await.unwrap() })).await;
    assert_eq!(reopened.iter().filter(|r| **r).count(), 1);
    let open = refunds.open(10).await.unwrap();
    assert_eq!((open.len(), &open[0].payment_id, open[0].state, open[0].requested_at), (1, &payment, RefundState::Unknown, at(0)));
    assert_eq!(refunds.count().await.unwrap(), [(RefundState::Unknown, 1, at(0))]);
    let claim = refunds.claim(&payment, at(500), at(600)).await.unwrap().unwrap();
    assert_eq!((claim.key_generation, claim.portone_store_id.as_str(), claim.look_first), (3, portone().ids.store_id.as_str(), true));
}

/// Expedited, it does not wait for its next attempt; but whoever is at it is not disturbed.
pub async fn expedited_refund_is_due_now_unless_somebody_is_at_it(world: &World) {
    let (refunds, (payment, _)) = (&world.refunds, refund(world).await);
    assert!(refunds.claim(&payment, at(500), at(600)).await.unwrap().is_some());
    assert!(refunds.expedite(&payment, at(510)).await.unwrap());
    assert!(refunds.claim(&payment, at(510), at(610)).await.unwrap().is_none());
    record(world, &payment, &Attempt { next_at: at(900), ..attempt(RefundState::Unknown, false) }, 511).await;
    assert!(refunds.claim(&payment, at(520), at(610)).await.unwrap().is_none());
    assert!(refunds.expedite(&payment, at(520)).await.unwrap());
    assert!(refunds.claim(&payment, at(520), at(610)).await.unwrap().is_some());
}
