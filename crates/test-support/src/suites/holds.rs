//! `orders::ports::Holds`: stock kept for unpaid payments (contract, Payment rules).

use cheapbob_domain::{
    orders::{CanceledBy, Cancellation, Expected, HoldEnd, HoldState, NewHold, OrderOutcome, PricePaid, RefundReason},
    products::{NewProduct, PastPrice, PriceStep, PriceSteps, Pricing, Product, ProductChange},
    shared::{Email, PaymentId, ProductId, Sale, Won, kst},
    stores::PortOneIds,
};
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, counters, hold, new_product, paid, portone, stock};

/// Contract, Payment rules: price, discount, hours and what is left decide; a product that is not there offers nothing.
pub async fn offer_says_what_can_be_bought(world: &World) {
    let holds = &world.holds;
    let (customer, store, product) = world.five_pieces().await;
    let offer = holds.offer(&product.id, &customer, 1, at(0)).await.unwrap().unwrap();
    assert_eq!((offer.left, offer.pricing.price, offer.pricing.sale, &offer.store_id), (5, Won(10_000), Sale::parse(30).unwrap(), &store));
    assert_eq!((offer.calendar.today.day_of_week, offer.calendar.today.is_open_enabled, offer.buyer_registered), (1, true, true));
    assert_eq!((offer.portone, offer.calendar.payment_ready), (Some(portone().ids), true));
    assert!(!holds.offer(&product.id, &customer, 6, at(0)).await.unwrap().unwrap().calendar.today.is_open_enabled);
    assert_eq!(holds.offer(&ProductId::generate(&TestIds), &customer, 1, at(0)).await.unwrap(), None);
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
    let other = world.customer().await;
    assert!(!world.holds.hold(&hold(&other, &product, 3)).await.unwrap());
    let dearer = Pricing { price: Won(9_000), ..product.pricing() };
    assert!(!world.holds.hold(&NewHold { pricing: dearer, ..hold(&other, &product, 1) }).await.unwrap());
    assert_eq!(stock(world, &product).await, counters(0, 3));
}

/// Of holds at once each is decided by itself, in the order in which they were asked: one that asks for more than is left gets nothing,
/// and takes nothing from whoever comes after it.
pub async fn holds_at_once_are_decided_in_turn(world: &World) {
    let (_, _, product) = world.five_pieces().await;
    let mut asked = Vec::new();
    for quantity in [2, 7, 1, 4, 2, 1] {
        asked.push(hold(&world.customer().await, &product, quantity));
    }
    let held = join_all(asked.iter().map(|hold| async { world.holds.hold(hold).await.unwrap() })).await;
    assert_eq!(held, [true, false, true, false, true, false]);
    assert_eq!(stock(world, &product).await, counters(0, 5));
}

/// One that fails takes no other with it.
pub async fn holds_at_once_fail_alone(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    let first = hold(&customer, &product, 1);
    assert!(world.holds.hold(&first).await.unwrap());
    let mut asked = Vec::new();
    for _ in 0..4 {
        asked.push(hold(&world.customer().await, &product, 1));
    }
    // No payment is there twice.
    asked[2].payment_id = first.payment_id.clone();
    let held = join_all(asked.iter().map(|hold| world.holds.hold(hold))).await;
    assert_eq!(held.into_iter().map(Result::ok).collect::<Vec<_>>(), [Some(true), Some(true), None, Some(true)]);
    assert_eq!(stock(world, &product).await, counters(0, 4));
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
    assert_eq!(holds.order(&second.payment_id, &paid(2), at(20), &actor()).await.unwrap(), OrderOutcome::Made);
    assert_eq!(stock(world, &product).await, counters(2, 0));
}

/// Contract, Payment rules: money that comes after the release takes the stock again, once, and is then an order for good.
pub async fn late_payment_takes_the_stock_again_once(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let first = hold(&customer, &product, 3);
    assert!(holds.hold(&first).await.unwrap());
    assert!(holds.release(&first.payment_id, HoldEnd::Abandoned, at(10), &actor()).await.unwrap());
    let made = join_all((0..8).map(|_| async { holds.order(&first.payment_id, &paid(3), at(20), &actor()).await.unwrap() })).await;
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
    assert_eq!(holds.order(&others.payment_id, &paid(5), at(20), &actor()).await.unwrap(), OrderOutcome::Made);
    world.products.adjust(&store, &product.id, 1, at(21)).await.unwrap();
    let third = hold(&customer, &product, 1);
    assert!(holds.hold(&third).await.unwrap());
    assert!(holds.release(&third.payment_id, HoldEnd::Expired, at(300), &actor()).await.unwrap());
    world.products.adjust(&store, &product.id, -1, at(301)).await.unwrap();
    assert_eq!(holds.order(&third.payment_id, &paid(1), at(302), &actor()).await.unwrap(), OrderOutcome::NoStock);
    let refunded =
        join_all((0..8).map(|_| async { holds.refund(&third.payment_id, RefundReason::Late, at(303), &actor()).await.unwrap() })).await;
    assert!(refunded.iter().all(|r| *r == HoldState::Refunded(RefundReason::Late)));
    assert_eq!(holds.order(&third.payment_id, &paid(1), at(304), &actor()).await.unwrap(), OrderOutcome::Refunded(RefundReason::Late));
    assert_eq!(stock(world, &product).await.left(), 0);
}

/// Contract, payment/init (five minutes): due at the end and not before, the longest overdue first, as many as asked for.
pub async fn hold_expiry_is_due_at_its_end(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let (early, late) = (hold(&customer, &product, 1), NewHold { expires_at: at(400), ..hold(&world.customer().await, &product, 1) });
    assert!(holds.hold(&late).await.unwrap() && holds.hold(&early).await.unwrap());
    let due = async |now, limit| holds.due(at(now), limit, limit).await.unwrap();
    assert_eq!(due(299, 10).await, []);
    assert_eq!(due(300, 10).await, [early.payment_id.clone()]);
    assert_eq!(due(400, 10).await, [early.payment_id.clone(), late.payment_id.clone()]);
    assert_eq!(due(400, 1).await, [early.payment_id.clone()]);
}

/// Holds whose time is over come before payments that are watched, however long those are due, and neither takes the other's place.
pub async fn hold_expiry_comes_before_looks_and_leaves_them_their_place(world: &World) {
    let (holds, (_, _, product)) = (&world.holds, world.five_pieces().await);
    let (mut watched, mut ended) = (Vec::new(), Vec::new());
    for n in 0..2 {
        let left = hold(&world.customer().await, &product, 1);
        assert!(holds.hold(&left).await.unwrap());
        assert!(holds.release(&left.payment_id, HoldEnd::Abandoned, at(n), &actor()).await.unwrap());
        watched.push(left.payment_id);
        let over = NewHold { expires_at: at(300 + n), ..hold(&world.customer().await, &product, 1) };
        assert!(holds.hold(&over).await.unwrap());
        ended.push(over.payment_id);
    }
    let due = async |ended, watched| holds.due(at(400), ended, watched).await.unwrap();
    assert_eq!(due(9, 9).await, [&ended[0], &ended[1], &watched[0], &watched[1]].map(Clone::clone));
    assert_eq!(due(1, 1).await, [&ended[0], &watched[0]].map(Clone::clone));
    assert_eq!(due(9, 1).await, [&ended[0], &ended[1], &watched[0]].map(Clone::clone));
    assert_eq!(due(0, 9).await, watched);
    assert_eq!(due(9, 0).await, ended);
}

/// The PortOne stores come in turn: one with many due holds keeps those of others waiting for one of them at most.
pub async fn hold_expiry_takes_the_stores_in_turn(world: &World) {
    let holds = &world.holds;
    let (_, _, flooded) = world.five_pieces().await;
    let (_, _, quiet) = world.five_pieces().await;
    let held = async |product: &Product, portone_store: &str, over: i64| {
        let portone = PortOneIds { store_id: portone_store.to_owned(), ..portone().ids };
        let hold = NewHold { portone, expires_at: at(over), ..hold(&world.customer().await, product, 1) };
        assert!(holds.hold(&hold).await.unwrap());
        hold.payment_id
    };
    let mut many = Vec::new();
    for n in 0..4 {
        many.push(held(&flooded, "flooded", 300 + n).await);
    }
    let one = held(&quiet, "quiet", 310).await;
    assert_eq!(holds.due(at(400), 2, 0).await.unwrap(), [many[0].clone(), one.clone()]);
    for payment in many.iter().chain([&one]) {
        assert!(holds.release(payment, HoldEnd::Expired, at(400), &actor()).await.unwrap());
    }
    // So are the looks that follow.
    for (n, payment) in many.iter().chain([&one]).enumerate() {
        holds.watch(payment, Some(at(500 + n as i64))).await.unwrap();
    }
    assert_eq!(holds.due(at(600), 0, 2).await.unwrap(), [many[0].clone(), one]);
}

/// Contract, Payment rules: after the release the payment is looked at again, until the watch ends.
pub async fn hold_expiry_leaves_the_payment_watched(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let early = hold(&customer, &product, 1);
    assert!(holds.hold(&early).await.unwrap());
    let due = async |now, limit| holds.due(at(now), limit, limit).await.unwrap();
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
    assert_eq!(holds.due(at(300), 10, 10).await.unwrap(), [held.payment_id]);
}

/// A hold in the place of another.
fn instead(customer: &Email, product: &Product, quantity: i64, of: &NewHold) -> NewHold {
    NewHold { replaces: Some((of.payment_id.clone(), HoldEnd::Abandoned)), ..hold(customer, product, quantity) }
}

/// Additions, Limits: a hold takes over the stock of the one that it replaces, also the last piece; of many at once one does.
pub async fn hold_takes_the_place_of_the_unpaid_one(world: &World) {
    let (holds, (customer, _, product)) = (&world.holds, world.five_pieces().await);
    let first = hold(&customer, &product, 5);
    assert!(holds.hold(&first).await.unwrap());
    let offer = holds.offer(&product.id, &customer, 1, at(1)).await.unwrap().unwrap();
    assert_eq!((offer.left, offer.buying.unpaid, offer.buying.unpaid_pieces), (0, Some(first.payment_id.clone()), 5));
    // One for each product.
    assert!(!holds.hold(&hold(&customer, &product, 1)).await.unwrap());
    let next: Vec<_> = (0..8).map(|_| instead(&customer, &product, 4, &first)).collect();
    let made = join_all(next.iter().map(|hold| async { holds.hold(hold).await.unwrap() })).await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert_eq!(stock(world, &product).await, counters(0, 4));
    assert_eq!(holds.find(&first.payment_id).await.unwrap().unwrap().state, HoldState::Released(HoldEnd::Abandoned));
    // Watched, and told in the audit log.
    assert_eq!(holds.due(at(60), 10, 10).await.unwrap(), [first.payment_id.clone()]);
    let events = world.audit.of_payment(&product.store_id, &first.payment_id).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!(
        (last.event.as_str(), last.detail.as_deref(), last.actor.as_deref()),
        ("released", Some("abandoned"), Some(customer.as_str()))
    );
    // What is an order is not replaced, nor is there more than there is.
    let held = next.iter().zip(made).find(|(_, made)| *made).unwrap().0;
    assert!(!holds.hold(&instead(&customer, &product, 6, held)).await.unwrap());
    assert_eq!(holds.order(&held.payment_id, &paid(4), at(20), &actor()).await.unwrap(), OrderOutcome::Made);
    assert!(!holds.hold(&instead(&customer, &product, 1, held)).await.unwrap());
    assert_eq!(stock(world, &product).await, counters(4, 0));
}

/// Additions, Limits: three holds at once, whatever comes at once; one whose time is over is none.
pub async fn customer_has_three_holds_at_once(world: &World) {
    let (customer, (_, store)) = (world.customer().await, world.store("가게").await);
    let mut products = Vec::new();
    for _ in 0..8 {
        products.push(world.product(&store, 5).await);
    }
    let wanted: Vec<_> = products.iter().map(|product| hold(&customer, product, 1)).collect();
    let made = join_all(wanted.iter().map(|hold| async { world.holds.hold(hold).await.unwrap() })).await;
    assert_eq!(made.iter().filter(|made| **made).count(), 3, "{made:?}");
    let (free, _) = products.iter().zip(&made).find(|(_, made)| !**made).unwrap();
    assert_eq!(world.holds.offer(&free.id, &customer, 1, at(1)).await.unwrap().unwrap().buying.others, [at(300); 3]);
    let later = |second| NewHold { created_at: at(second), expires_at: at(second + 300), ..hold(&customer, free, 1) };
    assert!(!world.holds.hold(&later(299)).await.unwrap());
    assert!(world.holds.hold(&later(300)).await.unwrap());
    // Somebody else's are nobody's business.
    assert!(world.holds.hold(&hold(&world.customer().await, free, 1)).await.unwrap());
}

/// Additions, Limits: ten holds in an hour that ended without money are enough; one that took another's place counts once, one that was
/// paid does not.
pub async fn ten_holds_that_came_to_nothing_are_enough_for_an_hour(world: &World) {
    let (holds, customer, (_, store)) = (&world.holds, world.customer().await, world.store("가게").await);
    let product = world.product(&store, 50).await;
    let (bought, mut last) = (hold(&customer, &product, 1), hold(&customer, &product, 1));
    assert!(holds.hold(&bought).await.unwrap());
    assert_eq!(holds.order(&bought.payment_id, &paid(1), at(1), &actor()).await.unwrap(), OrderOutcome::Made);
    assert!(holds.hold(&last).await.unwrap());
    for _ in 0..12 {
        let next = instead(&customer, &product, 1, &last);
        assert!(holds.hold(&next).await.unwrap());
        last = next;
    }
    for ended in 0..10 {
        let offer = holds.offer(&product.id, &customer, 1, at(1)).await.unwrap().unwrap();
        assert_eq!(offer.buying.fruitless, vec![at(0); ended]);
        assert!(holds.release(&last.payment_id, HoldEnd::Abandoned, at(10), &actor()).await.unwrap());
        last = hold(&customer, &product, 1);
        assert_eq!(holds.hold(&last).await.unwrap(), ended < 9, "{ended}");
    }
    let later = |second| NewHold { created_at: at(second), expires_at: at(second + 300), ..hold(&customer, &product, 1) };
    assert!(!holds.hold(&later(3_599)).await.unwrap());
    assert!(holds.hold(&later(3_600)).await.unwrap());
}

/// Additions, Limits: the pieces that a customer has held or ordered of a product in a business day, whatever comes at once, and also by
/// a payment that comes late; what was canceled counts no more.
pub async fn customer_gets_no_more_pieces_than_the_limit(world: &World) {
    let (holds, customer, (_, store)) = (&world.holds, world.customer().await, world.store("가게").await);
    let limited = NewProduct { max_per_customer: Some(2), ..new_product("도시락", 50) };
    let product = world.products.register(&ProductId::generate(&TestIds), &store, &limited, at(0)).await.unwrap().unwrap();
    assert_eq!(product.max_per_customer, Some(2));
    assert!(!holds.hold(&hold(&customer, &product, 3)).await.unwrap());
    let (late, early) = (hold(&customer, &product, 1), hold(&customer, &product, 2));
    assert!(holds.hold(&late).await.unwrap());
    assert!(holds.hold(&NewHold { replaces: Some((late.payment_id.clone(), HoldEnd::Abandoned)), ..early.clone() }).await.unwrap());
    // Held as it is, there is no room for a payment that comes late.
    assert_eq!(holds.order(&late.payment_id, &paid(1), at(5), &actor()).await.unwrap(), OrderOutcome::NoStock);
    assert_eq!(holds.order(&early.payment_id, &paid(2), at(5), &actor()).await.unwrap(), OrderOutcome::Made);
    assert_eq!(holds.order(&late.payment_id, &paid(1), at(6), &actor()).await.unwrap(), OrderOutcome::NoStock);
    assert_eq!(holds.offer(&product.id, &customer, 1, at(7)).await.unwrap().unwrap().buying.ordered_pieces, 2);
    assert!(!holds.hold(&hold(&customer, &product, 1)).await.unwrap());
    let next_day = NewHold { business_day: kst::business_day(at(86_400)), ..hold(&customer, &product, 1) };
    assert!(holds.hold(&next_day).await.unwrap());
    assert!(holds.release(&next_day.payment_id, HoldEnd::Abandoned, at(8), &actor()).await.unwrap());

    let cancellation = Cancellation { by: CanceledBy::Customer, reason: None, today: kst::business_day(at(0)), at: at(9), actor: actor() };
    world.cancellations.cancel(&early.payment_id, &cancellation).await.unwrap().unwrap();
    // Late payments of several, at once: as many as there is room for.
    let mut released = Vec::new();
    for _ in 0..6 {
        let over = hold(&customer, &product, 1);
        assert!(holds.hold(&over).await.unwrap());
        assert!(holds.release(&over.payment_id, HoldEnd::Expired, at(300), &actor()).await.unwrap());
        released.push(over.payment_id);
    }
    let made = join_all(released.iter().map(|late| async { holds.order(late, &paid(1), at(301), &actor()).await.unwrap() })).await;
    assert_eq!(made.iter().filter(|made| **made == OrderOutcome::Made).count(), 2, "{made:?}");
    let unlimited = ProductChange { max_per_customer: Some(None), ..ProductChange::default() };
    let product = world.change(&store, &product.id, &unlimited, 302).await.unwrap();
    assert_eq!(product.max_per_customer, None);
    assert!(holds.hold(&hold(&customer, &product, 20)).await.unwrap());
}

/// Additions, Prices that a person has seen: a hold knows the prices of the quarter of an hour before it, and the order has the one paid.
pub async fn hold_knows_the_prices_that_its_customer_may_have_seen(world: &World) {
    let (holds, (customer, store, product)) = (&world.holds, world.five_pieces().await);
    let change = async |price, sale, second| {
        let change = ProductChange { price: Some(Won(price)), sale: Some(Sale::parse(sale).unwrap()), ..ProductChange::default() };
        world.change(&store, &product.id, &change, second).await.unwrap()
    };
    let price = |price, sale| (Won(price), Sale::parse(sale).unwrap());
    let seen_by = async |product: &Product, second| {
        let at_then = NewHold { created_at: at(second), expires_at: at(second + 300), ..hold(&world.customer().await, product, 1) };
        assert!(holds.hold(&at_then).await.unwrap());
        let found = holds.find(&at_then.payment_id).await.unwrap().unwrap();
        assert!(holds.release(&at_then.payment_id, HoldEnd::Abandoned, at(second), &actor()).await.unwrap());
        found.seen_prices
    };
    assert!(seen_by(&product, 0).await.is_empty());
    change(8_000, 0, 600).await;
    let product = change(9_000, 10, 1_200).await;
    assert_eq!(seen_by(&product, 1_300).await, [price(8_000, 0), price(10_000, 30)]);
    assert_eq!(seen_by(&product, 1_499).await, [price(8_000, 0), price(10_000, 30)]);
    assert_eq!(seen_by(&product, 1_500).await, [price(8_000, 0)]);
    // A change of anything else is none of the price.
    let renamed = ProductChange { name: Some("새 이름".into()), price: Some(Won(9_000)), ..ProductChange::default() };
    let product = world.change(&store, &product.id, &renamed, 2_000).await.unwrap();
    assert_eq!(seen_by(&product, 2_099).await, [price(8_000, 0)]);
    assert!(seen_by(&product, 2_100).await.is_empty());

    let held = NewHold { created_at: at(2_000), expires_at: at(2_300), ..hold(&customer, &product, 2) };
    assert!(holds.hold(&held).await.unwrap());
    let seen = PricePaid { price: Won(8_000), sale: Sale::NONE, total_amount: Won(16_000) };
    assert_eq!(holds.order(&held.payment_id, &seen, at(2_001), &actor()).await.unwrap(), OrderOutcome::Made);
    let order = world.orders.find(&held.payment_id).await.unwrap().unwrap();
    assert_eq!((order.price, order.sale, order.total_amount), (Won(8_000), Sale::NONE, Won(16_000)));
    let booked = world.books.find(std::slice::from_ref(&held.payment_id)).await.unwrap();
    assert_eq!(booked[0].expected, Expected::Money(16_000));
}

/// Additions, Price steps: whose prices have changed since they were read holds nothing; a price that ended at a step was seen if it was in
/// force since the last change.
pub async fn hold_is_of_the_steps_that_were_read(world: &World) {
    let (holds, (customer, store, product)) = (&world.holds, world.five_pieces().await);
    let step = PriceStep { minutes_before_pickup_end: 60, sale: Sale::parse(50).unwrap() };
    let change = ProductChange { steps: PriceSteps::stored(vec![step]), ..ProductChange::default() };
    let stepped = world.change(&store, &product.id, &change, 600).await.unwrap();
    let at_then = |product: &Product| NewHold { created_at: at(900), expires_at: at(1_200), ..hold(&customer, product, 1) };
    assert!(!holds.hold(&at_then(&product)).await.unwrap());
    assert!(!holds.hold(&NewHold { pricing: Pricing { sale: Sale::NONE, ..stepped.pricing() }, ..at_then(&stepped) }).await.unwrap());

    let offer = holds.offer(&product.id, &customer, kst::weekday(at(900)), at(900)).await.unwrap().unwrap();
    assert_eq!((&offer.pricing, offer.pickup_ends.0.iter().flatten().count()), (&stepped.pricing(), 2));
    // Before Monday lies Sunday, on which the store does not open.
    let of_monday = holds.offer(&product.id, &customer, 0, at(900)).await.unwrap().unwrap();
    assert_eq!(of_monday.pickup_ends.0.iter().flatten().count(), 1);

    let past = |sale, from, until| PastPrice { price: Won(10_000), sale: Sale::parse(sale).unwrap(), from: at(from), until: at(until) };
    let held = NewHold {
        sale: Sale::parse(50).unwrap(),
        total_amount: Won(5_000),
        stepped: vec![past(10, 0, 600), past(20, 600, 601)],
        ..at_then(&stepped)
    };
    assert!(holds.hold(&held).await.unwrap());
    let found = holds.find(&held.payment_id).await.unwrap().unwrap();
    let seen: Vec<_> = found.seen_prices.iter().map(|(price, sale)| (price.0, sale.get())).collect();
    assert_eq!((found.sale.get(), seen), (50, vec![(10_000, 20), (10_000, 30)]));
}
