//! `orders::ports::Orders` and what of `orders::ports::Cancellations` goes by the clock (contract, Seller; Daily rollover).

use cheapbob_domain::{
    orders::{Listener, NewHold, OrderOutcome, OrderStatus, Snapshot},
    products::ProductChange,
    shared::{PaymentId, Validation, Won, kst},
    stores::{DayInput, NewStore, Week},
    users::Role,
};
use chrono::{Duration, NaiveTime};
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, hold, new_store, paid};

/// Contract, Shared shapes: an order keeps what was bought, by whom and where, whatever the product becomes later.
pub async fn order_keeps_what_was_bought(world: &World) {
    let (customer, store, product) = world.five_pieces().await;
    let payment = world.ordered(&customer, &product, 1).await;
    let change = ProductChange { name: Some("새 이름".into()), price: Some(Won(1)), ..ProductChange::default() };
    world.change(&store, &product.id, &change, 3).await;
    let order = world.orders.find(&payment).await.unwrap().unwrap();
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
    assert_eq!(world.orders.find(&PaymentId::generate(&TestIds)).await.unwrap(), None);
}

/// Contract, Seller: forward only, each step once, whoever of many asks.
pub async fn order_goes_forward_one_step_at_a_time(world: &World) {
    let (orders, (customer, _, product)) = (&world.orders, world.five_pieces().await);
    let payment = world.ordered(&customer, &product, 1).await;
    assert_eq!(orders.complete(&payment, at(4), &actor()).await.unwrap(), None);
    let accepted = join_all((0..8).map(|_| async { orders.accept(&payment, at(5), &actor()).await.unwrap() })).await;
    assert_eq!(accepted.iter().flatten().count(), 1);
    let completed = join_all((0..8).map(|_| async { orders.complete(&payment, at(6), &actor()).await.unwrap() })).await;
    assert_eq!(completed.iter().flatten().count(), 1);
    let order = orders.find(&payment).await.unwrap().unwrap();
    assert_eq!((order.status, order.accepted_at, order.completed_at), (OrderStatus::Complete, Some(at(5)), Some(at(6))));
    assert_eq!(orders.accept(&payment, at(7), &actor()).await.unwrap(), None);
}

/// Contract, Customer and Seller: the lists of today, newest event first; a customer's with the store's pickup hours.
pub async fn lists_of_a_day_begin_with_the_newest_event(world: &World) {
    let (orders, customer, (seller, store)) = (&world.orders, world.customer().await, world.store("가게").await);
    let product = world.product(&store, 5).await;
    let ids = [world.ordered_at(&customer, &product, 1, 1).await, world.ordered_at(&customer, &product, 1, 2).await];
    orders.accept(&ids[0], at(5), &actor()).await.unwrap();
    let day = kst::business_day(at(0));
    let of_seller: Vec<_> = orders.of_seller(&seller, day).await.unwrap().into_iter().map(|o| o.payment_id).collect();
    assert_eq!(of_seller, ids);
    assert!(orders.of_seller(&customer, day).await.unwrap().is_empty());
    let of_customer = orders.of_customer(&customer, day).await.unwrap();
    assert_eq!(of_customer.iter().map(|o| o.order.payment_id.clone()).collect::<Vec<_>>(), ids);
    assert_eq!((of_customer[0].pickup.0.to_string(), of_customer[0].pickup.1.to_string()), ("18:00:00".to_owned(), "20:00:00".to_owned()));
    assert!(orders.of_customer(&customer, day.succ_opt().unwrap()).await.unwrap().is_empty());
}

fn o_clock(hour: i16) -> NaiveTime {
    NaiveTime::from_hms_opt(hour.try_into().unwrap(), 0, 0).unwrap()
}

/// Contract, Customer and Seller (orders/today): many who ask at once are each shown their own.
pub async fn lists_of_a_day_at_once_are_each_ones_own(world: &World) {
    let mut asks = Vec::new();
    for n in 0..6 {
        let (customer, (seller, store)) = (world.customer().await, world.store("가게").await);
        let product = world.product(&store, 5).await;
        let mut ids = Vec::new();
        for second in 0..n % 3 {
            ids.insert(0, world.ordered_at(&customer, &product, 1, second + 1).await);
        }
        asks.push((customer, seller, ids));
    }
    let day = kst::business_day(at(0));
    let of_customers = join_all(asks.iter().map(|(customer, ..)| async {
        let list = world.orders.of_customer(customer, day).await.unwrap();
        list.into_iter().map(|today| today.order.payment_id).collect::<Vec<_>>()
    }));
    let of_sellers = join_all(asks.iter().map(|(_, seller, _)| async {
        let list = world.orders.of_seller(seller, day).await.unwrap();
        list.into_iter().map(|order| order.payment_id).collect::<Vec<_>>()
    }));
    let (of_customers, of_sellers) = tokio::join!(of_customers, of_sellers);
    let own: Vec<_> = asks.into_iter().map(|(.., ids)| ids).collect();
    assert_eq!((of_customers, of_sellers), (own.clone(), own));
}

/// Under one version a reader may keep what it has read of the archive.
pub async fn the_archive_has_another_version_when_orders_go_there_or_it_is_said(world: &World) {
    let (customer, _, product) = world.five_pieces().await;
    let list = async || world.orders.all_of_customer(&customer).await.unwrap();
    let version = list().await.1;
    let order = world.ordered_at(&customer, &product, 1, 1).await;
    world.ended.delete(&[]).await.unwrap();
    let (orders, still) = list().await;
    assert_eq!((orders.len(), still), (1, version));
    assert_eq!(world.ended.delete(std::slice::from_ref(&order)).await.unwrap(), 1);
    let (orders, next) = list().await;
    assert!(orders.is_empty() && next != version, "{next:?}");
    world.ended.archive_changed().await.unwrap();
    assert_ne!(list().await.1, next);
}

/// Hours that differ from day to day: on day `d` pickup is from `d` + 8 to `d` + 9 o'clock, closing at `d` + 10.
fn different_days() -> Week {
    let times: Vec<_> = (0..7).map(|d| [0, d + 10, d + 8, d + 9].map(|hour| format!("{hour:02}:00"))).collect();
    let inputs: Vec<_> = (0..)
        .zip(&times)
        .map(|(day_of_week, times)| DayInput { day_of_week, times: times.each_ref().map(|t| Some(t.as_str())), is_open_enabled: true })
        .collect();
    Week::parse("week", &inputs, &mut Validation::default()).unwrap()
}

/// Contract, TodayOrder and Daily rollover: an order has the hours of the day of its purchase ([`kst::hours_day`]), also between midnight
/// and 04:00, in what its customer reads as at the end of pickup and at closing time.
pub async fn an_order_has_the_hours_of_the_day_of_its_purchase(world: &World) {
    let (customer, seller) = (world.customer().await, world.account(Role::Seller).await);
    let store = NewStore { week: different_days(), ..new_store("가게") };
    assert!(world.stores.register(&seller, &store, false, at(0)).await.unwrap());
    let product = world.product(&store.id, 50).await;
    // From Tuesday noon to Wednesday evening, on both sides of midnight and of four o'clock.
    for hours in [0, 11, 12, 13, 15, 16, 17, 30] {
        let bought = at(hours * 3_600);
        let hold = NewHold { business_day: kst::business_day(bought), ..hold(&customer, &product, 1) };
        assert!(world.holds.hold(&hold).await.unwrap());
        assert_eq!(world.holds.order(&hold.payment_id, &paid(1), bought, &actor()).await.unwrap(), OrderOutcome::Made);
        let payment = &hold.payment_id;
        let (day, row) = (kst::hours_day(bought), kst::weekday(bought));

        let today = world.orders.of_customer(&customer, hold.business_day).await.unwrap();
        let shown = today.iter().find(|o| o.order.payment_id == *payment).unwrap();
        assert_eq!(shown.pickup, (o_clock(row + 8), o_clock(row + 9)), "{bought}");

        let over = async |now| world.cancellations.pickup_over(now, None, 100).await.unwrap().contains(payment);
        let end = kst::instant(day, o_clock(row + 9));
        assert!(!over(end - Duration::seconds(1)).await && over(end).await, "{bought}");

        world.orders.accept(payment, bought, &actor()).await.unwrap().unwrap();
        let closing = kst::instant(day, o_clock(row + 10));
        assert_eq!(world.orders.complete_closed(closing - Duration::seconds(1), 100, &actor()).await.unwrap(), 0, "{bought}");
        assert_eq!(world.orders.complete_closed(closing, 100, &actor()).await.unwrap(), 1, "{bought}");
        let complete = world.orders.find(payment).await.unwrap().unwrap();
        assert_eq!(complete.completed_at, Some(closing.max(bought)), "{bought}");
    }
}

/// The instant `n` hours after noon; the store's pickup ends at 20:00, it closes at 21:00.
fn hours(n: i64) -> chrono::DateTime<chrono::Utc> {
    at(n * 3_600)
}

/// Three orders of one store: waiting, accepted, waiting.
async fn three(world: &World) -> [PaymentId; 3] {
    let (customer, _, product) = world.five_pieces().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.ordered(&customer, &product, 1).await);
    }
    ids.sort();
    world.orders.accept(&ids[1], at(2), &actor()).await.unwrap();
    ids.try_into().unwrap()
}

/// Contract, Daily rollover: from the end of pickup on, what no store has accepted, page by page.
pub async fn pickup_end_finds_what_was_not_accepted(world: &World) {
    let [waiting, _, late] = three(world).await;
    let over = async |now, after: Option<&PaymentId>, limit| world.cancellations.pickup_over(now, after, limit).await.unwrap();
    assert!(over(hours(8) - Duration::seconds(1), None, 100).await.is_empty());
    assert_eq!(over(hours(8), None, 100).await, [waiting.clone(), late.clone()]);
    assert!(over(hours(8), None, 0).await.is_empty());
    assert_eq!(over(hours(8), Some(&waiting), 100).await, [late]);
}

/// Contract, Daily rollover: what was accepted is picked up when the store closes; what was accepted after the closing, then.
pub async fn closing_time_completes_what_was_accepted(world: &World) {
    let [waiting, taken, late] = three(world).await;
    world.orders.accept(&late, hours(10), &actor()).await.unwrap();
    let completed = async |now| world.orders.complete_closed(now, 100, &actor()).await.unwrap();
    assert_eq!(completed(hours(9) - Duration::seconds(1)).await, 0);
    assert_eq!(completed(hours(10)).await, 2);
    assert_eq!(completed(hours(10)).await, 0);
    for (payment, at) in [(&taken, hours(9)), (&late, hours(10))] {
        let order = world.orders.find(payment).await.unwrap().unwrap();
        assert_eq!((order.status, order.completed_at), (OrderStatus::Complete, Some(at)));
    }
    assert_eq!(world.orders.find(&waiting).await.unwrap().unwrap().status, OrderStatus::Reservation);
}

/// Contract, Daily rollover: whatever is open when its business day is over, page by page.
pub async fn day_end_finds_what_was_left_open(world: &World) {
    let [waiting, taken, late] = three(world).await;
    world.orders.accept(&late, hours(10), &actor()).await.unwrap();
    assert_eq!(world.orders.complete_closed(hours(10), 100, &actor()).await.unwrap(), 2);
    let left = async |day, after: Option<&PaymentId>| world.cancellations.left_over(day, after, 100).await.unwrap();
    let today = kst::business_day(at(0));
    assert!(left(today, None).await.is_empty());
    let tomorrow = today.succ_opt().unwrap();
    assert_eq!(left(tomorrow, None).await, [waiting.clone()]);
    assert!(left(tomorrow, Some(&waiting)).await.is_empty());
    assert_eq!(world.orders.find(&taken).await.unwrap().unwrap().status, OrderStatus::Complete);
}

/// Additions, Live: each change of an order is told once, in order, to its store and its customer and to nobody else.
pub async fn each_change_is_told_to_store_and_customer(world: &World) {
    let (changes, (customer, store, product)) = (&world.changes, world.five_pieces().await);
    let begin = changes.now().await.unwrap();
    let payment = world.ordered(&customer, &product, 1).await;
    let placed = changes.now().await.unwrap();
    world.orders.accept(&payment, at(5), &actor()).await.unwrap();
    world.orders.complete(&payment, at(6), &actor()).await.unwrap();
    world.orders.complete(&payment, at(7), &actor()).await.unwrap();
    let (_, now) = changes.since(&placed, 1_000).await.unwrap();
    let missed = async |listener: &Listener, since: &Snapshot, until: &Snapshot, after, limit| {
        let missed = changes.missed(listener, since, until, after, limit).await.unwrap();
        assert!(missed.iter().all(|change| change.payment_id == payment && change.listeners().contains(listener)));
        missed.into_iter().map(|change| (change.status, change.id)).collect::<Vec<_>>()
    };
    let states = |missed: &[(OrderStatus, i64)]| missed.iter().map(|(status, _)| *status).collect::<Vec<_>>();
    let all = [OrderStatus::Reservation, OrderStatus::Accept, OrderStatus::Complete];
    for listener in [Listener::Store(store), Listener::Customer(customer)] {
        let told = missed(&listener, &begin, &now, 0, 9).await;
        assert_eq!(states(&told), all);
        assert_eq!(states(&missed(&listener, &begin, &now, told[0].1, 1).await), [OrderStatus::Accept]);
        assert_eq!(states(&missed(&listener, &begin, &placed, 0, 9).await), [OrderStatus::Reservation]);
        assert_eq!(states(&missed(&listener, &placed, &now, 0, 9).await), all[1..]);
        assert_eq!(states(&missed(&listener, &Snapshot::of_nothing(), &now, 0, 9).await), all);
    }
    let (stranger, ..) = world.five_pieces().await;
    assert!(missed(&Listener::Customer(stranger), &begin, &now, 0, 9).await.is_empty());
    let (of_all, until) = changes.since(&begin, 1_000).await.unwrap();
    let of_payment: Vec<_> = of_all.iter().filter(|change| change.payment_id == payment).collect();
    assert_eq!(of_payment.iter().map(|change| change.status).collect::<Vec<_>>(), all);
    assert!(of_payment.iter().all(|change| until.sees(change.transaction) && !begin.sees(change.transaction)) && begin.is_before(&until));
}

/// Additions, Live: what commits after something that began later is told then, by whatever looks there are in between.
pub async fn what_commits_late_is_not_missed(world: &World) {
    let mut asks = Vec::new();
    for _ in 0..12 {
        asks.push(world.five_pieces().await);
    }
    let begin = world.changes.now().await.unwrap();
    let trade = join_all(asks.iter().map(|(customer, _, product)| async {
        let payment = world.ordered(customer, product, 1).await;
        world.orders.accept(&payment, at(5), &actor()).await.unwrap();
        payment
    }));
    let mut told = Vec::new();
    let mut since = begin;
    let look = async |since: &mut Snapshot, told: &mut Vec<_>| {
        let (changes, now) = world.changes.since(since, 1_000).await.unwrap();
        *since = now;
        told.extend(changes.into_iter().map(|change| (change.payment_id, change.status)));
    };
    let mut trade = std::pin::pin!(trade);
    let payments = loop {
        tokio::select! {
            payments = &mut trade => break payments,
            () = look(&mut since, &mut told) => {}
        }
    };
    look(&mut since, &mut told).await;
    for payment in payments {
        let of_payment: Vec<_> = told.iter().filter(|(told, _)| *told == payment).map(|(_, status)| *status).collect();
        assert_eq!(of_payment, [OrderStatus::Reservation, OrderStatus::Accept]);
    }
}
