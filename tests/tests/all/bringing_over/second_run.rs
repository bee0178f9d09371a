//! The import of the switch: what has changed there comes, what has changed here stays.

use cheapbob_test_support::{
    legacy::{LegacyData, LegacyDatabases, names::*},
    noon,
};
use mongodb::bson::doc;

use super::house::{House, brought, reasons};

pub(super) async fn moved_in() -> (LegacyDatabases, House) {
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
async fn lists_that_are_kept_of_the_archive_are_old_only_where_orders_came() {
    let (old, house) = (LegacyDatabases::with(&LegacyData::generated(1, noon())).await, House::with_fakes().await);
    let version = async || house.text("SELECT version::text FROM archive_version").await;
    let empty = version().await;
    assert!(house.import(&old, &[]).0);
    let brought = version().await;
    assert_ne!(brought, empty);
    assert!(house.import(&old, &[]).0);
    assert_eq!(version().await, brought, "nothing new came");
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
        // Its request to be deleted is made here, too.
        (format!("SELECT count(*)::text FROM accounts WHERE email = '{NULL_ACCOUNT}' AND NOT is_active"), "1"),
        (format!("SELECT count(*)::text FROM embedded.withdrawals WHERE email = '{NULL_ACCOUNT}'"), "1"),
    ] {
        assert_eq!(house.text(&query).await, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_deleted_because_another_database_is_read_or_who_has_come_over() {
    let (old, house) = moved_in().await;
    house.database.sql(&format!("UPDATE accounts SET email_vouched = true WHERE email = '{NULL_ACCOUNT}'")).await;
    old.sql(&format!("DELETE FROM customers WHERE email IN ('{NULL_ACCOUNT}', '{NO_DETAILS}')")).await;
    let report = house.report(&old, &[]);
    assert_eq!((reasons(&report, NULL_ACCOUNT), reasons(&report, NO_DETAILS)), (vec!["stays_here"], vec!["gone_there"]));
    let leaving = house.database.count("embedded.withdrawals").await;
    let before = house.contents().await;
    let (ok, said) = house.import(&LegacyDatabases::create().await, &[]);
    assert!(!ok && said.contains("are these their addresses?"), "{said}");
    assert_eq!(house.contents().await, before);
    old.sql("DELETE FROM customers WHERE email IN (SELECT email FROM customers ORDER BY email LIMIT 100)").await;
    let report = house.report(&old, &[]);
    let gone = report.iter().filter(|line| line["kind"] == "accounts" && line["reason"] == "stays_here").count();
    assert!(gone > 90 && !report.iter().any(|line| line["kind"] == "accounts" && line["reason"] == "gone_there"), "{gone}");
    assert_eq!(house.database.count("embedded.withdrawals").await, leaving);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_there_goes_or_is_told() {
    let (old, house) = moved_in().await;
    old.sql(&format!(
        "DELETE FROM customer_favorites WHERE customer_email IN ('{}', '{}');
         DELETE FROM store_payment_info WHERE store_id = '{STORE}';
         DELETE FROM store_product_info WHERE product_id = '{BARE_PRODUCT}';
         DELETE FROM sellers WHERE email = '{BOTH_ROLES_WITH_STORE}';
         DELETE FROM customers WHERE email = '{BOTH_ROLES_WITH_STORE}';",
        TWO_CASES[0], TWO_CASES[1]
    ))
    .await;
    let (ok, said) = house.import(&old, &["--verify"]);
    assert!(!ok && said.contains("the two sides differ"), "{said}");
    let dry = house.report(&old, &["--dry-run"]);
    let report = house.report(&old, &[]);
    assert_eq!(dry, report);
    for (id, reason) in [(TWO_CASES[0], "gone_there"), (BARE_PRODUCT, "stays_here"), (BOTH_ROLES_WITH_STORE, "gone_there")] {
        assert!(reasons(&report, id).contains(&reason), "{id}: {:?}", reasons(&report, id));
    }
    for (query, expected) in [
        (format!("SELECT count(*)::text FROM favorites WHERE customer_email = '{}'", TWO_CASES[0]), "0"),
        (format!("SELECT count(*)::text FROM store_payments WHERE store_id = '{STORE}'"), "0"),
        (format!("SELECT count(*)::text FROM products WHERE id = '{BARE_PRODUCT}'"), "1"),
        // The store leaves with its seller, at the next rollover.
        (format!("SELECT is_active::text FROM accounts WHERE email = '{BOTH_ROLES_WITH_STORE}'"), "false"),
        (format!("SELECT count(*)::text FROM embedded.withdrawals WHERE email = '{BOTH_ROLES_WITH_STORE}'"), "1"),
    ] {
        assert_eq!(house.text(&query).await, expected, "{query}");
    }
    assert!(reasons(&report, BOTH_ROLES_STORE).is_empty());
    assert_eq!(house.database.count(&format!("stores WHERE id = '{BOTH_ROLES_STORE}' AND suspended")).await, 1);
    let (ok, said) = house.import(&old, &["--strict"]);
    assert!(!ok && said.contains("stays_here"), "{said}");
    house.database.sql(&format!("DELETE FROM products WHERE id = '{BARE_PRODUCT}'")).await;
    let (ok, said) = house.import(&old, &["--verify"]);
    assert!(ok, "{said}");
}
