//! `orders::ports::OrderArchive`: orders of days that are over (contract, Daily rollover).

use cheapbob_domain::{
    orders::{Order, OrderStatus, Preferences, ports::OrderArchive},
    shared::{Email, PaymentId, ProductId, Sale, StoreId, Won, kst},
};
use chrono::{DateTime, Duration, Utc};

use super::world::{TestIds, at, email};

const DAY: i64 = 86_400;

/// An order as the archive gets it, with instants that are no whole milliseconds.
fn archived(customer: &Email, store: &StoreId, second: i64, status: OrderStatus) -> Order {
    let then = |after: i64| at(second + after) + Duration::microseconds(1_001);
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

/// Four ended orders in the archive, a day apart, newest last: three of one customer, three of one store.
struct Archived {
    customer: Email,
    store: StoreId,
    orders: [Order; 4],
}

async fn put(archive: &dyn OrderArchive) -> Archived {
    let (customer, other) = (email(), email());
    let (store, elsewhere) = (StoreId::generate(&TestIds), StoreId::generate(&TestIds));
    let orders = [
        archived(&customer, &store, 0, OrderStatus::Complete),
        archived(&customer, &store, DAY, OrderStatus::Cancel),
        archived(&customer, &elsewhere, 2 * DAY, OrderStatus::Complete),
        archived(&other, &store, 3 * DAY, OrderStatus::Complete),
    ];
    archive.put(&orders).await.unwrap();
    Archived { customer, store, orders }
}

/// Put again, with others, and one that has changed: what is there stays, the others go in.
pub async fn what_is_in_the_archive_stays_as_it_is(archive: &dyn OrderArchive) {
    let (customer, store) = (email(), StoreId::generate(&TestIds));
    let orders = [0, DAY, 2 * DAY, 3 * DAY].map(|second| archived(&customer, &store, second, OrderStatus::Complete));
    archive.put(&[]).await.unwrap();
    archive.put(&orders[..2]).await.unwrap();
    let changed = Order { quantity: 9, ..orders[0].clone() };
    archive.put(&[changed, orders[1].clone(), orders[2].clone(), orders[3].clone()]).await.unwrap();
    for order in &orders {
        assert_eq!(archive.find(&order.payment_id).await.unwrap().as_ref(), Some(order));
    }
    assert_eq!(archive.find(&PaymentId::generate(&TestIds)).await.unwrap(), None);
}

/// Contract, Customer and Seller: the lists, newest event first, at most as many as asked for.
pub async fn lists_of_the_archive_begin_with_the_newest_event(archive: &dyn OrderArchive) {
    let Archived { customer, store, orders: [a, b, c, d] } = put(archive).await;
    let of_customer = async |email: &Email, limit| archive.of_customer(email, limit).await.unwrap();
    assert_eq!(of_customer(&customer, 10).await, [c.clone(), b.clone(), a.clone()]);
    assert_eq!(of_customer(&customer, 2).await, [c.clone(), b.clone()]);
    assert!(of_customer(&email(), 10).await.is_empty());
    assert_eq!(archive.of_store(&store, 10).await.unwrap(), [d.clone(), b.clone(), a.clone()]);
    assert_eq!(archive.of_store(&store, 1).await.unwrap(), [d.clone()]);
}

/// Contract, Seller (settlement): by the instant of the end, from … before.
pub async fn settlement_finds_orders_by_the_instant_of_their_end(archive: &dyn OrderArchive) {
    let Archived { store, orders: [a, b, _, d], .. } = put(archive).await;
    let ended = async |from, until| {
        let mut found = archive.ended_of_store(&store, from, until).await.unwrap();
        found.sort_by(Order::newest_first);
        found
    };
    assert_eq!(ended(at(0), at(4 * DAY)).await, [d.clone(), b.clone(), a.clone()]);
    assert_eq!(ended(at(DAY), DateTime::<Utc>::MAX_UTC).await, [d.clone(), b.clone()]);
    let end = b.ended_at().unwrap();
    let milli = Duration::milliseconds(2);
    assert_eq!(ended(end - milli, end + milli).await, [b.clone()]);
    assert!(ended(at(4 * DAY), at(5 * DAY)).await.is_empty());
}

/// Several at once, as far as they are there.
pub async fn several_orders_are_found_at_once(archive: &dyn OrderArchive) {
    let Archived { orders: [a, _, _, d], .. } = put(archive).await;
    let ids = [a.payment_id.clone(), PaymentId::generate(&TestIds), d.payment_id.clone()];
    let mut found = archive.find_all(&ids).await.unwrap();
    found.sort_by(Order::newest_first);
    assert_eq!(found, [d, a]);
    assert!(archive.find_all(&[]).await.unwrap().is_empty());
}

/// Contract, Auth (withdrawal): a deleted customer's orders stay, without who bought.
pub async fn orders_of_a_deleted_customer_bear_a_pseudonym(archive: &dyn OrderArchive) {
    let Archived { customer, orders: [a, b, c, d], .. } = put(archive).await;
    let nobody = email();
    // What came after the deletion is of somebody else, who has the e-mail now.
    archive.pseudonymize(&customer, &nobody, at(2 * DAY)).await.unwrap();
    assert_eq!(archive.of_customer(&customer, 10).await.unwrap(), [c.clone()]);
    archive.pseudonymize(&customer, &nobody, at(3 * DAY)).await.unwrap();
    assert!(archive.of_customer(&customer, 10).await.unwrap().is_empty());
    let expected = [c, b, a].map(|order| order.of_nobody(nobody.clone()));
    assert_eq!(archive.of_customer(&nobody, 10).await.unwrap(), expected);
    assert_eq!(archive.find(&d.payment_id).await.unwrap().as_ref(), Some(&d));
}
