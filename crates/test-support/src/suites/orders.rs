use cheapbob_domain::{
    orders::{HoldState, NewHold, OrderStatus, RefundReason, RefundState, hold::HoldEnd, ports::Ordering, refund::Attempt},
    products::{Product, ProductChange, Stock},
    shared::{Email, PaymentId, ProductId, Quantity, Sale, Won, kst},
};
use futures::future::join_all;

use super::{TestIds, World, at, portone};

fn hold(customer: &Email, product: &Product, quantity: i64) -> NewHold {
    let quantity = Quantity::parse(quantity).unwrap();
    NewHold {
        payment_id: PaymentId::generate(&TestIds),
        customer: customer.clone(),
        product_id: product.id.clone(),
        quantity,
        price: product.price,
        sale: product.sale,
        total_amount: product.price.unit_price(product.sale).times(quantity),
        portone: portone().ids,
        business_day: kst::business_day(at(0)),
        created_at: at(0),
        expires_at: at(300),
    }
}

async fn stock(world: &World, product: &Product) -> Stock {
    world.products.find(&product.store_id, &product.id).await.unwrap().unwrap().stock
}

fn counters(sold: i32, held: i32) -> Stock {
    Stock { initial: 5, sold, held, adjustment: 0 }
}

/// `orders::ports::Holds`
pub async fn holds(world: &World) {
    let holds = &world.holds;
    let (customer, (_, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 5).await;

    // What can be bought.
    let offer = holds.offer(&product.id, &customer, 1).await.unwrap().unwrap();
    assert_eq!((offer.left, offer.price, offer.sale, &offer.store_id), (5, Won(10_000), Sale::parse(30).unwrap(), &store));
    assert_eq!((offer.calendar.today.day_of_week, offer.calendar.today.is_open_enabled, offer.buyer_registered), (1, true, true));
    assert_eq!((offer.portone, offer.calendar.payment_ready), (Some(portone().ids), true));
    assert!(!holds.offer(&product.id, &customer, 6).await.unwrap().unwrap().calendar.today.is_open_enabled);
    assert_eq!(holds.offer(&ProductId::generate(&TestIds), &customer, 1).await.unwrap(), None);

    // Held, refused for want of stock, refused for another price.
    let first = hold(&customer, &product, 3);
    assert!(holds.hold(&first).await.unwrap());
    assert!(!holds.hold(&hold(&customer, &product, 3)).await.unwrap());
    assert!(!holds.hold(&NewHold { price: Won(9_000), ..hold(&customer, &product, 1) }).await.unwrap());
    assert_eq!(stock(world, &product).await, counters(0, 3));
    let stored = holds.find(&first.payment_id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.total_amount, stored.expires_at), (HoldState::Held, Won(21_000), at(300)));
    assert_eq!(holds.find(&PaymentId::generate(&TestIds)).await.unwrap(), None);

    // Released once, by whomever of many.
    let released = join_all((0..8).map(|_| async { holds.release(&first.payment_id, HoldEnd::GivenUp, at(10)).await.unwrap() })).await;
    assert_eq!(released.iter().filter(|r| **r).count(), 1);
    assert_eq!(stock(world, &product).await, counters(0, 0));
    assert_eq!(holds.find(&first.payment_id).await.unwrap().unwrap().state, HoldState::Released(HoldEnd::GivenUp));

    // Paid after all: the stock is taken again, once.
    let made = join_all((0..8).map(|_| async { holds.order(&first.payment_id, at(20)).await.unwrap() })).await;
    assert_eq!(made.iter().filter(|m| **m == Ordering::Made).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|m| **m == Ordering::WasThere).count(), 7, "{made:?}");
    assert_eq!(stock(world, &product).await, counters(3, 0));
    assert!(!holds.release(&first.payment_id, HoldEnd::Expired, at(30)).await.unwrap());
    assert_eq!(holds.refund(&first.payment_id, RefundReason::Late, at(30)).await.unwrap(), HoldState::Ordered);

    // From a hold: what was held is sold.
    let second = hold(&customer, &product, 2);
    assert!(holds.hold(&second).await.unwrap());
    assert_eq!(holds.order(&second.payment_id, at(20)).await.unwrap(), Ordering::Made);
    assert_eq!(stock(world, &product).await, counters(5, 0));

    // Late, and the stock is gone.
    world.products.adjust(&store, &product.id, 1, at(21)).await.unwrap();
    let third = hold(&customer, &product, 1);
    assert!(holds.hold(&third).await.unwrap());
    assert!(holds.release(&third.payment_id, HoldEnd::Expired, at(300)).await.unwrap());
    world.products.adjust(&store, &product.id, -1, at(301)).await.unwrap();
    assert_eq!(holds.order(&third.payment_id, at(302)).await.unwrap(), Ordering::NoStock);

    // One refund, whoever asks; then no order any more.
    let refunded = join_all((0..8).map(|_| async { holds.refund(&third.payment_id, RefundReason::Late, at(303)).await.unwrap() })).await;
    assert!(refunded.iter().all(|r| *r == HoldState::Refunded(RefundReason::Late)));
    assert_eq!(holds.order(&third.payment_id, at(304)).await.unwrap(), Ordering::Refunded(RefundReason::Late));
    assert_eq!(stock(world, &product).await.left(), 0);

    due(world, &customer).await;
}

/// Which payments are to be looked at, and when.
async fn due(world: &World, customer: &Email) {
    let holds = &world.holds;
    let (_, store) = world.store("둘째 가게").await;
    let product = world.product(&store, 5).await;
    let (early, late) = (hold(customer, &product, 1), NewHold { expires_at: at(400), ..hold(customer, &product, 1) });
    assert!(holds.hold(&late).await.unwrap() && holds.hold(&early).await.unwrap());
    let due = async |now, limit| holds.due(at(now), limit).await.unwrap();
    assert_eq!(due(299, 10).await, []);
    assert_eq!(due(300, 10).await, [early.payment_id.clone()]);
    assert_eq!(due(400, 10).await, [early.payment_id.clone(), late.payment_id.clone()]);
    assert_eq!(due(400, 1).await, [early.payment_id.clone()]);
    // After the release it stays watched, until the watch ends.
    assert!(holds.release(&early.payment_id, HoldEnd::Expired, at(300)).await.unwrap());
    assert_eq!(due(359, 10).await, []);
    assert_eq!(due(360, 10).await, [early.payment_id.clone()]);
    holds.watch(&early.payment_id, Some(at(390))).await.unwrap();
    assert_eq!(due(389, 10).await, []);
    holds.watch(&early.payment_id, None).await.unwrap();
    assert_eq!(due(399, 10).await, []);
    // A hold is not unwatched: its stock would stay held for ever.
    holds.watch(&late.payment_id, None).await.unwrap();
    assert_eq!(due(400, 10).await, [late.payment_id.clone()]);
}

/// `orders::ports::Orders`
pub async fn orders(world: &World) {
    let orders = &world.orders;
    let (customer, (_, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 5).await;
    let mut ids = Vec::new();
    for second in [1, 2] {
        let hold = hold(&customer, &product, 1);
        assert!(world.holds.hold(&hold).await.unwrap());
        assert_eq!(world.holds.order(&hold.payment_id, at(second)).await.unwrap(), Ordering::Made);
        ids.push(hold.payment_id);
    }
    let change = ProductChange { name: Some("새 이름".into()), price: Some(Won(1)), ..ProductChange::default() };
    world.products.change(&store, &product.id, &change, at(3)).await.unwrap();
    let order = orders.find(&ids[0]).await.unwrap().unwrap();
    assert_eq!(
        (order.status, order.product_name.as_str(), order.price, order.total_amount),
        (OrderStatus::Reservation, "도시락", Won(10_000), Won(7_000))
    );
    assert_eq!(
        (order.customer_nickname.as_str(), order.customer_phone_number.as_str(), order.store_name.as_str()),
        ("길동", "01012345678", "가게")
    );
    assert_eq!(order.preferences.preferred_menus, Some(vec!["poke".to_owned(), "salad".to_owned()]));
    assert_eq!((order.preferences.allergies, order.preferences.topping_types), (Some(vec!["egg".to_owned()]), None));
    assert_eq!(orders.find(&PaymentId::generate(&TestIds)).await.unwrap(), None);

    // Forward only, each step once, newest event first.
    assert_eq!(orders.complete(&ids[0], at(4)).await.unwrap(), None);
    let accepted = join_all((0..8).map(|_| async { orders.accept(&ids[0], at(5)).await.unwrap() })).await;
    assert_eq!(accepted.iter().flatten().count(), 1);
    let day = kst::business_day(at(0));
    let of_store: Vec<_> = orders.of_store(&store, day).await.unwrap().into_iter().map(|o| o.payment_id).collect();
    assert_eq!(of_store, ids);
    let of_customer = orders.of_customer(&customer, day).await.unwrap();
    assert_eq!(of_customer.iter().map(|o| o.order.payment_id.clone()).collect::<Vec<_>>(), ids);
    assert_eq!((of_customer[0].pickup.0.to_string(), of_customer[0].pickup.1.to_string()), ("18:00:00".to_owned(), "20:00:00".to_owned()));
    assert!(orders.of_customer(&customer, day.succ_opt().unwrap()).await.unwrap().is_empty());
    let completed = join_all((0..8).map(|_| async { orders.complete(&ids[0], at(6)).await.unwrap() })).await;
    assert_eq!(completed.iter().flatten().count(), 1);
    let order = orders.find(&ids[0]).await.unwrap().unwrap();
    assert_eq!((order.status, order.accepted_at, order.completed_at), (OrderStatus::Complete, Some(at(5)), Some(at(6))));
    assert_eq!(orders.accept(&ids[0], at(7)).await.unwrap(), None);
}

/// `orders::ports::Refunds`
pub async fn refunds(world: &World) {
    let refunds = &world.refunds;
    let (customer, (_, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 5).await;
    let hold = hold(&customer, &product, 1);
    assert!(world.holds.hold(&hold).await.unwrap());
    let payment = &hold.payment_id;
    assert!(refunds.claim(payment, at(0), at(90)).await.unwrap().is_none());
    world.holds.refund(payment, RefundReason::Mismatch, at(0)).await.unwrap();
    assert_eq!(stock(world, &product).await, counters(0, 0));

    // One of many at once has it, until its lease ends.
    assert_eq!(refunds.due(at(0), 10).await.unwrap(), [payment.clone()]);
    let claims = join_all((0..8).map(|_| async { refunds.claim(payment, at(0), at(90)).await.unwrap() })).await;
    let claim = claims.into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(claim.len(), 1);
    assert_eq!((claim[0].attempts, claim[0].look_first, claim[0].reason, &claim[0].store_id), (1, false, RefundReason::Mismatch, &store));
    assert!(refunds.due(at(89), 10).await.unwrap().is_empty());
    let again = refunds.claim(payment, at(90), at(180)).await.unwrap().unwrap();
    assert_eq!((again.attempts, again.look_first, again.key_generation), (2, true, 1));

    let attempt = |state, new_key| Attempt { state, next_at: at(200), new_key, answer: "no".into() };
    refunds.record(payment, &attempt(RefundState::Failed, true)).await.unwrap();
    assert!(refunds.claim(payment, at(199), at(300)).await.unwrap().is_none());
    assert_eq!(refunds.claim(payment, at(200), at(300)).await.unwrap().unwrap().key_generation, 2);
    refunds.record(payment, &attempt(RefundState::Succeeded, false)).await.unwrap();
    refunds.record(payment, &attempt(RefundState::Failed, true)).await.unwrap();
    assert!(refunds.due(at(9_999), 10).await.unwrap().is_empty());
    assert!(refunds.claim(payment, at(9_999), at(10_000)).await.unwrap().is_none());
}
