//! `orders::ports::Cancellations`: ending orders (contract, Customer; Seller; Daily rollover).

use cheapbob_domain::{
    orders::{CanceledBy, Cancellation, Order, OrderOutcome, OrderStatus, RefundReason},
    products::Stock,
    shared::{PaymentId, kst},
};
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, counters, hold, paid, stock};

pub(super) fn cancellation(by: CanceledBy, second: i64) -> Cancellation {
    Cancellation { by, reason: Some("이유".to_owned()), today: kst::business_day(at(0)), at: at(second), actor: actor() }
}

async fn cancel(world: &World, payment: &PaymentId, by: CanceledBy, second: i64) -> Option<Order> {
    world.cancellations.cancel(payment, &cancellation(by, second)).await.unwrap()
}

/// Contract, Customer and Seller: once, whoever of many asks; the stock is back and the refund is there.
pub async fn order_is_canceled_once_with_stock_and_refund(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    assert_eq!(cancel(world, &PaymentId::generate(&TestIds), CanceledBy::Store, 2).await, None);
    let first = world.ordered(&customer, &product, 2).await;
    assert_eq!(stock(world, &product).await, counters(2, 0));
    let by = |n| if n % 2 == 0 { CanceledBy::Customer } else { CanceledBy::Store };
    let canceled = join_all((0..8).map(|n| cancel(world, &first, by(n), 2))).await;
    let canceled: Vec<_> = canceled.into_iter().flatten().collect();
    assert_eq!(canceled.len(), 1);
    assert_eq!(
        (canceled[0].status, canceled[0].canceled_at, canceled[0].cancel_reason.as_deref()),
        (OrderStatus::Cancel, Some(at(2)), Some("이유"))
    );
    assert_eq!(world.orders.find(&first).await.unwrap().as_ref(), Some(&canceled[0]));
    assert_eq!(stock(world, &product).await, counters(0, 0));
    let refund = world.refunds.claim(&first, at(2), at(90)).await.unwrap().unwrap();
    assert!(matches!(refund.reason, RefundReason::CanceledByCustomer | RefundReason::CanceledByStore));
}

/// Contract, Customer and Seller: the customer can cancel until the store accepts, the store until the pickup.
pub async fn order_is_canceled_from_these_states_only(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    let second = world.ordered(&customer, &product, 1).await;
    world.orders.accept(&second, at(3), &actor()).await.unwrap();
    assert_eq!(cancel(world, &second, CanceledBy::Customer, 4).await, None);
    assert!(cancel(world, &second, CanceledBy::Store, 4).await.is_some());
    let third = world.ordered(&customer, &product, 1).await;
    world.orders.accept(&third, at(3), &actor()).await.unwrap();
    world.orders.complete(&third, at(4), &actor()).await.unwrap();
    assert_eq!(cancel(world, &third, CanceledBy::Store, 5).await, None);
    assert_eq!(stock(world, &product).await, counters(1, 0));
}

/// Contract, Daily rollover: an order of an ended day gives the new day no stock.
pub async fn order_of_an_ended_day_gives_no_stock_back(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    let old = world.ordered(&customer, &product, 1).await;
    let tomorrow = Cancellation { today: kst::business_day(at(86_400)), ..cancellation(CanceledBy::Store, 86_400) };
    assert!(world.cancellations.cancel(&old, &tomorrow).await.unwrap().is_some());
    assert_eq!(stock(world, &product).await, counters(1, 0));
}

/// Contract, Seller (close the store): while payments arrive, each is canceled or becomes no order; other stores' orders stay.
pub async fn closing_a_store_cancels_its_open_orders_and_lets_no_payment_by(world: &World) {
    let customer = world.customer().await;
    let ((_, store), (_, other)) = (world.store("닫는 가게").await, world.store("다른 가게").await);
    let (product, elsewhere) = (world.product(&store, 20).await, world.product(&other, 5).await);
    let (open, taken) = (world.ordered(&customer, &product, 1).await, world.ordered(&customer, &product, 1).await);
    let (done, foreign) = (world.ordered(&customer, &product, 1).await, world.ordered(&customer, &elsewhere, 1).await);
    for payment in [&taken, &done] {
        world.orders.accept(payment, at(2), &actor()).await.unwrap();
    }
    world.orders.complete(&done, at(3), &actor()).await.unwrap();
    let mut holds = Vec::new();
    for _ in 0..8 {
        let held = hold(&world.customer().await, &product, 1);
        assert!(world.holds.hold(&held).await.unwrap());
        holds.push(held);
    }
    let close = async { world.cancellations.close_store(&store, &cancellation(CanceledBy::Closing, 4)).await.unwrap() };
    let paying = join_all(holds.iter().map(|hold| async { world.holds.order(&hold.payment_id, &paid(1), at(4), &actor()).await.unwrap() }));
    let (closed, paid) = tokio::join!(close, paying);
    let made = paid.iter().filter(|p| **p == OrderOutcome::Made).count();
    assert_eq!(paid.iter().filter(|p| **p == OrderOutcome::StoreClosed).count(), holds.len() - made, "{paid:?}");
    let mut canceled: Vec<_> = closed.iter().map(|o| o.payment_id.clone()).collect();
    canceled.sort();
    let paid = holds.iter().zip(&paid).filter(|(_, p)| **p == OrderOutcome::Made).map(|(h, _)| h.payment_id.clone());
    let mut expected: Vec<_> = paid.chain([open, taken]).collect();
    expected.sort();
    assert_eq!(canceled, expected);
    let still_held = i32::try_from(holds.len() - made).unwrap();
    assert_eq!(stock(world, &product).await, Stock { initial: 20, sold: 1, held: still_held, adjustment: 0 });
    for payment in &canceled {
        assert_eq!(world.refunds.claim(payment, at(5), at(90)).await.unwrap().unwrap().reason, RefundReason::StoreClosing);
    }
    assert_eq!(world.orders.find(&foreign).await.unwrap().unwrap().status, OrderStatus::Reservation);
    assert!(world.cancellations.close_store(&store, &cancellation(CanceledBy::Closing, 6)).await.unwrap().is_empty());
}
