use cheapbob_domain::{
    orders::{CanceledBy, Cancellation, HoldEnd, NewHold},
    products::{Product, ProductChange, ProductOutcome, Stock, StockReservation, ports::StockReservations},
    shared::{ProductId, Sale, Won, kst},
};
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, hold};

/// The product, and whether it was changed.
fn parts(outcome: ProductOutcome) -> (Product, bool) {
    match outcome {
        ProductOutcome::Changed(product) => (product, true),
        ProductOutcome::Unchanged(product) => (product, false),
        ProductOutcome::NotFound => panic!("the product is there"),
    }
}

fn is_changed(outcome: ProductOutcome) -> bool {
    parts(outcome).1
}

/// `products::ports::Products`
pub async fn products(world: &World) {
    let products = &world.products;
    let ((_, mine), (_, other)) = (world.store("내 가게").await, world.store("남의 가게").await);
    let product = world.product(&mine, 3).await;
    assert_eq!((product.stock, product.version), (Stock { initial: 3, sold: 0, held: 0, adjustment: 0 }, 1));
    assert_eq!(products.find(&mine, &product.id).await.unwrap(), Some(product.clone()));
    assert_eq!(products.of_store(&mine).await.unwrap(), [product.clone()]);

    // Another store's product is not there.
    let change = ProductChange { price: Some(Won(500)), sale: Some(Sale::NONE), ..ProductChange::default() };
    assert_eq!(products.find(&other, &product.id).await.unwrap(), None);
    assert_eq!(products.change(&other, &product.id, &change, at(1)).await.unwrap(), None);
    assert_eq!(products.adjust(&other, &product.id, 1, at(1)).await.unwrap(), ProductOutcome::NotFound);
    assert_eq!(products.find(&mine, &ProductId::generate(&TestIds)).await.unwrap(), None);

    let changed = products.change(&mine, &product.id, &change, at(1)).await.unwrap().unwrap();
    assert_eq!((changed.price, changed.sale, changed.name.as_str(), changed.version), (Won(500), Sale::NONE, "도시락", 2));

    // Ten at once take the three that are there; the rest changes nothing.
    let taken = join_all((0..10).map(|_| async { is_changed(products.adjust(&mine, &product.id, -1, at(2)).await.unwrap()) })).await;
    assert_eq!(taken.iter().filter(|t| **t).count(), 3);
    let (product, taken) = parts(products.adjust(&mine, &product.id, -1, at(2)).await.unwrap());
    assert!(!taken);
    assert_eq!((product.stock, product.stock.left(), product.version), (Stock { initial: 3, sold: 0, held: 0, adjustment: -3 }, 0, 5));
    let (product, _) = parts(products.adjust(&mine, &product.id, 2, at(3)).await.unwrap());
    assert_eq!(product.stock.left(), 2);
    assert!(!is_changed(products.adjust(&mine, &product.id, Stock::MAX, at(3)).await.unwrap()));
}

/// `products::ports::Products::change_nutrition`
pub async fn nutrition(world: &World) {
    let products = &world.products;
    let ((_, mine), (_, other)) = (world.store("내 가게").await, world.store("남의 가게").await);
    let product = world.product(&mine, 3).await;
    let change = async |words: &[&'static str], add| {
        let (product, changed) = parts(products.change_nutrition(&mine, &product.id, words, add, at(1)).await.unwrap());
        (product.nutrition_types.join(" "), product.version, changed)
    };
    assert_eq!(change(&["protein", "LCHF"], true).await, ("diet protein LCHF".to_owned(), 2, true));
    // One of them is there, or is not there: nothing changes.
    assert_eq!(change(&["balance", "LCHF"], true).await, ("diet protein LCHF".to_owned(), 2, false));
    assert_eq!(change(&["balance", "LCHF"], false).await, ("diet protein LCHF".to_owned(), 2, false));
    assert_eq!(change(&["LCHF", "diet"], false).await, ("protein".to_owned(), 3, true));
    assert_eq!(change(&["protein"], false).await, (String::new(), 4, true));
    assert_eq!(products.change_nutrition(&other, &product.id, &["diet"], true, at(1)).await.unwrap(), ProductOutcome::NotFound);
    // Of many at once one adds it.
    let added = join_all((0..8).map(|_| change(&["diet"], true))).await;
    assert_eq!(added.iter().filter(|(_, _, changed)| *changed).count(), 1);
}

/// `products::ports::Products`, beginning a day.
pub async fn stock_rollover(world: &World) {
    let products = &world.products;
    let (customer, (_, store)) = (world.customer().await, world.store("가게").await);
    let (product, early) = (world.product(&store, 10).await, world.product(&store, 10).await);
    let (today, next) = (kst::business_day(at(0)), kst::business_day(at(86_400)));
    let stock = async |id: &ProductId| products.find(&store, id).await.unwrap().unwrap().stock;
    let (order, held) = (hold(&customer, &product, 2), hold(&customer, &product, 1));
    // Bought between 04:00 and the rollover: of the day that begins.
    let of_next = NewHold { business_day: next, ..hold(&customer, &early, 3) };
    for hold in [&order, &held, &of_next] {
        assert!(world.holds.hold(hold).await.unwrap());
    }
    world.holds.order(&order.payment_id, at(1), &actor()).await.unwrap();
    products.adjust(&store, &product.id, 3, at(2)).await.unwrap();

    // Registered today: begins with the next day.
    let rolled_over = async |day, wanted: &[(ProductId, Option<i32>)]| products.roll_over(day, wanted, at(90_000)).await.unwrap();
    assert!(!products.to_roll_over(today, None, 1_000).await.unwrap().contains(&product.id));
    assert_eq!(rolled_over(today, &[(product.id.clone(), Some(1))]).await, 0);
    let both = [product.id.clone(), early.id.clone()];
    assert_eq!(products.to_roll_over(next, None, 1).await.unwrap(), [product.id.clone()]);
    assert_eq!(products.to_roll_over(next, Some(&product.id), 1).await.unwrap(), [early.id.clone()]);
    assert_eq!(rolled_over(next, &[(both[0].clone(), Some(4)), (both[1].clone(), Some(1))]).await, 2);
    let begun = Stock { initial: 4, sold: 0, held: 0, adjustment: 0 };
    assert_eq!(stock(&product.id).await, begun);
    let more_than_begun_with = Stock { initial: 1, sold: 0, held: 3, adjustment: 2 };
    assert_eq!((stock(&early.id).await, more_than_begun_with.left()), (more_than_begun_with, 0));
    // Again: nothing. Without a reservation the next day begins as this one did.
    assert_eq!(rolled_over(next, &[(both[0].clone(), Some(9)), (both[1].clone(), Some(9))]).await, 0);
    assert!(products.to_roll_over(next, None, 10).await.unwrap().is_empty());

    // What ends of an ended day changes nothing of this one; of this day it does.
    assert!(world.holds.release(&held.payment_id, HoldEnd::Expired, at(90_001), &actor()).await.unwrap());
    let cancellation = Cancellation { by: CanceledBy::DayOver, reason: None, today: next, at: at(90_001), actor: actor() };
    world.cancellations.cancel(&order.payment_id, &cancellation).await.unwrap().unwrap();
    assert_eq!(stock(&product.id).await, begun);
    assert!(world.holds.release(&of_next.payment_id, HoldEnd::Abandoned, at(90_001), &actor()).await.unwrap());
    assert_eq!(stock(&early.id).await, Stock { held: 0, ..more_than_begun_with });

    // Many at once, while others buy: each product once, and what was bought is counted.
    let later = kst::business_day(at(2 * 86_400));
    let wanted: Vec<_> = both.iter().map(|id| (id.clone(), Some(50))).collect();
    let current = products.find(&store, &product.id).await.unwrap().unwrap();
    let buys: Vec<_> = (0..20).map(|_| NewHold { business_day: later, ..hold(&customer, &current, 1) }).collect();
    let buying = join_all(buys.iter().map(|h| async { world.holds.hold(h).await.unwrap() }));
    let rolling = join_all((0..4).map(|_| async { rolled_over(later, &wanted).await }));
    let (bought, rolled_over) = futures::join!(buying, rolling);
    let bought = bought.into_iter().filter(|b| *b).count();
    assert_eq!(rolled_over.iter().sum::<usize>(), 2);
    assert_eq!(stock(&product.id).await, Stock { initial: 50, sold: 0, held: i32::try_from(bought).unwrap(), adjustment: 0 });
}

/// `products::ports::StockReservations`
pub async fn stock_reservations(reservations: &dyn StockReservations) {
    let (product, other) = (ProductId::generate(&TestIds), ProductId::generate(&TestIds));
    assert_eq!(reservations.find(&product).await.unwrap(), None);
    assert!(!reservations.cancel(&product).await.unwrap());
    let reserved = |new_stock, second| StockReservation { new_stock, reserved_at: at(second) + chrono::Duration::microseconds(123_456) };
    for reservation in [reserved(5, 0), reserved(0, 1), reserved(Stock::MAX, 2)] {
        reservations.reserve(&product, &reservation).await.unwrap();
        assert_eq!(reservations.find(&product).await.unwrap(), Some(reservation));
    }
    assert_eq!(reservations.find(&other).await.unwrap(), None);
    assert!(reservations.cancel(&product).await.unwrap());
    assert!(!reservations.cancel(&product).await.unwrap());
    assert_eq!(reservations.find(&product).await.unwrap(), None);

    // What was reserved before an instant.
    reservations.reserve(&product, &StockReservation { new_stock: 4, reserved_at: at(10) }).await.unwrap();
    reservations.reserve(&other, &StockReservation { new_stock: 5, reserved_at: at(20) }).await.unwrap();
    let (both, nobodys) = ([product.clone(), other.clone()], [ProductId::generate(&TestIds)]);
    assert_eq!(reservations.due(&both, at(20)).await.unwrap(), [(product.clone(), 4)]);
    assert_eq!(reservations.due(&both, at(21)).await.unwrap().len(), 2);
    assert!(reservations.due(&nobodys, at(21)).await.unwrap().is_empty());
    reservations.forget(at(20)).await.unwrap();
    assert_eq!(reservations.due(&both, at(21)).await.unwrap(), [(other, 5)]);
}
