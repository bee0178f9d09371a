//! `orders::ports::Holds`: stock kept for unpaid payments (contract, Payment rules).

use cheapbob_domain::{
    orders::{HoldEnd, HoldState, NewHold, OrderOutcome, RefundReason},
    shared::{PaymentId, ProductId, Sale, Won},
};
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, counters, hold, portone, stock};

/// Contract, Payment rules: price, discount, hours and what is left decide; a product that is not there offers nothing.
pub async fn offer_says_what_can_be_bought(world: &World) {
    let holds = &world.holds;
    let (customer, store, product) = world.five_pieces().await;
    let offer = holds.offer(&product.id, &customer, 1).await.unwrap().unwrap();
    assert_eq!((offer.left, offer.price, offer.sale, &offer.store_id), (5, Won(10_000), Sale::parse(30).unwrap(), &store));
    assert_eq!((offer.calendar.today.day_of_week, offer.calendar.today.is_open_enabled, offer.buyer_registered), (1, true, true));
    assert_eq!((offer.portone, offer.calendar.payment_ready), (Some(portone().ids), true));
    assert!(!holds.offer(&product.id, &customer, 6).await.unwrap().unwrap().calendar.today.is_open_enabled);
    assert_eq!(holds.offer(&ProductId::generate(&TestIds), &customer, 1).await.unwrap(), None);
}

/// Contract, payment/init: what is held is taken from what is left, and found again as it was asked for.
pub async fn hold_takes_stock(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    let first = hold(&customer, &product, 3);
    assert!(world.holds.hold(&first).await.unwrap());
    assert_eq!(stock(world, &product).await, counters(0, 3));
    let stored = world.holds.find(&first.payment_id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.total_amount, stored.expires_at), (HoldState::Held, Won(21_000), at(300)));
    assert_eq!(world.holds.find(&PaymentId::generate(&TestIds)).await.unwrap(), None);
}

/// Contract, payment/init: less left than asked for, or another price than the customer saw, is no hold.
pub async fn hold_is_refused_for_want_of_stock_and_for_another_price(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    assert!(world.holds.hold(&hold(&customer, &product, 3)).await.unwrap());
    assert!(!world.holds.hold(&hold(&customer, &product, 3)).await.unwrap());
    assert!(!world.holds.hold(&NewHold { price: Won(9_000), ..hold(&customer, &product, 1) }).await.unwrap());
    assert_eq!(stock(world, &product).await, counters(0, 3));
}

/// Contract, Payment rules: of many releases at once one gives the stock back.
pub async fn hold_release_gives_the_stock_back_once(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let first = hold(&customer, &product, 3);
    assert!(holds.hold(&first).await.unwrap());
    let released =
        join_all((0..8).map(|_| async { holds.release(&first.payment_id, HoldEnd::Abandoned, at(10), &actor()).await.unwrap() })).await;
    assert_eq!(released.iter().filter(|r| **r).count(), 1);
    assert_eq!(stock(world, &product).await, counters(0, 0));
    assert_eq!(holds.find(&first.payment_id).await.unwrap().unwrap().state, HoldState::Released(HoldEnd::Abandoned));
}

/// Contract, payment/confirm: what was held is sold.
pub async fn order_turns_held_stock_into_sold(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let second = hold(&customer, &product, 2);
    assert!(holds.hold(&second).await.unwrap());
    assert_eq!(holds.order(&second.payment_id, at(20), &actor()).await.unwrap(), OrderOutcome::Made);
    assert_eq!(stock(world, &product).await, counters(2, 0));
}

/// Contract, Payment rules: money that comes after the release takes the stock again, once, and is then an order for good.
pub async fn late_payment_takes_the_stock_again_once(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let first = hold(&customer, &product, 3);
    assert!(holds.hold(&first).await.unwrap());
    assert!(holds.release(&first.payment_id, HoldEnd::Abandoned, at(10), &actor()).await.unwrap());
    let made = join_all((0..8).map(|_| async { holds.order(&first.payment_id, at(20), &actor()).await.unwrap() })).await;
    assert_eq!(made.iter().filter(|m| **m == OrderOutcome::Made).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|m| **m == OrderOutcome::WasThere).count(), 7, "{made:?}");
    assert_eq!(stock(world, &product).await, counters(3, 0));
    assert!(!holds.release(&first.payment_id, HoldEnd::Expired, at(30), &actor()).await.unwrap());
    assert_eq!(holds.refund(&first.payment_id, RefundReason::Late, at(30), &actor()).await.unwrap(), HoldState::Ordered);
}

/// Contract, Payment rules: where the stock is gone by then, the money goes back: one refund, whoever asks, and no order any more.
pub async fn late_payment_without_stock_is_refunded_once(world: &World) {
    let (holds, (customer, store, product)) = (&world.holds, world.five_pieces().await);
    let others = hold(&customer, &product, 5);
    assert!(holds.hold(&others).await.unwrap());
    assert_eq!(holds.order(&others.payment_id, at(20), &actor()).await.unwrap(), OrderOutcome::Made);
    world.products.adjust(&store, &product.id, 1, at(21)).await.unwrap();
    let third = hold(&customer, &product, 1);
    assert!(holds.hold(&third).await.unwrap());
    assert!(holds.release(&third.payment_id, HoldEnd::Expired, at(300), &actor()).await.unwrap());
    world.products.adjust(&store, &product.id, -1, at(301)).await.unwrap();
    assert_eq!(holds.order(&third.payment_id, at(302), &actor()).await.unwrap(), OrderOutcome::NoStock);
    let refunded =
        join_all((0..8).map(|_| async { holds.refund(&third.payment_id, RefundReason::Late, at(303), &actor()).await.unwrap() })).await;
    assert!(refunded.iter().all(|r| *r == HoldState::Refunded(RefundReason::Late)));
    assert_eq!(holds.order(&third.payment_id, at(304), &actor()).await.unwrap(), OrderOutcome::Refunded(RefundReason::Late));
    assert_eq!(stock(world, &product).await.left(), 0);
}

/// Contract, payment/init (five minutes): due at the end and not before, the longest overdue first, as many as asked for.
pub async fn hold_expiry_is_due_at_its_end(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let (early, late) = (hold(&customer, &product, 1), NewHold { expires_at: at(400), ..hold(&customer, &product, 1) });
    assert!(holds.hold(&late).await.unwrap() && holds.hold(&early).await.unwrap());
    let due = async |now, limit| holds.due(at(now), limit).await.unwrap();
    assert_eq!(due(299, 10).await, []);
    assert_eq!(due(300, 10).await, [early.payment_id.clone()]);
    assert_eq!(due(400, 10).await, [early.payment_id.clone(), late.payment_id.clone()]);
    assert_eq!(due(400, 1).await, [early.payment_id.clone()]);
}

/// Contract, Payment rules: after the release the payment is looked at again, until the watch ends.
pub async fn hold_expiry_leaves_the_payment_watched(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let early = hold(&customer, &product, 1);
    assert!(holds.hold(&early).await.unwrap());
    let due = async |now, limit| holds.due(at(now), limit).await.unwrap();
    assert!(holds.release(&early.payment_id, HoldEnd::Expired, at(300), &actor()).await.unwrap());
    assert_eq!(due(359, 10).await, []);
    assert_eq!(due(360, 10).await, [early.payment_id.clone()]);
    holds.watch(&early.payment_id, Some(at(390))).await.unwrap();
    assert_eq!(due(389, 10).await, []);
    holds.watch(&early.payment_id, None).await.unwrap();
    assert_eq!(due(399, 10).await, []);
}

/// Contract, Payment rules: a hold that nobody looks at would keep its stock for ever, so its watch does not end.
pub async fn hold_is_not_unwatched(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let held = hold(&customer, &product, 1);
    assert!(holds.hold(&held).await.unwrap());
    holds.watch(&held.payment_id, None).await.unwrap();
    assert_eq!(holds.due(at(300), 10).await.unwrap(), [held.payment_id]);
}
