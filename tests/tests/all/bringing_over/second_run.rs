//! The import of the switch: what has changed there comes, what has changed here stays.

use cheapbob_test_support::{
    legacy::{LegacyData, LegacyDatabases, names::*},
    noon,
};
use mongodb::bson::doc;

use super::house::{House, brought, reasons};

async fn moved_in() -> (LegacyDatabases, House) {
    let (old, house) = (LegacyDatabases::with(&LegacyData::awkward(1, noon())).await, House::with_fakes().await);
    let (ok, said) = house.import(&old, &[]);
    assert!(ok, "{said}");
    (old, house)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_there_comes_with_the_next_run() {
    let (old, house) = moved_in().await;
    let left = format!("SELECT (initial_stock + adjustment - sold - held)::text FROM products WHERE id = '{}'", PRODUCTS[0]);
    let before: i64 = house.text(&left).await.parse().unwrap();
    old.sql(&format!(
        "UPDATE customer_details SET nickname = '새이름' WHERE customer_email = '{CUSTOMER}';
         DELETE FROM customer_allergies WHERE customer_email = '{CUSTOMER}';
         INSERT INTO customers VALUES ('newcomer@example.com', true, now());
         UPDATE stores SET store_name = '새 간판' WHERE store_id = '{STORE}';
         UPDATE store_operation_info SET open_time = '08:30' WHERE store_id = '{STORE}' AND day_of_week = 2;
         DELETE FROM store_operation_info_modifications;
         -- An order may go on without its instant.
         UPDATE order_current_items SET status = 'accept' WHERE payment_id = '{OPEN}';
         UPDATE order_current_items SET status = 'cancel', canceled_at = '2026-11-24T12:01:00+09:00' WHERE payment_id = '{TO_CANCEL}';
         UPDATE store_product_info SET purchased_quantity = purchased_quantity - 2 WHERE product_id = '{}';
         INSERT INTO order_current_items (payment_id, product_id, customer_id, quantity, price, sale, total_amount, status, reservation_at)
         SELECT payment_id, product_id, customer_id, quantity, price, sale, total_amount, 'reservation', '2026-11-24T12:01:00+09:00'
         FROM cart_items WHERE payment_id = '{CART_FRESH}';
         DELETE FROM cart_items WHERE payment_id = '{CART_FRESH}';
         DELETE FROM order_current_items WHERE payment_id = '{COLLECTED}';
         UPDATE customers SET is_active = true WHERE email = '{WITHDRAWN_CUSTOMER}';",
        PRODUCTS[0]
    ))
    .await;
    let collected = doc! {
        "payment_id": COLLECTED, "customer_id": CUSTOMER, "product_id": PRODUCTS[0], "store_id": STORE, "product_name": "도시락", "store_name": "가게",
        "quantity": 2, "price": 10_000, "sale": 30, "total_amount": 14_000, "status": "complete",
        "reservation_at": mongodb::bson::DateTime::from_millis(1_795_485_604_000), "accepted_at": mongodb::bson::DateTime::from_millis(1_795_485_904_000), "completed_at": mongodb::bson::DateTime::from_millis(1_795_486_204_000),
    };
    old.collection("order_history_items").insert_one(collected).await.unwrap();
    old.collection("customer_withdraw_reservations").delete_many(doc! { "customer_email": WITHDRAWN_CUSTOMER }).await.unwrap();
    old.collection("product_stock_reservations").delete_many(doc! { "product_id": STOCK_RESERVED }).await.unwrap();
    let (ok, said) = house.import(&old, &[]);
    assert!(ok, "{said}");
    assert_eq!(brought(&said), [("accounts", 3), ("stores", 3), ("products", 1), ("orders", 3)], "{said}");
    for (query, expected) in [
        (format!("SELECT nickname FROM customers WHERE email = '{CUSTOMER}'"), "새이름"),
        (format!("SELECT count(*)::text FROM customer_preferences WHERE email = '{CUSTOMER}' AND kind = 'allergy'"), "0"),
        (format!("SELECT count(*)::text FROM customer_preferences WHERE email = '{CUSTOMER}'"), "3"),
        ("SELECT count(*)::text FROM accounts WHERE email = 'newcomer@example.com'".into(), "1"),
        (format!("SELECT name FROM stores WHERE id = '{STORE}'"), "새 간판"),
        (format!("SELECT open_time::text FROM operation_times WHERE store_id = '{STORE}' AND day_of_week = 2"), "08:30:00"),
        ("SELECT count(*)::text FROM operation_reservations".into(), "0"),
        (format!("SELECT status FROM orders WHERE payment_id = '{OPEN}'"), "accept"),
        (
            format!("SELECT o.status || ' ' || r.state FROM orders o JOIN refunds r USING (payment_id) WHERE payment_id = '{TO_CANCEL}'"),
            "cancel succeeded",
        ),
        (
            format!("SELECT o.status || ' ' || h.state FROM orders o JOIN holds h USING (payment_id) WHERE payment_id = '{CART_FRESH}'"),
            "reservation ordered",
        ),
        // It stays with today's: our own rollover archives it.
        (format!("SELECT count(*)::text FROM orders WHERE payment_id = '{COLLECTED}'"), "1"),
        (format!("SELECT count(*)::text FROM embedded.order_archive WHERE payment_id = '{COLLECTED}'"), "0"),
        (format!("SELECT is_active::text FROM accounts WHERE email = '{WITHDRAWN_CUSTOMER}'"), "true"),
        ("SELECT string_agg(email, ' ') FROM embedded.withdrawals".into(), WITHDRAWN_SELLER),
        ("SELECT count(*)::text FROM embedded.stock_reservations".into(), "0"),
        (left, (before + 2).to_string().as_str()),
    ] {
        assert_eq!(house.text(&query).await, expected, "{query}");
    }
    let (ok, said) = house.import(&old, &[]);
    assert!(ok && brought(&said).is_empty(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_here_stays_and_is_told() {
    let (old, house) = moved_in().await;
    house
        .database
        .sql(&format!(
            "UPDATE customers SET nickname = '여기서' WHERE email = '{CUSTOMER}';
             UPDATE stores SET name = '여기 간판' WHERE id = '{STORE}';
             UPDATE orders SET status = 'accept', accepted_at = '2026-11-24T12:02:00+09:00' WHERE payment_id = '{OPEN}';
             DELETE FROM accounts WHERE email = '{UNVOUCHED_CUSTOMER}';"
        ))
        .await;
    old.sql(&format!(
        "UPDATE customer_details SET nickname = '거기서' WHERE customer_email IN ('{CUSTOMER}', '{UNVOUCHED_CUSTOMER}');
         UPDATE stores SET store_name = '거기 간판' WHERE store_id = '{STORE}';
         UPDATE order_current_items SET status = 'accept', accepted_at = '2026-11-24T12:01:00+09:00' WHERE payment_id = '{OPEN}';
         DELETE FROM customers WHERE email = '{NULL_ACCOUNT}';"
    ))
    .await;
    let report = house.report(&old, &[]);
    for (id, reason) in [
        (CUSTOMER, "changed_here"),
        (STORE, "changed_here"),
        (OPEN, "gone_on_here"),
        (UNVOUCHED_CUSTOMER, "deleted_here"),
        (NULL_ACCOUNT, "gone_there"),
    ] {
        assert_eq!(reasons(&report, id), [reason], "{id}");
    }
    for (query, expected) in [
        (format!("SELECT nickname FROM customers WHERE email = '{CUSTOMER}'"), "여기서"),
        (format!("SELECT name FROM stores WHERE id = '{STORE}'"), "여기 간판"),
        (format!("SELECT (accepted_at AT TIME ZONE 'Asia/Seoul')::time::text FROM orders WHERE payment_id = '{OPEN}'"), "12:02:00"),
        (format!("SELECT count(*)::text FROM accounts WHERE email = '{UNVOUCHED_CUSTOMER}'"), "0"),
        (format!("SELECT count(*)::text FROM accounts WHERE email = '{NULL_ACCOUNT}'"), "1"),
    ] {
        assert_eq!(house.text(&query).await, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_here_since_is_given_back_in_the_old_terms() {
    let (_old, house) = moved_in().await;
    // Carts are given whole: what is unpaid is asked about on either side.
    let tables = |rows: &[serde_json::Value]| rows.iter().map(|row| row["table"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let nothing = house.given_back();
    assert!(
        tables(&nothing).iter().all(|table| matches!(table.as_str(), "cart_items" | "store_images" | "customers" | "sellers")),
        "{nothing:?}"
    );
    house
        .database
        .sql(&format!(
            "INSERT INTO accounts (email, role, is_active, email_vouched, created_at) VALUES ('here@example.com', 'customer', true, true, '2026-11-25');
             UPDATE orders SET status = 'complete', accepted_at = '2026-11-25T12:00:00+09:00', completed_at = '2026-11-25T12:02:00+09:00' WHERE payment_id = '{OPEN}';
             UPDATE products SET price = 12345, updated_at = '2026-11-25' WHERE id = '{}';",
            PRODUCTS[0]
        ))
        .await;
    let given = house.given_back();
    let row = |table: &str, field: &str, value: &str| {
        given.iter().find(|row| row["table"] == table && row["row"][field] == value).map(|row| row["row"].clone()).unwrap()
    };
    assert_eq!(row("customers", "email", "here@example.com")["is_active"], true);
    let order = row("order_current_items", "payment_id", OPEN);
    assert_eq!(
        (order["status"].as_str(), order["preferred_menus"].as_str(), order["sale"].as_i64()),
        (Some("complete"), Some("salad,poke"), Some(30))
    );
    let product = row("store_product_info", "product_id", PRODUCTS[0]);
    let number = |field: &str| product[field].as_i64().unwrap();
    assert_eq!(number("price"), 12_345);
    let left =
        house.text(&format!("SELECT (initial_stock + adjustment - sold - held)::text FROM products WHERE id = '{}'", PRODUCTS[0])).await;
    assert_eq!((number("initial_stock") - number("purchased_quantity") + number("admin_adjustment")).to_string(), left);
    assert!(!given.iter().any(|row| row.to_string().contains("sealed1:")));
}
