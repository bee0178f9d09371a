//! Generated old services: money, stock and people counted on both sides agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use cheapbob_test_support::{
    legacy::{LegacyData, LegacyDatabases},
    noon,
};
use serde_json::Value;

use super::house::House;
use crate::budget::Budget;

/// Counted from the rows themselves, by a few lines of their own: nothing of what the import decides is asked.
struct There {
    people: BTreeSet<String>,
    won: i64,
    orders: usize,
    left: BTreeMap<String, i64>,
}

impl There {
    fn of(data: &LegacyData) -> Self {
        let emails =
            |table: &str| data.rows(table).iter().map(|row| row["email"].as_str().unwrap().to_lowercase()).collect::<BTreeSet<_>>();
        let number = |row: &Value, field: &str| row[field].as_i64().unwrap_or_default();
        let mut won: BTreeMap<String, i64> = BTreeMap::new();
        for document in data.documents("order_history_items") {
            won.insert(document.get_str("payment_id").unwrap().to_owned(), document.get_i64("total_amount").unwrap());
        }
        for row in data.rows("order_current_items") {
            won.insert(row["payment_id"].as_str().unwrap().to_owned(), number(row, "total_amount"));
        }
        // What costs nothing cannot be an order here.
        won.retain(|_, total| *total > 0);
        let left = data.rows("store_product_info").iter().map(|row| {
            let left = number(row, "initial_stock") - number(row, "purchased_quantity") + number(row, "admin_adjustment");
            (row["product_id"].as_str().unwrap().to_owned(), left.max(0))
        });
        Self { people: &emails("customers") | &emails("sellers"), won: won.values().sum(), orders: won.len(), left: left.collect() }
    }
}

#[expect(clippy::print_stdout, reason = "says how much it did")]
#[tokio::test(flavor = "multi_thread")]
async fn money_stock_and_people_agree_on_both_sides() {
    let budget = Budget::new("CHEAPBOB_OLD_SERVICES", 3, 40, Duration::from_secs(30));
    let begin: u64 = rand::random_range(0..1_000_000);
    let mut done = 0;
    while budget.allows(done) {
        let seed = begin + done;
        let data = LegacyData::generated(seed, noon());
        let (old, house) = (LegacyDatabases::with(&data).await, House::with_fakes().await);
        let (ok, said) = house.import(&old, &[]);
        assert!(ok, "seed {seed}: {said}");
        let there = There::of(&data);
        let people = "SELECT email FROM accounts WHERE email NOT LIKE '%@imported.invalid' ORDER BY email";
        let people: BTreeSet<_> = house.database.texts(people).await.into_iter().collect();
        assert_eq!(people, there.people, "seed {seed}");
        let orders = "SELECT payment_id, total_amount FROM orders UNION ALL SELECT payment_id, (\"order\" ->> 'total_amount')::bigint FROM embedded.order_archive WHERE \"order\" ->> 'total_amount' <> '0'";
        let counted = house.database.number(&format!("SELECT count(*) AS n FROM ({orders}) o")).await;
        let won = house.database.number(&format!("SELECT coalesce(sum(total_amount), 0)::bigint AS n FROM ({orders}) o")).await;
        assert_eq!((counted, won), (there.orders as i64, there.won), "seed {seed}");
        let left = house.database.texts("SELECT id || ' ' || (initial_stock + adjustment - sold - held) FROM products ORDER BY id").await;
        let expected: Vec<_> = there.left.iter().map(|(id, left)| format!("{id} {left}")).collect();
        assert_eq!(left, expected, "seed {seed}");
        let miscounted = "products p WHERE sold <> (SELECT coalesce(sum(quantity), 0) FROM orders o WHERE o.product_id = p.id AND status <> 'cancel' AND business_day >= p.stock_day)
                          OR held <> (SELECT coalesce(sum(quantity), 0) FROM holds h WHERE h.product_id = p.id AND state = 'held')";
        assert_eq!(house.database.count(miscounted).await, 0, "seed {seed}");
        let (ok, said) = house.import(&old, &["--verify"]);
        assert!(ok, "seed {seed}: {said}");
        done += 1;
    }
    println!("{done} old services from seed {begin}");
}
