//! Each trap of an old service's databases: what it becomes, and that it is told.

use cheapbob_test_support::{
    legacy::{LegacyData, LegacyDatabases, date, names::*},
    mongo_settings, noon,
};
use mongodb::bson::{Bson, doc};

use super::house::{House, brought, reasons};

async fn awkward() -> LegacyDatabases {
    LegacyDatabases::with(&LegacyData::awkward(1, noon())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_trap_is_told_by_the_row_in_which_it_stands() {
    let (old, house) = (awkward().await, House::with_fakes().await);
    let report = house.report(&old, &[]);
    for (id, told) in [
        (UPPER_CASE.to_lowercase().as_str(), vec!["email_lowered"]),
        (TWO_CASES[0], vec!["email_lowered", "email_twice", "favorite_twice"]),
        (BOTH_ROLES_WITH_STORE, vec!["email_in_both_roles"]),
        (BOTH_ROLES_WITH_PROFILE, vec!["email_in_both_roles"]),
        (NULL_ACCOUNT, vec!["creation_unknown", "activity_unknown", "no_details"]),
        (NO_DETAILS, vec!["no_details"]),
        (TWICE_PREFERRED, vec!["preference_twice"; 4]),
        (NO_EMAIL, vec!["bad_email"]),
        (WITHDRAWN_NOBODY, vec!["withdrawal_of_nobody"]),
        (INACTIVE_WITHOUT_REQUEST, vec!["no_details", "inactive_without_request"]),
        (CUSTOMER, vec![]),
        (SELLER, vec![]),
        (STORE, vec![]),
        (FIRST_STORE, vec![]),
        (SECOND_STORE, vec!["second_store"]),
        (WRONG_STORE, vec!["payment_incomplete", "text_missing", "no_number", "no_number", "bad_link", "bad_link", "bad_link"]),
        (ODD_WEEK_STORE, vec!["day_twice", "day_missing"]),
        (PLANNED_STORE, vec![]),
        (PARTLY_PLANNED_STORE, vec!["plan_in_part", "plan_wrong"]),
        (NO_MAIN_IMAGE_STORE, vec!["no_main_image"]),
        (TWO_MAIN_IMAGES_STORE, vec!["text_too_long", "main_images"]),
        (PRODUCTS[0], vec![]),
        (NEGATIVE_STOCK, vec!["sold_twice"]),
        (STOCK_RESERVED, vec![]),
        (STOCK_RESERVED_FOR_NOTHING, vec!["reserved_for_nothing"]),
        (CART_FRESH, vec![]),
        (CART_GIVEN_BACK, vec!["cart_ended"]),
        (CART_KEPT, vec!["cart_ended"]),
        (CART_WITH_ORDER, vec!["cart_is_order"]),
        (CART_OF_NOTHING, vec!["cart_of_nothing"]),
        (OPEN, vec![]),
        (ONE_INSTANT, vec!["instant_missing"]),
        (NO_INSTANT, vec!["instant_missing", "instant_missing"]),
        (OF_NO_DETAILS, vec![]),
        (OF_NOBODY, vec!["buyer_unknown"]),
        (OF_NO_PRODUCT, vec!["product_gone"]),
        (UNKNOWN_WORD, vec!["order_word_unknown"]),
        (NEWER_TODAY, vec!["archived_open", "today_and_archive"]),
        (NEWER_ARCHIVED, vec!["today_and_archive"]),
        (OF_SECOND_STORE, vec![]),
        (ARCHIVED, vec![]),
        (ARCHIVED_TWICE, vec!["archived_twice"]),
        (ARCHIVED_TWICE_DIFFERENTLY, vec!["archived_twice"]),
        (ARCHIVED_OPEN, vec!["archived_open"]),
        (ARCHIVED_ACCEPTED, vec!["archived_open"]),
        (ARCHIVED_UNKNOWN_STATUS, vec!["unknown_status"]),
        (ARCHIVED_UNKNOWN_WORD, vec!["order_word_unknown"]),
        (ARCHIVED_WITHOUT_COMPLETION, vec!["instant_missing"]),
        (ARCHIVED_OF_NOBODY, vec![]),
    ] {
        assert_eq!(reasons(&report, id), told, "{id}");
    }
    let bare = reasons(&report, BARE_STORE);
    for reason in ["payment_missing", "creation_unknown", "day_twice", "text_missing", "address_missing", "links_missing"] {
        assert!(bare.contains(&reason), "{reason}: {bare:?}");
    }
    // A line is whole: the kind, what was done, in words.
    let line = report.iter().find(|line| line["id"] == NEGATIVE_STOCK).unwrap();
    assert_eq!((line["kind"].as_str(), line["done"].as_str(), line["value"].as_str()), (Some("products"), Some("changed"), Some("-3")));
    assert!(line["says"].as_str().unwrap().contains("less than nothing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_mended_stands_here_as_the_report_says() {
    let (old, house) = (awkward().await, House::with_fakes().await);
    let (ok, said) = house.import(&old, &[]);
    assert!(ok, "{said}");
    for (query, expected) in [
        (format!("SELECT nickname FROM customers WHERE email = '{}'", TWO_CASES[0]), "손님"),
        (format!("SELECT role FROM accounts WHERE email = '{BOTH_ROLES_WITH_STORE}'"), "seller"),
        (format!("SELECT role FROM accounts WHERE email = '{BOTH_ROLES_WITH_PROFILE}'"), "customer"),
        ("SELECT count(*)::text FROM accounts WHERE email_vouched OR imported_at IS NULL".into(), "0"),
        (format!("SELECT count(*)::text FROM favorites WHERE customer_email = '{}'", TWO_CASES[0]), "1"),
        (
            format!("SELECT seller_email || suspended FROM stores WHERE id = '{SECOND_STORE}'"),
            "str_1727009999_0a1b2c99@imported.invalidtrue",
        ),
        (format!("SELECT suspended::text FROM stores WHERE id = '{WITHDRAWN_STORE}'"), "true"),
        (format!("SELECT concat_ws('|', instagram, facebook, x, homepage, lat, lng) FROM stores WHERE id = '{WRONG_STORE}'"), "모름|"),
        (
            format!(
                "SELECT string_agg(day_of_week || ' ' || open_time || ' ' || is_open_enabled, ', ' ORDER BY day_of_week) FROM operation_times WHERE store_id = '{ODD_WEEK_STORE}' AND day_of_week IN (0, 6)"
            ),
            "0 08:00:00 true, 6 00:00:00 false",
        ),
        (
            format!(
                "SELECT jsonb_array_length(days) || ' ' || (days -> 3 ->> 'close_time') FROM operation_reservations WHERE store_id = '{PLANNED_STORE}'"
            ),
            "7 20:00:00",
        ),
        (
            format!(
                "SELECT string_agg(is_main::text, ' ' ORDER BY is_main DESC) FROM store_images WHERE store_id = '{TWO_MAIN_IMAGES_STORE}'"
            ),
            "true false",
        ),
        (format!("SELECT count(*)::text FROM store_payments WHERE portone_secret LIKE 'sealed1:%' AND store_id = '{STORE}'"), "1"),
        ("SELECT count(*)::text FROM store_payments WHERE portone_secret NOT LIKE 'sealed1:%'".into(), "0"),
        // 10 pieces, 13 sold, and nothing of it is in orders: nothing is left, nothing is sold.
        (format!("SELECT concat_ws(' ', initial_stock, sold, held, adjustment) FROM products WHERE id = '{NEGATIVE_STOCK}'"), "10 0 0 -10"),
        // 10 pieces, an order of 2 that was given back: 10 are left.
        (format!("SELECT concat_ws(' ', initial_stock, sold, held, adjustment) FROM products WHERE id = '{GIVEN_BACK_TWICE}'"), "10 2 0 2"),
        (format!("SELECT state FROM holds WHERE payment_id = '{CART_FRESH}'"), "held"),
        (
            format!("SELECT concat_ws(' ', state, ended_because, next_look_at IS NOT NULL) FROM holds WHERE payment_id = '{CART_KEPT}'"),
            "released expired t",
        ),
        (format!("SELECT state FROM holds WHERE payment_id = '{CART_WITH_ORDER}'"), "ordered"),
        (
            format!("SELECT concat_ws(' ', r.reason, r.state, r.amount) FROM refunds r WHERE payment_id = '{CANCELED}'"),
            "canceled_by_customer succeeded 14000",
        ),
        (format!("SELECT extract(epoch FROM reservation_at)::bigint::text FROM orders WHERE payment_id = '{NO_INSTANT}'"), "1795485607"),
        (format!("SELECT concat_ws(' ', status, business_day) FROM orders WHERE payment_id = '{LEFT_OVER}'"), "reservation 2026-11-23"),
        (format!("SELECT status FROM orders WHERE payment_id = '{NEWER_TODAY}'"), "complete"),
        (format!("SELECT status FROM orders WHERE payment_id = '{NEWER_ARCHIVED}'"), "complete"),
        (format!("SELECT customer_email FROM orders WHERE payment_id = '{OF_UPPER_CASE}'"), "minji.kim@example.com"),
        (
            format!("SELECT \"order\" ->> 'status' FROM embedded.order_archive WHERE payment_id = '{ARCHIVED_TWICE_DIFFERENTLY}'"),
            "complete",
        ),
        (format!("SELECT count(*)::text FROM embedded.payment_archive WHERE payment_id = '{ARCHIVED}'"), "1"),
        (format!("SELECT new_stock::text FROM embedded.stock_reservations WHERE product_id = '{STOCK_RESERVED}'"), "33"),
        ("SELECT string_agg(email, ' ' ORDER BY email) FROM embedded.withdrawals".into(), "leaving.seller@example.com leaving@example.com"),
        // Nothing is lost, and nothing is there twice.
        ("SELECT ((SELECT count(*) FROM orders) + (SELECT count(*) FROM embedded.order_archive))::text".into(), "9996"),
    ] {
        assert_eq!(house.text(&query).await, expected, "{query}");
    }
    assert_eq!(house.database.count("products WHERE initial_stock + adjustment - sold - held < 0").await, 0);
    let miscounted = "products p WHERE sold <> (SELECT coalesce(sum(quantity), 0) FROM orders o WHERE o.product_id = p.id AND status <> 'cancel' AND business_day >= p.stock_day)
                      OR held <> (SELECT coalesce(sum(quantity), 0) FROM holds h WHERE h.product_id = p.id AND state = 'held')";
    assert_eq!(house.database.count(miscounted).await, 0);
    assert_eq!(house.database.count(&format!("products WHERE id = '{}' AND held = 2", PRODUCTS[0])).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_the_same_and_writes_nothing() {
    let (old, house) = (awkward().await, House::with_fakes().await);
    let before = house.contents().await;
    let dry = house.report(&old, &["--dry-run"]);
    assert_eq!(house.contents().await, before);
    assert_eq!(house.database.count("imported").await, 0);
    assert_eq!(dry, house.report(&old, &[]));
    let (ok, said) = house.import(&old, &["--dry-run", "--strict"]);
    assert!(!ok && said.contains("--strict") && said.contains("sold_twice"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_twice_nothing_changes_on_servers_either() {
    let (old, house) = (awkward().await, House::new(Some(mongo_settings())).await);
    let (ok, first) = house.import(&old, &[]);
    assert!(ok, "{first}");
    let before = house.contents().await;
    let (ok, second) = house.import(&old, &[]);
    assert!(ok, "{second}");
    assert_eq!(brought(&second), [], "{second}");
    assert_eq!(house.contents().await, before);
    let (ok, said) = house.import(&old, &["--verify"]);
    assert!(ok, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_service_without_traps_is_told_nothing_of() {
    let mut data = LegacyData::new();
    data.customer("a@example.com", "손님", noon());
    data.account("sellers", "s@example.com", Some(true), Some(noon()));
    data.store("STR_1727000000_0a1b2c3d", "만두 가게", "s@example.com", noon());
    data.product("PRD_1727000000_0a1b2c3d", "STR_1727000000_0a1b2c3d", 7_000, None, 5);
    let (old, house) = (LegacyDatabases::with(&data).await, House::with_fakes().await);
    assert!(house.report(&old, &["--strict"]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_takes_nothing_else_with_it() {
    const GOOD: &str = "PAY_0a1b2c3d_1727000000";
    const TWIN: &str = "PAY_0a1b2c3e_1727000000";
    let mut data = LegacyData::new();
    data.account("sellers", "s@example.com", Some(true), Some(noon()));
    data.store("STR_1727000000_0a1b2c3d", "만두 가게", "s@example.com", noon());
    data.product("PRD_1727000000_0a1b2c3d", "STR_1727000000_0a1b2c3d", 7_000, None, 5);
    let order = |payment: Bson, quantity: Bson| {
        doc! {
            "payment_id": payment, "customer_id": "a@example.com", "product_id": "PRD_1727000000_0a1b2c3d", "product_name": "만두",
            "store_id": "STR_1727000000_0a1b2c3d", "store_name": "만두 가게", "quantity": quantity, "price": 7_000, "total_amount": 7_000,
            "status": "complete", "reservation_at": date(noon()), "completed_at": date(noon()),
        }
    };
    for (payment, quantity) in
        [(GOOD.into(), 1.into()), (TWIN.into(), 1.into()), (TWIN.into(), "one".into()), (Bson::Null, 1.into()), (Bson::Null, 1.into())]
    {
        data.document("order_history_items", order(payment, quantity));
    }
    let (old, house) = (LegacyDatabases::with(&data).await, House::with_fakes().await);
    old.sql("UPDATE sellers SET created_at = 'infinity'; UPDATE stores SET created_at = '0044-03-15 BC'").await;
    let report = house.report(&old, &[]);
    assert_eq!(reasons(&report, "s@example.com"), ["creation_unknown"]);
    assert_eq!(reasons(&report, "STR_1727000000_0a1b2c3d"), ["creation_unknown"]);
    assert_eq!(reasons(&report, TWIN), ["unreadable"]);
    assert_eq!(report.iter().filter(|line| line["reason"] == "bad_id").count(), 2, "{report:?}");
    let here = "SELECT string_agg(payment_id, ' ' ORDER BY payment_id) FROM embedded.order_archive";
    assert_eq!(house.text(here).await, format!("{GOOD} {TWIN}"));
    assert_eq!(house.database.count("stores JOIN products p ON p.store_id = stores.id WHERE seller_email = 's@example.com'").await, 1);
    let (ok, said) = house.import(&old, &["--verify"]);
    assert!(ok, "{said}");
}
