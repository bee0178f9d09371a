//! `products::ports`: price and stock, the daily rollover of stock, reservations of it.

use cheapbob_domain::{
    orders::{CanceledBy, Cancellation, HoldEnd, NewHold},
    products::{
        KnownPrices, MOST_PRODUCTS, PriceStep, PriceSteps, Product, ProductChange, ProductOutcome, Rollover, Stock, StockReservation,
        ports::StockReservations,
    },
    shared::{ProductId, Sale, StoreId, Won, kst},
};
use chrono::NaiveDate;
use futures::future::join_all;

use super::world::{TestIds, World, actor, at, hold, new_product, paid, stock};

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

/// Another store's product is not there, and cannot be changed (contract, Seller).
pub async fn product_is_seen_by_its_own_store_only(world: &World) {
    let products = &world.products;
    let ((_, mine), (_, other)) = (world.store("내 가게").await, world.store("남의 가게").await);
    let product = world.product(&mine, 3).await;
    assert_eq!((product.stock, product.version), (Stock { initial: 3, sold: 0, held: 0, adjustment: 0 }, 1));
    assert_eq!(products.find(&mine, &product.id).await.unwrap(), Some(product.clone()));
    assert_eq!(products.of_store(&mine).await.unwrap(), [product.clone()]);
    assert_eq!(products.find(&other, &product.id).await.unwrap(), None);
    let known = KnownPrices { pricing: product.pricing(), past: Vec::new() };
    assert_eq!(products.change(&other, &product.id, &cheaper(), &known, at(1)).await.unwrap(), ProductOutcome::NotFound);
    assert_eq!(products.adjust(&other, &product.id, 1, at(1)).await.unwrap(), ProductOutcome::NotFound);
    assert_eq!(products.change_nutrition(&other, &product.id, &["diet"], true, at(1)).await.unwrap(), ProductOutcome::NotFound);
    assert_eq!(products.find(&mine, &ProductId::generate(&TestIds)).await.unwrap(), None);
}

/// A store gets no product beyond its most, also of many that come at once; another store's are not counted.
pub async fn store_has_no_more_products_than_its_most(world: &World) {
    let ((_, full), (_, other)) = (world.store("가득 찬 가게").await, world.store("다른 가게").await);
    for _ in 0..MOST_PRODUCTS - 3 {
        world.product(&full, 1).await;
    }
    world.product(&other, 1).await;
    let register =
        async || world.products.register(&ProductId::generate(&TestIds), &full, &new_product("도시락", 1), at(0)).await.unwrap().is_some();
    let registered = join_all((0..12).map(|_| register())).await;
    assert_eq!(registered.into_iter().filter(|registered| *registered).count(), 3);
    assert_eq!(world.products.of_store(&full).await.unwrap().len(), MOST_PRODUCTS);
    world.product(&other, 1).await;
}

pub(super) fn cheaper() -> ProductChange {
    ProductChange { price: Some(Won(500)), sale: Some(Sale::NONE), ..ProductChange::default() }
}

/// Only the fields given change, and the version grows (contract, Seller).
pub async fn product_change_leaves_the_other_fields(world: &World) {
    let (_, store) = world.store("가게").await;
    let product = world.product(&store, 3).await;
    let changed = world.change(&store, &product.id, &cheaper(), 1).await.unwrap();
    assert_eq!((changed.price, changed.sale, changed.name.as_str(), changed.version), (Won(500), Sale::NONE, "도시락", 2));
}

fn steps(steps: &[(i32, i64)]) -> PriceSteps {
    let step = |(minutes_before_pickup_end, sale): &(i32, i64)| PriceStep {
        minutes_before_pickup_end: *minutes_before_pickup_end,
        sale: Sale::parse(*sale).unwrap(),
    };
    PriceSteps::stored(steps.iter().map(step).collect()).unwrap()
}

/// Additions, Price steps: they are kept as they are; whoever has read other prices changes nothing, of many at once one changes.
pub async fn prices_are_changed_by_whom_knows_them(world: &World) {
    let (products, (_, store)) = (&world.products, world.store("가게").await);
    let product = world.product(&store, 3).await;
    let stepped = ProductChange { steps: Some(steps(&[(90, 40), (30, 60)])), ..ProductChange::default() };
    let changed = world.change(&store, &product.id, &stepped, 1).await.unwrap();
    assert_eq!((&changed.steps, changed.sale, changed.version), (stepped.steps.as_ref().unwrap(), product.sale, 2));
    assert_eq!(products.of_store(&store).await.unwrap(), [changed.clone()]);
    let before = KnownPrices { pricing: product.pricing(), past: Vec::new() };
    let renamed = ProductChange { name: Some("김밥".into()), ..ProductChange::default() };
    assert!(!is_changed(products.change(&store, &product.id, &renamed, &before, at(2)).await.unwrap()));
    let known = KnownPrices { pricing: changed.pricing(), past: Vec::new() };
    let dearer = |won| ProductChange { price: Some(Won(won)), ..ProductChange::default() };
    let changes = join_all((1..=8).map(|n| {
        let known = &known;
        let change = dearer(20_000 + n);
        let (store, id) = (&store, &product.id);
        async move { is_changed(products.change(store, id, &change, known, at(3)).await.unwrap()) }
    }));
    assert_eq!(changes.await.into_iter().filter(|changed| *changed).count(), 1);
}

/// Ten at once take the three that are there, the rest changes nothing; nor does more than a product may have (contract, Seller).
pub async fn stock_adjustment_takes_no_more_than_is_left(world: &World) {
    let (products, (_, mine)) = (&world.products, world.store("가게").await);
    let product = world.product(&mine, 3).await;
    let taken = join_all((0..10).map(|_| async { is_changed(products.adjust(&mine, &product.id, -1, at(2)).await.unwrap()) })).await;
    assert_eq!(taken.iter().filter(|t| **t).count(), 3);
    let (product, taken) = parts(products.adjust(&mine, &product.id, -1, at(2)).await.unwrap());
    assert!(!taken);
    assert_eq!((product.stock, product.stock.left(), product.version), (Stock { initial: 3, sold: 0, held: 0, adjustment: -3 }, 0, 4));
    let (product, _) = parts(products.adjust(&mine, &product.id, 2, at(3)).await.unwrap());
    assert_eq!(product.stock.left(), 2);
    assert!(!is_changed(products.adjust(&mine, &product.id, Stock::MAX, at(3)).await.unwrap()));
}

/// One of them is there, or is not there: nothing changes (contract, Enumerations).
pub async fn nutrition_types_change_all_or_nothing(world: &World) {
    let products = &world.products;
    let (_, mine) = world.store("가게").await;
    let product = world.product(&mine, 3).await;
    let change = async |words: &[&'static str], add| {
        let (product, changed) = parts(products.change_nutrition(&mine, &product.id, words, add, at(1)).await.unwrap());
        (product.nutrition_types.join(" "), product.version, changed)
    };
    assert_eq!(change(&["protein", "LCHF"], true).await, ("diet protein LCHF".to_owned(), 2, true));
    assert_eq!(change(&["balance", "LCHF"], true).await, ("diet protein LCHF".to_owned(), 2, false));
    assert_eq!(change(&["balance", "LCHF"], false).await, ("diet protein LCHF".to_owned(), 2, false));
    assert_eq!(change(&["LCHF", "diet"], false).await, ("protein".to_owned(), 3, true));
    assert_eq!(change(&["protein"], false).await, (String::new(), 4, true));
    // Of many at once one adds it.
    let added = join_all((0..8).map(|_| change(&["diet"], true))).await;
    assert_eq!(added.iter().filter(|(_, _, changed)| *changed).count(), 1);
}

/// One product with an order of 2 and a hold of 1 today and an adjustment of 3, and one with a hold of 3 of tomorrow, made between
/// 04:00 and the rollover.
struct BeforeRollover {
    store: StoreId,
    products: [Product; 2],
    order: NewHold,
    held: NewHold,
    of_next: NewHold,
}

fn day(days: i64) -> NaiveDate {
    kst::business_day(at(days * 86_400))
}

/// The rollover that begins this day, on that day.
fn on_its_day(days: i64) -> Rollover {
    Rollover { day: day(days), is_current: true }
}

/// The same, made up for on a later day.
fn late(days: i64) -> Rollover {
    Rollover { is_current: false, ..on_its_day(days) }
}

async fn before_rollover(world: &World) -> BeforeRollover {
    let (customer, (_, store)) = (world.customer().await, world.store("가게").await);
    let products = [world.product(&store, 10).await, world.product(&store, 10).await];
    let (order, held) = (hold(&customer, &products[0], 2), hold(&world.customer().await, &products[0], 1));
    let of_next = NewHold { business_day: day(1), ..hold(&customer, &products[1], 3) };
    for hold in [&order, &held, &of_next] {
        assert!(world.holds.hold(hold).await.unwrap());
    }
    world.holds.order(&order.payment_id, &paid(2), at(1), &actor()).await.unwrap();
    world.products.adjust(&store, &products[0].id, 3, at(2)).await.unwrap();
    BeforeRollover { store, products, order, held, of_next }
}

impl BeforeRollover {
    /// Both products, with a new initial stock each.
    async fn roll_over(&self, world: &World, rollover: Rollover, initial: [i32; 2]) -> usize {
        let wanted: Vec<_> = self.products.iter().zip(initial).map(|(product, stock)| (product.id.clone(), Some(stock))).collect();
        world.products.roll_over(rollover, &wanted, at(90_000)).await.unwrap()
    }
}

const BEGUN: Stock = Stock { initial: 4, sold: 0, held: 0, adjustment: 0 };
const MORE_HELD_THAN_BEGUN_WITH: Stock = Stock { initial: 1, sold: 0, held: 3, adjustment: 2 };

/// Contract, Daily rollover: each product once a day, in the order of the ids; one registered today begins with the next day.
pub async fn stock_rollover_finds_each_product_once_a_day(world: &World) {
    let products = &world.products;
    let before = before_rollover(world).await;
    let [first, second] = before.products.each_ref().map(|product| product.id.clone());
    assert!(!products.to_roll_over(on_its_day(0), None, 1_000).await.unwrap().contains(&first));
    assert_eq!(products.roll_over(on_its_day(0), &[(first.clone(), Some(1))], at(90_000)).await.unwrap(), 0);
    assert_eq!(products.to_roll_over(on_its_day(1), None, 1).await.unwrap(), [first.clone()]);
    assert_eq!(products.to_roll_over(on_its_day(1), Some(&first), 1).await.unwrap(), [second]);
    assert_eq!(before.roll_over(world, on_its_day(1), [4, 1]).await, 2);
    assert!(products.to_roll_over(on_its_day(1), None, 10).await.unwrap().is_empty());
}

/// Contract, Daily rollover: the counters start anew with what the new day's holds and orders have; run again, nothing changes.
pub async fn stock_rollover_counts_what_the_new_day_has(world: &World) {
    let before = before_rollover(world).await;
    for (initial, rolled_over) in [([4, 1], 2), ([9, 9], 0)] {
        assert_eq!(before.roll_over(world, on_its_day(1), initial).await, rolled_over);
        assert_eq!(stock(world, &before.products[0]).await, BEGUN);
        assert_eq!((stock(world, &before.products[1]).await, MORE_HELD_THAN_BEGUN_WITH.left()), (MORE_HELD_THAN_BEGUN_WITH, 0));
    }
}

/// Contract, Daily rollover: of ended days at or before the due instant, however late: a run for an earlier day undoes nothing of a later
/// one, and makes up for products that were left behind. Only the current day's rollover takes back what a clock moved back left ahead.
pub async fn stock_rollover_goes_forward_only(world: &World) {
    let before = before_rollover(world).await;
    let first = &before.products[0];
    assert_eq!(before.roll_over(world, late(1), [4, 1]).await, 2);
    assert!(world.products.to_roll_over(late(1), None, 1_000).await.unwrap().is_empty());
    world.products.adjust(&before.store, &first.id, -1, at(90_001)).await.unwrap();
    let adjusted = Stock { adjustment: -1, ..BEGUN };
    for earlier in [late(1), late(0), late(-4)] {
        assert!(!world.products.to_roll_over(earlier, None, 1_000).await.unwrap().contains(&first.id), "{earlier:?}");
        assert_eq!(before.roll_over(world, earlier, [9, 9]).await, 0, "{earlier:?}");
        assert_eq!(stock(world, first).await, adjusted, "{earlier:?}");
    }
    assert_eq!(world.products.to_roll_over(on_its_day(0), None, 1).await.unwrap(), [first.id.clone()]);
    assert_eq!(before.roll_over(world, on_its_day(0), [10, 10]).await, 2);
    assert_eq!(stock(world, first).await, Stock { initial: 10, sold: 2, held: 1, adjustment: 0 });
}

/// Contract, Daily rollover: what ends of an ended day changes nothing of the new one; of the new day it does.
pub async fn what_ends_after_the_rollover_gives_back_to_its_own_day(world: &World) {
    let before = before_rollover(world).await;
    assert_eq!(before.roll_over(world, on_its_day(1), [4, 1]).await, 2);
    assert!(world.holds.release(&before.held.payment_id, HoldEnd::Expired, at(90_001), &actor()).await.unwrap());
    let cancellation = Cancellation { by: CanceledBy::DayOver, reason: None, today: day(1), at: at(90_001), actor: actor() };
    world.cancellations.cancel(&before.order.payment_id, &cancellation).await.unwrap().unwrap();
    assert_eq!(stock(world, &before.products[0]).await, BEGUN);
    assert!(world.holds.release(&before.of_next.payment_id, HoldEnd::Abandoned, at(90_001), &actor()).await.unwrap());
    assert_eq!(stock(world, &before.products[1]).await, Stock { held: 0, ..MORE_HELD_THAN_BEGUN_WITH });
}

/// Contract, Daily rollover: many runners at once, while customers buy: each product once, and what was bought is counted.
pub async fn stock_rollover_counts_what_is_bought_meanwhile(world: &World) {
    let before = before_rollover(world).await;
    assert_eq!(before.roll_over(world, on_its_day(1), [4, 1]).await, 2);
    let product = &before.products[0];
    let current = world.products.find(&before.store, &product.id).await.unwrap().unwrap();
    let mut buys = Vec::new();
    for _ in 0..20 {
        buys.push(NewHold { business_day: day(2), ..hold(&world.customer().await, &current, 1) });
    }
    let buying = join_all(buys.iter().map(|h| async { world.holds.hold(h).await.unwrap() }));
    let rolling = join_all((0..4).map(|_| before.roll_over(world, on_its_day(2), [50, 50])));
    let (bought, rolled_over) = futures::join!(buying, rolling);
    let bought = bought.into_iter().filter(|b| *b).count();
    assert_eq!(rolled_over.iter().sum::<usize>(), 2);
    assert_eq!(stock(world, product).await, Stock { initial: 50, sold: 0, held: i32::try_from(bought).unwrap(), adjustment: 0 });
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
