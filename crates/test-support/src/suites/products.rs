use cheapbob_domain::{
    products::{ProductChange, Stock, StockReservation, ports::StockReservations},
    shared::{ProductId, Sale, Won},
};
use futures::future::join_all;

use super::{TestIds, World, at};

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
    assert_eq!(products.adjust(&other, &product.id, 1, at(1)).await.unwrap(), None);
    assert_eq!(products.find(&mine, &ProductId::generate(&TestIds)).await.unwrap(), None);

    let changed = products.change(&mine, &product.id, &change, at(1)).await.unwrap().unwrap();
    assert_eq!((changed.price, changed.sale, changed.name.as_str(), changed.version), (Won(500), Sale::NONE, "도시락", 2));

    // Ten at once take the three that are there; the rest changes nothing.
    let taken = join_all((0..10).map(|_| async { products.adjust(&mine, &product.id, -1, at(2)).await.unwrap().unwrap().1 })).await;
    assert_eq!(taken.iter().filter(|t| **t).count(), 3);
    let (product, taken) = products.adjust(&mine, &product.id, -1, at(2)).await.unwrap().unwrap();
    assert!(!taken);
    assert_eq!((product.stock, product.stock.left(), product.version), (Stock { initial: 3, sold: 0, held: 0, adjustment: -3 }, 0, 5));
    let (product, _) = products.adjust(&mine, &product.id, 2, at(3)).await.unwrap().unwrap();
    assert_eq!(product.stock.left(), 2);
    assert!(!products.adjust(&mine, &product.id, Stock::MAX, at(3)).await.unwrap().unwrap().1);
}

/// `products::ports::Products::change_nutrition`
pub async fn nutrition(world: &World) {
    let products = &world.products;
    let ((_, mine), (_, other)) = (world.store("내 가게").await, world.store("남의 가게").await);
    let product = world.product(&mine, 3).await;
    let change = async |words: &[&'static str], add| {
        let (product, changed) = products.change_nutrition(&mine, &product.id, words, add, at(1)).await.unwrap().unwrap();
        (product.nutrition_types.join(" "), product.version, changed)
    };
    assert_eq!(change(&["protein", "LCHF"], true).await, ("diet protein LCHF".to_owned(), 2, true));
    // One of them is there, or is not there: nothing changes.
    assert_eq!(change(&["balance", "LCHF"], true).await, ("diet protein LCHF".to_owned(), 2, false));
    assert_eq!(change(&["balance", "LCHF"], false).await, ("diet protein LCHF".to_owned(), 2, false));
    assert_eq!(change(&["LCHF", "diet"], false).await, ("protein".to_owned(), 3, true));
    assert_eq!(change(&["protein"], false).await, (String::new(), 4, true));
    assert_eq!(products.change_nutrition(&other, &product.id, &["diet"], true, at(1)).await.unwrap(), None);
    // Of many at once one adds it.
    let added = join_all((0..8).map(|_| change(&["diet"], true))).await;
    assert_eq!(added.iter().filter(|(_, _, changed)| *changed).count(), 1);
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
}
