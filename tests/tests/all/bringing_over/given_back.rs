//! The way back: `cheapbob-jobs give-back`, and the old databases read it.

use cheapbob_test_support::legacy::names::*;
use mongodb::bson::doc;

use super::{house::brought, second_run::moved_in};

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_done_nothing_changes_there() {
    let (old, house) = moved_in().await;
    house.give_back(&old).await;
    let (ok, said) = house.import(&old, &[]);
    assert!(ok && brought(&said).is_empty(), "{said}");
    let (ok, said) = house.import(&old, &["--verify"]);
    assert!(ok, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_service_goes_on_where_ours_stopped() {
    let (old, house) = moved_in().await;
    let minji = UPPER_CASE.to_lowercase();
    let now = "(SELECT now() + offset_ms * interval '1 millisecond' FROM embedded.clock)";
    house
        .database
        .sql(&format!(
            "UPDATE customers SET nickname = '새이름', updated_at = {now} WHERE email = '{minji}';
             DELETE FROM customer_preferences WHERE email = '{CUSTOMER}' AND kind = 'allergy';
             INSERT INTO customer_preferences (email, kind, word, created_at) VALUES ('{CUSTOMER}', 'topping_type', 'avocado', {now});
             DELETE FROM favorites WHERE customer_email = '{two_cases}';
             DELETE FROM accounts WHERE email = '{UNVOUCHED_CUSTOMER}';
             INSERT INTO accounts (email, role, is_active, email_vouched, created_at) VALUES ('o''hara@example.com', 'customer', true, true, {now});
             INSERT INTO customers VALUES ('o''hara@example.com', '새손님', '01098765432', {now}, {now});
             INSERT INTO favorites (customer_email, store_id, created_at) VALUES ('o''hara@example.com', '{STORE}', {now});
             UPDATE accounts SET is_active = false WHERE email = '{TWICE_PREFERRED}';
             INSERT INTO embedded.withdrawals VALUES ('{TWICE_PREFERRED}', 'customer', {now});
             UPDATE stores SET name = '새 간판', lat = '37.5', homepage = 'https://example.com/' WHERE id = '{STORE}';
             UPDATE operation_times SET open_time = '08:30' WHERE store_id = '{STORE}' AND day_of_week = 2;
             DELETE FROM store_images WHERE key = '{image}';
             DELETE FROM operation_reservations WHERE store_id = '{PLANNED_STORE}';
             UPDATE products SET price = 12345, nutrition_types = '{{vegetarian}}', updated_at = {now} WHERE id = '{product}';
             INSERT INTO products (id, store_id, name, description, price, sale, initial_stock, nutrition_types, created_at, updated_at, stock_day)
             SELECT 'PRD_new', store_id, '새 메뉴', '', 5000, 10, 7, '{{diet}}', {now}, {now}, stock_day FROM products WHERE id = '{product}';
             UPDATE orders SET status = 'cancel', canceled_at = {now}, cancel_reason = '품절' WHERE payment_id = '{TO_CANCEL}';
             UPDATE holds SET state = 'released', ended_because = 'expired', ended_at = {now} WHERE payment_id = '{CART_FRESH}';
             UPDATE products p SET sold = (SELECT coalesce(sum(quantity), 0) FROM orders o WHERE o.product_id = p.id AND status <> 'cancel' AND business_day >= p.stock_day),
                                   held = (SELECT coalesce(sum(quantity), 0) FROM holds h WHERE h.product_id = p.id AND state = 'held'), updated_at = {now}
             WHERE store_id = '{STORE}' AND id <> 'PRD_new';
             UPDATE orders SET status = 'complete', accepted_at = {now}, completed_at = {now} WHERE payment_id IN ('{OPEN}', '{ACCEPTED}', '{OF_UPPER_CASE}');
             DELETE FROM embedded.stock_reservations WHERE product_id = '{STOCK_RESERVED}';",
            two_cases = TWO_CASES[0],
            image = IMAGES[0],
            product = PRODUCTS[0],
        ))
        .await;
    // It belongs to yesterday, and the rollover has been there.
    house.database.sql(&format!("UPDATE orders SET business_day = business_day - 1, reservation_at = reservation_at - interval '1 day' WHERE payment_id IN ('{OPEN}', '{OF_UPPER_CASE}')")).await;
    house.jobs(&["once", "archive_orders"]);
    assert_eq!(house.database.count(&format!("orders WHERE payment_id = '{OPEN}'")).await, 0);
    let (ok, said) = house.import(&old, &["--verify"]);
    assert!(!ok, "{said}");
    let (said, written) = house.give_back(&old).await;
    assert!(said.contains("customer_details"), "{said}");
    assert!(!written.contains("sealed1:"));
    for rows in [
        format!("customer_details WHERE customer_email = '{UPPER_CASE}' AND nickname = '새이름'"),
        format!("customer_topping_types WHERE customer_email = '{CUSTOMER}' AND topping_type = 'avocado'"),
        "customer_favorites WHERE customer_email = 'o''hara@example.com'".to_owned(),
        format!("stores s JOIN store_addresses USING (address_id) WHERE store_id = '{STORE}' AND store_name = '새 간판' AND lat = '37.5'"),
        format!("order_current_items WHERE payment_id = '{TO_CANCEL}' AND status = 'cancel' AND cancel_reason = '품절'"),
        "store_product_info JOIN product_nutrition USING (product_id) WHERE product_id = 'PRD_new' AND sale = 10".to_owned(),
    ] {
        assert_eq!(old.count(&rows).await, 1, "{rows}");
    }
    for rows in [
        format!("customer_allergies WHERE customer_email = '{CUSTOMER}'"),
        format!("customers WHERE email = '{UNVOUCHED_CUSTOMER}'"),
        format!("order_current_items WHERE payment_id = '{OPEN}'"),
        format!("cart_items WHERE payment_id = '{CART_FRESH}'"),
    ] {
        assert_eq!(old.count(&rows).await, 0, "{rows}");
    }
    let past = old.collection("order_history_items").find_one(doc! { "payment_id": OF_UPPER_CASE }).await.unwrap().unwrap();
    assert_eq!(past.get_str("customer_id").unwrap(), UPPER_CASE);
    // As if it had been brought over from there.
    let (ok, said) = house.import(&old, &["--verify"]);
    assert!(ok, "{said}");
}
