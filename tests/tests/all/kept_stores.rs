//! What processes keep of stores is never shown when it is not true any more.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
};

use cheapbob_test_support::{Person, RealServer, TestDatabase};
use futures::future::join_all;
use serde_json::{Value, json};

/// Columns that a search reads each time, or never. Any other column must be in a trigger of the migration `store_versions`.
const NOT_KEPT: &str = "
    products.adjustment products.created_at products.held products.initial_stock products.oversold products.past_prices products.price products.price_since
    products.restocked_at products.sale products.sold products.stock_day products.updated_at products.version
    store_payments.portone_channel_id store_payments.portone_secret store_payments.portone_store_id store_payments.previous_webhook_secret
    store_payments.store_id store_payments.updated_at store_payments.webhook_secret";

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_kept_of_a_store_moves_its_version() {
    let database = TestDatabase::create().await;
    database.stores(1, 2).await;
    let columns = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'
                   AND table_name IN ('stores', 'store_payments', 'operation_times', 'store_images', 'products')";
    let versions = async || database.texts("SELECT store_id || ' ' || version FROM store_versions ORDER BY 1").await;
    let mut unmoved = BTreeSet::new();
    for column in database.texts(columns).await {
        let (table, name) = column.split_once('.').unwrap();
        let key = if table == "stores" { "id" } else { "store_id" };
        let before = versions().await;
        database.sql(&format!("UPDATE {table} SET {name} = {name} WHERE {key} = 'STR_{:026}'", 1)).await;
        let after = versions().await;
        assert_eq!(before[1], after[1], "{column}: the other store's stays");
        if before[0] == after[0] {
            unmoved.insert(column);
        }
    }
    let not_kept: BTreeSet<_> = NOT_KEPT.split_whitespace().map(str::to_owned).collect();
    assert_eq!(unmoved, not_kept, "columns whose changes leave the version, and those that may");
    for rows in ["store_payments", "operation_times", "store_images", "products"] {
        let before = versions().await;
        database.sql(&format!("DELETE FROM {rows} WHERE store_id = 'STR_{:026}'", 1)).await;
        assert_ne!(before[0], versions().await[0], "{rows} that go");
    }
}

/// Two processes, readers and writers of both: what was answered to a writer, every search that begins afterwards shows.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_search_is_older_than_what_was_answered_before_it() {
    const CHANGES: i64 = 60;
    const STOCK: i64 = 100;
    let database = TestDatabase::create().await;
    let settings = [
        ("DB_HOST", "127.0.0.1".to_owned()),
        ("DB_PORT", database.port()),
        ("DB_USER", "cheapbob".to_owned()),
        ("DB_NAME", database.name().to_owned()),
        ("RATE_LIMITS", "off".to_owned()),
    ];
    let one = RealServer::http(RealServer::free_port(), &settings).await;
    let two = RealServer::http(RealServer::free_port(), &settings).await;
    let shop = one.api.shop(STOCK).await;
    let elsewhere = Person { api: two.api.clone(), ..shop.seller.clone() };
    let customer = one.api.customer().await;
    let readers = [customer.clone(), Person { api: two.api.clone(), ..customer }];
    let up = format!("/api/v1/seller/store/products/{}/stock/up", shop.product_id);
    let (name, stock, over) = (AtomicI64::new(0), AtomicI64::new(0), AtomicBool::new(false));
    // One writes through the one process, one through the other.
    let names = async {
        for n in 1..=CHANGES {
            shop.seller.put("/api/v1/seller/store/profile/name", &json!({ "store_name": format!("가게 {n}") })).await.expect(200);
            name.store(n, Ordering::SeqCst);
        }
    };
    // Stock is in no version.
    let stocks = async {
        for n in 1..=2 * CHANGES {
            elsewhere.patch(&up).await.expect(200);
            stock.store(n, Ordering::SeqCst);
        }
    };
    let read = async |reader: &Person, path: &str| {
        let mut seen = 0;
        while !over.load(Ordering::SeqCst) {
            let least = (name.load(Ordering::SeqCst), stock.load(Ordering::SeqCst));
            let page = reader.get(path).await.expect(200);
            assert!(shown(&page) >= least.0 && left(&page) - STOCK >= least.1, "{least:?} was there before: {page}");
            seen += 1;
        }
        seen
    };
    let paths = ["/api/v1/customer/search/stores?page=0", "/api/v1/customer/search/stores/by-name?search_name=%EA%B0%80%EA%B2%8C&page=0"];
    let reading = join_all((0..16).map(|n| read(&readers[n % 2], paths[n / 2 % 2])));
    let writing = async {
        tokio::join!(names, stocks);
        over.store(true, Ordering::SeqCst);
    };
    let (seen, ()) = tokio::join!(reading, writing);
    assert!(seen.iter().all(|seen| *seen > 0), "{seen:?}");
    for reader in &readers {
        let page = reader.get(paths[0]).await.expect(200);
        assert_eq!((shown(&page), left(&page)), (CHANGES, STOCK + 2 * CHANGES));
    }
}

/// The number in the store's name.
fn shown(page: &Value) -> i64 {
    page["stores"][0]["store_name"].as_str().unwrap().rsplit(' ').next().unwrap().parse().unwrap_or(0)
}

/// What is left of the product.
fn left(page: &Value) -> i64 {
    page["stores"][0]["products"][0]["current_stock"].as_i64().unwrap()
}
