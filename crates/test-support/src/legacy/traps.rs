//! Each trap of an old service's databases, by its name in [`names`](super::names).

use chrono::{DateTime, TimeDelta, Utc};
use mongodb::bson::{Bson, doc};
use serde_json::{Value, json};

use super::{
    names::*,
    rows::{LegacyData, LegacyOrder, date, instant},
};

/// Price and discount of [`PRODUCTS`]' first.
const PRICE: (i64, Option<i64>) = (10_000, Some(30));

/// Sets all of them.
pub(super) fn set(data: &mut LegacyData, now: DateTime<Utc>) {
    let created = now - TimeDelta::days(200);
    people(data, created);
    stores(data, created);
    odd_stores(data, created);
    products(data);
    reservations(data, now);
    carts(data, now);
    orders_of_today(data, now);
    odd_orders_of_today(data, now);
    archive(data);
}

fn people(data: &mut LegacyData, created: DateTime<Utc>) {
    for email in [CUSTOMER, UNVOUCHED_CUSTOMER, UPPER_CASE, TWO_CASES[0], TWICE_PREFERRED, NO_EMAIL, BOTH_ROLES_WITH_PROFILE] {
        data.customer(email, "손님", created);
    }
    data.customer(TWO_CASES[1], "큰손님", created + TimeDelta::days(1));
    data.account("customers", NULL_ACCOUNT, None, None);
    data.account("customers", NO_DETAILS, Some(true), Some(created));
    data.account("customers", BOTH_ROLES_WITH_STORE, Some(true), Some(created));
    for email in [WITHDRAWN_CUSTOMER, INACTIVE_WITHOUT_REQUEST] {
        data.account("customers", email, Some(false), Some(created));
    }
    for email in [SELLER, SELLER_OF_TWO, BOTH_ROLES_WITH_STORE, BOTH_ROLES_WITH_PROFILE] {
        data.account("sellers", email, Some(true), Some(created));
    }
    data.account("sellers", WITHDRAWN_SELLER, Some(false), Some(created));
    for (table, field, word) in [
        ("customer_preferred_menus", "menu_type", "salad"),
        ("customer_nutrition_types", "nutrition_type", "LCHF"),
        ("customer_allergies", "allergy_type", "peanut"),
        ("customer_topping_types", "topping_type", "shrimp"),
    ] {
        for email in [TWICE_PREFERRED, TWICE_PREFERRED, CUSTOMER] {
            data.row(table, json!({ "customer_email": email, field: word, "created_at": instant(created) }));
        }
    }
}

fn stores(data: &mut LegacyData, created: DateTime<Utc>) {
    data.store(STORE, "마포 도시락 & 샐러드 (본점)", SELLER, created);
    for (place, key) in IMAGES.iter().enumerate() {
        data.image(STORE, key, false, 2 + i64::try_from(place).unwrap());
    }
    data.store(FIRST_STORE, "먼저 연 가게", SELLER_OF_TWO, created);
    data.store(SECOND_STORE, "나중에 연 가게", SELLER_OF_TWO, created + TimeDelta::days(30));
    data.store(BOTH_ROLES_STORE, "두 역할 가게", BOTH_ROLES_WITH_STORE, created);
    data.store(WITHDRAWN_STORE, "떠나는 가게", WITHDRAWN_SELLER, created);
    for email in TWO_CASES {
        data.row("customer_favorites", json!({ "customer_email": email, "store_id": STORE, "created_at": instant(created) }));
    }
    data.row("customer_favorites", json!({ "customer_email": CUSTOMER, "store_id": SECOND_STORE, "created_at": instant(created) }));
}

/// Each of a seller of its own.
fn odd_stores(data: &mut LegacyData, created: DateTime<Utc>) {
    for (n, store) in
        [BARE_STORE, WRONG_STORE, ODD_WEEK_STORE, PLANNED_STORE, PARTLY_PLANNED_STORE, NO_MAIN_IMAGE_STORE, TWO_MAIN_IMAGES_STORE]
            .into_iter()
            .enumerate()
    {
        let seller = format!("odd.seller{n}@example.com");
        data.account("sellers", &seller, Some(true), Some(created));
        data.store(store, &format!("이상한 가게 {n}"), &seller, created);
    }
    let bare = data.of("stores", "store_id", BARE_STORE);
    for field in
        ["created_at", "store_introduction", "store_phone", "store_postal_code", "store_address", "store_detail_address", "address_id"]
    {
        bare[field] = Value::Null;
    }
    for table in ["store_sns", "store_payment_info", "store_images"] {
        data.rows_mut(table).retain(|row| row["store_id"] != BARE_STORE);
    }
    let wrong_address = data.of("stores", "store_id", WRONG_STORE)["address_id"].clone();
    let address = data.rows_mut("store_addresses").iter_mut().find(|row| row["address_id"] == wrong_address).unwrap();
    (address["lat"], address["lng"], address["nearest_station"], address["walking_time"]) =
        (json!("모름"), json!(""), Value::Null, Value::Null);
    let links = data.of("store_sns", "store_id", WRONG_STORE);
    (links["instagram"], links["facebook"]) = (json!("@my_store"), json!("facebook.com/my.store"));
    (links["x"], links["homepage"]) = (json!(""), json!("javascript:alert(1)"));
    data.of("store_payment_info", "store_id", WRONG_STORE)["portone_secret_key"] = Value::Null;
    odd_hours(data, created);
    let is_of = |row: &Value, store: &str| row["store_id"] == store;
    for row in data.rows_mut("store_images").iter_mut().filter(|row| is_of(row, NO_MAIN_IMAGE_STORE)) {
        (row["is_main"], row["display_order"]) = (json!(false), json!(0));
    }
    for row in data.rows_mut("store_images").iter_mut().filter(|row| is_of(row, TWO_MAIN_IMAGES_STORE)) {
        row["is_main"] = json!(true);
    }
    data.of("stores", "store_id", TWO_MAIN_IMAGES_STORE)["store_name"] = json!("이름이 아주 긴 가게 ".repeat(5).trim());
}

fn odd_hours(data: &mut LegacyData, created: DateTime<Utc>) {
    data.rows_mut("store_operation_info").retain(|row| row["store_id"] != ODD_WEEK_STORE || row["day_of_week"] != 6);
    data.hours(BARE_STORE, 0, false, created);
    data.hours(ODD_WEEK_STORE, 0, true, created + TimeDelta::days(1));
    data.rows_mut("store_operation_info").last_mut().unwrap()["open_time"] = json!("08:00:00");
    for store in [PLANNED_STORE, PARTLY_PLANNED_STORE] {
        let days: Vec<_> = data.rows("store_operation_info").iter().filter(|row| row["store_id"] == store).cloned().collect();
        let partly = store == PARTLY_PLANNED_STORE;
        for day in days.iter().take(if partly { 3 } else { 7 }) {
            data.row(
                "store_operation_info_modifications",
                json!({
                    "operation_id": day["operation_id"], "new_open_time": "11:00:00", "new_pickup_start_time": "12:00:00",
                    "new_pickup_end_time": if partly { Value::Null } else { json!("19:00:00") }, "new_close_time": "20:00:00",
                    "new_is_open_enabled": if partly { Value::Null } else { json!(true) }, "created_at": instant(created),
                }),
            );
        }
    }
}

fn products(data: &mut LegacyData) {
    data.product(PRODUCTS[0], STORE, PRICE.0, PRICE.1, 50);
    data.product(PRODUCTS[1], STORE, 7_900, None, 20);
    for (product, store) in [
        (NEGATIVE_STOCK, FIRST_STORE),
        (BARE_PRODUCT, FIRST_STORE),
        (GIVEN_BACK_TWICE, FIRST_STORE),
        (STOCK_RESERVED, FIRST_STORE),
        ("PRD_1727015000_0a1b2c15", SECOND_STORE),
    ] {
        data.product(product, store, 5_000, None, 10);
    }
    data.of("store_product_info", "product_id", NEGATIVE_STOCK)["purchased_quantity"] = json!(13);
    let bare = data.of("store_product_info", "product_id", BARE_PRODUCT);
    (bare["description"], bare["admin_adjustment"]) = (Value::Null, json!(-2));
}

fn reservations(data: &mut LegacyData, now: DateTime<Utc>) {
    let at = date(now - TimeDelta::hours(1));
    for product in [STOCK_RESERVED, STOCK_RESERVED_FOR_NOTHING] {
        let document = doc! { "product_id": product, "initial_stock": 10, "new_stock": 33, "reserved_at": at.clone(), "created_at": at.clone(), "updated_at": at.clone() };
        data.document("product_stock_reservations", document);
    }
    for (collection, field, email) in [
        ("customer_withdraw_reservations", "customer_email", WITHDRAWN_CUSTOMER),
        ("customer_withdraw_reservations", "customer_email", WITHDRAWN_NOBODY),
        ("seller_withdraw_reservations", "seller_email", WITHDRAWN_SELLER),
    ] {
        data.document(collection, doc! { field: email, "withdrawn_at": at.clone(), "created_at": at.clone(), "updated_at": at.clone() });
    }
}

/// Two pieces of the ordinary store's first product, for its ordinary customer, paid when its id says.
fn order(payment_id: &str, status: &'static str) -> LegacyOrder {
    let paid = DateTime::from_timestamp(payment_id.rsplit('_').next().unwrap().parse().unwrap(), 0).unwrap();
    let after = |seconds| Some(paid + TimeDelta::seconds(seconds));
    LegacyOrder {
        payment_id: payment_id.to_owned(),
        customer: CUSTOMER.to_owned(),
        product_id: PRODUCTS[0].to_owned(),
        store_id: STORE.to_owned(),
        quantity: 2,
        price: PRICE.0,
        sale: PRICE.1,
        status,
        instants: match status {
            "reservation" => [Some(paid), None, None, None],
            "accept" => [Some(paid), after(300), None, None],
            "cancel" => [Some(paid), None, None, after(300)],
            _ => [Some(paid), after(300), after(600), None],
        },
        preferred_menus: Some("salad,poke"),
    }
}

fn carts(data: &mut LegacyData, now: DateTime<Utc>) {
    for (payment, minutes, still_taken) in [
        (CART_FRESH, 1, true),
        (CART_TO_BE_PAID, 2, true),
        (CART_GIVEN_BACK, 120, false),
        (CART_KEPT, 180, true),
        (CART_WITH_ORDER, 20, false),
    ] {
        let cart = LegacyOrder { quantity: 1, ..order(payment, "reservation") };
        data.cart(&cart, now - TimeDelta::minutes(minutes));
        if still_taken {
            data.purchased(&cart.product_id, cart.quantity);
        }
    }
    data.cart(
        &LegacyOrder { product_id: "PRD_1727099999_0a1b2cff".to_owned(), ..order(CART_OF_NOTHING, "reservation") },
        now - TimeDelta::hours(5),
    );
}

fn orders_of_today(data: &mut LegacyData, now: DateTime<Utc>) {
    for payment in [OPEN, TO_CANCEL, TO_REFUND] {
        data.current(&order(payment, "reservation"));
    }
    data.current(&order(ACCEPTED, "accept"));
    data.current(&order(COLLECTED, "complete"));
    data.current(&order(CANCELED, "cancel"));
    data.current(&LegacyOrder { quantity: 1, ..order(CART_WITH_ORDER, "reservation") });
    data.current(&LegacyOrder { customer: UPPER_CASE.to_owned(), ..order(OF_UPPER_CASE, "complete") });
    let left_over = order(LEFT_OVER, "reservation");
    assert!(left_over.instants[0] < Some(now - TimeDelta::hours(20)), "the names' instants are noon's");
    data.current(&left_over);
}

fn odd_orders_of_today(data: &mut LegacyData, now: DateTime<Utc>) {
    let one = order(ONE_INSTANT, "complete");
    data.current(&LegacyOrder { instants: [None, None, one.instants[2], None], ..one });
    data.current(&LegacyOrder { instants: [None; 4], ..order(NO_INSTANT, "complete") });
    data.current(&LegacyOrder { customer: NO_DETAILS.to_owned(), ..order(OF_NO_DETAILS, "complete") });
    data.current(&LegacyOrder { customer: "row.gone@example.com".to_owned(), ..order(OF_NOBODY, "reservation") });
    data.current(&LegacyOrder { product_id: "PRD_1727099998_0a1b2cfe".to_owned(), ..order(OF_NO_PRODUCT, "reservation") });
    data.current(&LegacyOrder { preferred_menus: Some("salad,unheard_of"), ..order(UNKNOWN_WORD, "complete") });
    data.current(&LegacyOrder {
        product_id: "PRD_1727015000_0a1b2c15".to_owned(),
        price: 5_000,
        sale: None,
        ..order(OF_SECOND_STORE, "reservation")
    });
    data.current(&LegacyOrder {
        product_id: GIVEN_BACK_TWICE.to_owned(),
        price: 5_000,
        sale: None,
        ..order(OF_GIVEN_BACK_TWICE, "accept")
    });
    data.of("store_product_info", "product_id", GIVEN_BACK_TWICE)["purchased_quantity"] = json!(0);
    // Both databases have them: whichever knows of the later event is right.
    data.current(&order(NEWER_TODAY, "complete"));
    data.archived(&order(NEWER_TODAY, "accept"));
    data.current(&order(NEWER_ARCHIVED, "accept"));
    data.archived(&order(NEWER_ARCHIVED, "complete"));
    assert!(order(NEWER_TODAY, "complete").instants[2] < Some(now), "the names' instants are noon's");
}

fn archive(data: &mut LegacyData) {
    data.archived(&order(ARCHIVED, "complete"));
    data.archived(&order(ARCHIVED_TWICE, "complete"));
    data.archived(&order(ARCHIVED_TWICE, "complete"));
    data.archived(&order(ARCHIVED_TWICE_DIFFERENTLY, "accept"));
    data.archived(&order(ARCHIVED_TWICE_DIFFERENTLY, "complete"));
    data.archived(&order(ARCHIVED_OPEN, "reservation"));
    data.archived(&order(ARCHIVED_ACCEPTED, "accept"));
    data.archived(&LegacyOrder { status: "no_show", ..order(ARCHIVED_UNKNOWN_STATUS, "complete") });
    data.archived(&LegacyOrder { preferred_menus: Some("unheard_of"), ..order(ARCHIVED_UNKNOWN_WORD, "complete") });
    let lacking = order(ARCHIVED_WITHOUT_COMPLETION, "complete");
    data.archived(&LegacyOrder { instants: [lacking.instants[0], lacking.instants[1], None, None], ..lacking });
    data.archived(&LegacyOrder {
        customer: "row.gone@example.com".to_owned(),
        product_id: "PRD_1727099997_0a1b2cfd".to_owned(),
        store_id: "STR_1727099997_0a1b2cfd".to_owned(),
        ..order(ARCHIVED_OF_NOBODY, "complete")
    });
    // Extra fields of a document are nobody's trap, a missing one is: the last has no preferences at all.
    if let Some((_, documents)) = data.collections.iter_mut().find(|(name, _)| *name == "order_history_items")
        && let Some(last) = documents.last_mut()
    {
        last.remove("preferred_menus");
        last.insert("revision_id", Bson::Null);
    }
}
