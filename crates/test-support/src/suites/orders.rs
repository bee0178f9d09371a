use cheapbob_domain::{
    orders::{
        Attempt, CanceledBy, Cancellation, HoldEnd, HoldState, NewHold, Order, OrderOutcome, OrderStatus, Preferences, RefundReason,
        RefundState, ports::OrderArchive,
    },
    products::{Product, ProductChange, Stock},
    shared::{Email, PaymentId, ProductId, Sale, StoreId, Won, kst},
};
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, email, hold, portone};

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
    let released =
        join_all((0..8).map(|_| async { holds.release(&first.payment_id, HoldEnd::Abandoned, at(10), &actor()).await.unwrap() })).await;
    assert_eq!(released.iter().filter(|r| **r).count(), 1);
    assert_eq!(stock(world, &product).await, counters(0, 0));
    assert_eq!(holds.find(&first.payment_id).await.unwrap().unwrap().state, HoldState::Released(HoldEnd::Abandoned));

    // Paid after all: the stock is taken again, once.
    let made = join_all((0..8).map(|_| async { holds.order(&first.payment_id, at(20), &actor()).await.unwrap() })).await;
    assert_eq!(made.iter().filter(|m| **m == OrderOutcome::Made).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|m| **m == OrderOutcome::WasThere).count(), 7, "{made:?}");
    assert_eq!(stock(world, &product).await, counters(3, 0));
    assert!(!holds.release(&first.payment_id, HoldEnd::Expired, at(30), &actor()).await.unwrap());
    assert_eq!(holds.refund(&first.payment_id, RefundReason::Late, at(30), &actor()).await.unwrap(), HoldState::Ordered);

    // From a hold: what was held is sold.
    let second = hold(&customer, &product, 2);
    assert!(holds.hold(&second).await.unwrap());
    assert_eq!(holds.order(&second.payment_id, at(20), &actor()).await.unwrap(), OrderOutcome::Made);
    assert_eq!(stock(world, &product).await, counters(5, 0));

    // Late, and the stock is gone.
    world.products.adjust(&store, &product.id, 1, at(21)).await.unwrap();
    let third = hold(&customer, &product, 1);
    assert!(holds.hold(&third).await.unwrap());
    assert!(holds.release(&third.payment_id, HoldEnd::Expired, at(300), &actor()).await.unwrap());
    world.products.adjust(&store, &product.id, -1, at(301)).await.unwrap();
    assert_eq!(holds.order(&third.payment_id, at(302), &actor()).await.unwrap(), OrderOutcome::NoStock);

    // One refund, whoever asks; then no order any more.
    let refunded =
        join_all((0..8).map(|_| async { holds.refund(&third.payment_id, RefundReason::Late, at(303), &actor()).await.unwrap() })).await;
    assert!(refunded.iter().all(|r| *r == HoldState::Refunded(RefundReason::Late)));
    assert_eq!(holds.order(&third.payment_id, at(304), &actor()).await.unwrap(), OrderOutcome::Refunded(RefundReason::Late));
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
    assert!(holds.release(&early.payment_id, HoldEnd::Expired, at(300), &actor()).await.unwrap());
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
        assert_eq!(world.holds.order(&hold.payment_id, at(second), &actor()).await.unwrap(), OrderOutcome::Made);
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
    assert_eq!(orders.complete(&ids[0], at(4), &actor()).await.unwrap(), None);
    let accepted = join_all((0..8).map(|_| async { orders.accept(&ids[0], at(5), &actor()).await.unwrap() })).await;
    assert_eq!(accepted.iter().flatten().count(), 1);
    let day = kst::business_day(at(0));
    let of_store: Vec<_> = orders.of_store(&store, day).await.unwrap().into_iter().map(|o| o.payment_id).collect();
    assert_eq!(of_store, ids);
    let of_customer = orders.of_customer(&customer, day).await.unwrap();
    assert_eq!(of_customer.iter().map(|o| o.order.payment_id.clone()).collect::<Vec<_>>(), ids);
    assert_eq!((of_customer[0].pickup.0.to_string(), of_customer[0].pickup.1.to_string()), ("18:00:00".to_owned(), "20:00:00".to_owned()));
    assert!(orders.of_customer(&customer, day.succ_opt().unwrap()).await.unwrap().is_empty());
    let completed = join_all((0..8).map(|_| async { orders.complete(&ids[0], at(6), &actor()).await.unwrap() })).await;
    assert_eq!(completed.iter().flatten().count(), 1);
    let order = orders.find(&ids[0]).await.unwrap().unwrap();
    assert_eq!((order.status, order.accepted_at, order.completed_at), (OrderStatus::Complete, Some(at(5)), Some(at(6))));
    assert_eq!(orders.accept(&ids[0], at(7), &actor()).await.unwrap(), None);
    by_the_clock(world, &customer).await;
}

/// Pickup ends, closings and the end of the day: by each store's hours (pickup until 20:00, open until 21:00).
async fn by_the_clock(world: &World, customer: &Email) {
    let (_, store) = world.store("시계 가게").await;
    let product = world.product(&store, 5).await;
    let (waiting, taken, late) = (
        ordered(world, customer, &product, 1).await,
        ordered(world, customer, &product, 1).await,
        ordered(world, customer, &product, 1).await,
    );
    world.orders.accept(&taken, at(2), &actor()).await.unwrap();
    let hours = |n: i64| at(n * 3_600);
    let mine = |mut ids: Vec<PaymentId>| {
        ids.retain(|id| [&waiting, &taken, &late].contains(&id));
        ids
    };
    let over = async |now, limit| mine(world.cancellations.pickup_over(now, None, limit).await.unwrap());
    assert!(over(hours(8) - chrono::Duration::seconds(1), 100).await.is_empty());
    let mut both = vec![waiting.clone(), late.clone()];
    both.sort();
    assert_eq!(over(hours(8), 100).await, both);
    assert!(over(hours(8), 0).await.is_empty());
    let next = mine(world.cancellations.pickup_over(hours(8), Some(&both[0]), 100).await.unwrap());
    assert_eq!(next, [both[1].clone()]);

    // What was accepted after the closing completes then, not before it was accepted.
    world.orders.accept(&late, hours(10), &actor()).await.unwrap();
    let completed = async |now| world.orders.complete_closed(now, 100, &actor()).await.unwrap();
    assert_eq!(completed(hours(9) - chrono::Duration::seconds(1)).await, 0);
    assert!(completed(hours(10)).await >= 2);
    assert_eq!(completed(hours(10)).await, 0);
    for (payment, at) in [(&taken, hours(9)), (&late, hours(10))] {
        let order = world.orders.find(payment).await.unwrap().unwrap();
        assert_eq!((order.status, order.completed_at), (OrderStatus::Complete, Some(at)));
    }
    // Whatever is open when the day is over.
    let today = kst::business_day(at(0));
    assert!(mine(world.cancellations.left_over(today, None, 100).await.unwrap()).is_empty());
    let tomorrow = today.succ_opt().unwrap();
    assert_eq!(mine(world.cancellations.left_over(tomorrow, None, 100).await.unwrap()), [waiting.clone()]);
    assert!(mine(world.cancellations.left_over(tomorrow, Some(&waiting), 100).await.unwrap()).is_empty());
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
    world.holds.refund(payment, RefundReason::Mismatch, at(0), &actor()).await.unwrap();
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

    let attempt = |state, new_key| Attempt {
        state,
        next_at: at(200),
        new_key,
        answer: "no".into(),
        amount: (state == RefundState::Succeeded).then_some(7_000),
    };
    refunds.record(payment, &attempt(RefundState::Failed, true), at(200), &actor()).await.unwrap();
    assert!(refunds.claim(payment, at(199), at(300)).await.unwrap().is_none());
    assert_eq!(refunds.claim(payment, at(200), at(300)).await.unwrap().unwrap().key_generation, 2);
    refunds.record(payment, &attempt(RefundState::Succeeded, false), at(200), &actor()).await.unwrap();
    refunds.record(payment, &attempt(RefundState::Failed, true), at(200), &actor()).await.unwrap();
    assert!(refunds.due(at(9_999), 10).await.unwrap().is_empty());
    assert!(refunds.claim(payment, at(9_999), at(10_000)).await.unwrap().is_none());
    assert!(!refunds.expedite(payment, at(9_999)).await.unwrap());
    assert!(refunds.open(10).await.unwrap().is_empty() && refunds.count().await.unwrap().is_empty());
    assert_eq!(refunds.reason(payment).await.unwrap(), Some(RefundReason::Mismatch));

    // Begun anew, with another key, by one of many.
    let reopened = join_all((0..8).map(|_| async { refunds.reopen(payment, at(500), &actor()).await.unwrap() })).await;
    assert_eq!(reopened.iter().filter(|r| **r).count(), 1);
    let open = refunds.open(10).await.unwrap();
    assert_eq!((open.len(), &open[0].payment_id, open[0].state, open[0].requested_at), (1, payment, RefundState::Unknown, at(0)));
    assert_eq!(refunds.count().await.unwrap(), [(RefundState::Unknown, 1, at(0))]);
    let claim = refunds.claim(payment, at(500), at(600)).await.unwrap().unwrap();
    assert_eq!((claim.key_generation, claim.portone_store_id.as_str(), claim.look_first), (3, portone().ids.store_id.as_str(), true));
    // Hastened, it does not wait for its next attempt; but whoever is at it is not disturbed.
    assert!(refunds.expedite(payment, at(510)).await.unwrap());
    assert!(refunds.claim(payment, at(510), at(610)).await.unwrap().is_none());
    refunds.record(payment, &Attempt { next_at: at(900), ..attempt(RefundState::Unknown, false) }, at(511), &actor()).await.unwrap();
    assert!(refunds.claim(payment, at(520), at(610)).await.unwrap().is_none());
    assert!(refunds.expedite(payment, at(520)).await.unwrap());
    assert!(refunds.claim(payment, at(520), at(610)).await.unwrap().is_some());
    assert_eq!(refunds.reason(&PaymentId::generate(&TestIds)).await.unwrap(), None);
}

fn cancellation(by: CanceledBy, second: i64) -> Cancellation {
    Cancellation { by, reason: Some("이유".to_owned()), today: kst::business_day(at(0)), at: at(second), actor: actor() }
}

async fn ordered(world: &World, customer: &Email, product: &Product, quantity: i64) -> PaymentId {
    let hold = hold(customer, product, quantity);
    assert!(world.holds.hold(&hold).await.unwrap());
    assert_eq!(world.holds.order(&hold.payment_id, at(1), &actor()).await.unwrap(), OrderOutcome::Made);
    hold.payment_id
}

/// `orders::ports::Cancellations`
pub async fn cancellations(world: &World) {
    let cancellations = &world.cancellations;
    let (customer, (_, store)) = (world.customer().await, world.store("가게").await);
    let product = world.product(&store, 5).await;
    let cancel = async |payment: &PaymentId, by, second| cancellations.cancel(payment, &cancellation(by, second)).await.unwrap();
    assert_eq!(cancel(&PaymentId::generate(&TestIds), CanceledBy::Store, 2).await, None);

    // Once, whoever of many asks: the stock is back, the refund and the mail are there.
    let first = ordered(world, &customer, &product, 2).await;
    assert_eq!(stock(world, &product).await, counters(2, 0));
    let canceled = join_all((0..8).map(|n| cancel(&first, if n % 2 == 0 { CanceledBy::Customer } else { CanceledBy::Store }, 2))).await;
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

    // From which states: the customer's ends with the acceptance, the store's with the pickup.
    let second = ordered(world, &customer, &product, 1).await;
    world.orders.accept(&second, at(3), &actor()).await.unwrap();
    assert_eq!(cancel(&second, CanceledBy::Customer, 4).await, None);
    assert!(cancel(&second, CanceledBy::Store, 4).await.is_some());
    let third = ordered(world, &customer, &product, 1).await;
    world.orders.accept(&third, at(3), &actor()).await.unwrap();
    world.orders.complete(&third, at(4), &actor()).await.unwrap();
    assert_eq!(cancel(&third, CanceledBy::Store, 5).await, None);
    assert_eq!(stock(world, &product).await, counters(1, 0));

    // An order of an ended day gives no stock back.
    let old = ordered(world, &customer, &product, 1).await;
    let tomorrow = Cancellation { today: kst::business_day(at(86_400)), ..cancellation(CanceledBy::Store, 86_400) };
    assert!(cancellations.cancel(&old, &tomorrow).await.unwrap().is_some());
    assert_eq!(stock(world, &product).await, counters(2, 0));
    closing(world, &customer).await;
}

/// A store closes while payments arrive: each is canceled, or becomes no order.
async fn closing(world: &World, customer: &Email) {
    let ((_, store), (_, other)) = (world.store("닫는 가게").await, world.store("다른 가게").await);
    let (product, elsewhere) = (world.product(&store, 20).await, world.product(&other, 5).await);
    let (open, taken) = (ordered(world, customer, &product, 1).await, ordered(world, customer, &product, 1).await);
    let (done, foreign) = (ordered(world, customer, &product, 1).await, ordered(world, customer, &elsewhere, 1).await);
    for payment in [&taken, &done] {
        world.orders.accept(payment, at(2), &actor()).await.unwrap();
    }
    world.orders.complete(&done, at(3), &actor()).await.unwrap();
    let holds: Vec<_> = (0..8).map(|_| hold(customer, &product, 1)).collect();
    for hold in &holds {
        assert!(world.holds.hold(hold).await.unwrap());
    }
    let close = async { world.cancellations.close_store(&store, &cancellation(CanceledBy::Closing, 4)).await.unwrap() };
    let paying = join_all(holds.iter().map(|hold| async { world.holds.order(&hold.payment_id, at(4), &actor()).await.unwrap() }));
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

/// An order as the archive gets it, with instants that are no whole milliseconds.
fn archived(customer: &Email, store: &StoreId, second: i64, status: OrderStatus) -> Order {
    let then = |after: i64| at(second + after) + chrono::Duration::microseconds(1_001);
    let (complete, cancel) = (status == OrderStatus::Complete, status == OrderStatus::Cancel);
    Order {
        payment_id: PaymentId::generate(&TestIds),
        customer: customer.clone(),
        customer_nickname: "길동".into(),
        customer_phone_number: "01012345678".into(),
        product_id: ProductId::generate(&TestIds),
        product_name: "도시락".into(),
        store_id: store.clone(),
        store_name: "가게".into(),
        quantity: 2,
        price: Won(10_000),
        sale: Sale::parse(30).unwrap(),
        total_amount: Won(14_000),
        status,
        business_day: kst::business_day(at(second)),
        reservation_at: then(0),
        accepted_at: complete.then(|| then(1)),
        completed_at: complete.then(|| then(2)),
        canceled_at: cancel.then(|| then(2)),
        cancel_reason: cancel.then(|| "이유".into()),
        preferences: Preferences { allergies: Some(vec!["egg".into()]), ..Preferences::default() },
    }
}

/// `orders::ports::OrderArchive`
pub async fn archive(archive: &dyn OrderArchive) {
    let (customer, other) = (email(), email());
    let (store, elsewhere) = (StoreId::generate(&TestIds), StoreId::generate(&TestIds));
    let day = 86_400;
    let orders = [
        archived(&customer, &store, 0, OrderStatus::Complete),
        archived(&customer, &store, day, OrderStatus::Cancel),
        archived(&customer, &elsewhere, 2 * day, OrderStatus::Complete),
        archived(&other, &store, 3 * day, OrderStatus::Complete),
    ];
    archive.put(&[]).await.unwrap();
    archive.put(&orders[..2]).await.unwrap();
    // Again, with others, and one that has changed: what is there stays, the others go in.
    let changed = Order { quantity: 9, ..orders[0].clone() };
    archive.put(&[changed, orders[1].clone(), orders[2].clone(), orders[3].clone()]).await.unwrap();
    for order in &orders {
        assert_eq!(archive.find(&order.payment_id).await.unwrap().as_ref(), Some(order));
    }
    assert_eq!(archive.find(&PaymentId::generate(&TestIds)).await.unwrap(), None);

    let [a, b, c, d] = &orders;
    let of_customer = async |email: &Email, limit| archive.of_customer(email, limit).await.unwrap();
    assert_eq!(of_customer(&customer, 10).await, [c.clone(), b.clone(), a.clone()]);
    assert_eq!(of_customer(&customer, 2).await, [c.clone(), b.clone()]);
    assert!(of_customer(&email(), 10).await.is_empty());
    assert_eq!(archive.of_store(&store, 10).await.unwrap(), [d.clone(), b.clone(), a.clone()]);
    assert_eq!(archive.of_store(&store, 1).await.unwrap(), [d.clone()]);

    // By the instant of the end, from … before.
    let ended = async |from, until| {
        let mut found = archive.ended_of_store(&store, from, until).await.unwrap();
        found.sort_by(Order::newest_first);
        found
    };
    assert_eq!(ended(at(0), at(4 * day)).await, [d.clone(), b.clone(), a.clone()]);
    assert_eq!(ended(at(day), chrono::DateTime::<chrono::Utc>::MAX_UTC).await, [d.clone(), b.clone()]);
    let end = b.ended_at().unwrap();
    let milli = chrono::Duration::milliseconds(2);
    assert_eq!(ended(end - milli, end + milli).await, [b.clone()]);
    assert!(ended(at(4 * day), at(5 * day)).await.is_empty());

    // Several, as far as they are there; then without who bought.
    let ids = [a.payment_id.clone(), PaymentId::generate(&TestIds), d.payment_id.clone()];
    let mut found = archive.find_all(&ids).await.unwrap();
    found.sort_by(Order::newest_first);
    assert_eq!(found, [d.clone(), a.clone()]);
    assert!(archive.find_all(&[]).await.unwrap().is_empty());
    let nobody = email();
    archive.pseudonymize(&customer, &nobody).await.unwrap();
    assert!(of_customer(&customer, 10).await.is_empty());
    let expected = [c, b, a].map(|order| order.clone().of_nobody(nobody.clone()));
    assert_eq!(of_customer(&nobody, 10).await, expected);
    assert_eq!(archive.find(&d.payment_id).await.unwrap().as_ref(), Some(d));
}
