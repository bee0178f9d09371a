//! The old databases that the tests build are the old service's.

use cheapbob_test_support::{
    legacy::{LegacyData, LegacyDatabases, names},
    noon,
};
use mongodb::bson::doc;

#[tokio::test]
async fn an_old_service_is_built_with_each_trap_and_ten_thousand_orders() {
    let data = LegacyData::awkward(1, noon());
    assert_eq!(data, LegacyData::awkward(1, noon()));
    assert_eq!(data.rows("order_current_items").len() + data.documents("order_history_items").len(), 10_000);
    let old = LegacyDatabases::with(&data).await;
    let archive = old.collection("order_history_items");
    assert_eq!(archive.count_documents(doc! {}).await.unwrap(), data.documents("order_history_items").len() as u64);
    let twice = archive.count_documents(doc! { "payment_id": names::ARCHIVED_TWICE }).await.unwrap();
    assert_eq!(twice, 2);
    for (table, rows) in &data.tables {
        assert_eq!(old.count(table).await, rows.len() as i64, "{table}");
    }
    assert_eq!(old.count("store_product_info WHERE initial_stock - purchased_quantity + admin_adjustment < 0").await, 1);
}

#[tokio::test]
async fn small_old_services_differ_by_their_seeds_and_can_be_written() {
    for seed in 0..20 {
        assert_eq!(LegacyData::generated(seed, noon()), LegacyData::generated(seed, noon()), "{seed}");
        LegacyDatabases::with(&LegacyData::generated(seed, noon())).await;
    }
    assert_ne!(LegacyData::generated(1, noon()), LegacyData::generated(2, noon()));
}
