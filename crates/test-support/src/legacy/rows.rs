//! Rows of the Python service's tables, and documents of its collections, before they are written.

use chrono::{DateTime, SecondsFormat, Utc};
use mongodb::bson::{self, Bson, Document, doc};
use serde_json::{Value, json};

/// What stands in one old service's databases.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LegacyData {
    /// Rows by table, in the order in which they can be written. All rows of a table have the same fields.
    pub tables: Vec<(&'static str, Vec<Value>)>,
    /// Documents by collection.
    pub collections: Vec<(&'static str, Vec<Document>)>,
}

/// The tables, each after those that it refers to.
const TABLES: [&str; 19] = [
    "customers",
    "sellers",
    "customer_details",
    "customer_preferred_menus",
    "customer_nutrition_types",
    "customer_allergies",
    "customer_topping_types",
    "store_addresses",
    "stores",
    "customer_favorites",
    "store_sns",
    "store_images",
    "store_payment_info",
    "store_operation_info",
    "store_operation_info_modifications",
    "store_product_info",
    "product_nutrition",
    "cart_items",
    "order_current_items",
];

/// The collections.
const COLLECTIONS: [&str; 4] =
    ["order_history_items", "product_stock_reservations", "customer_withdraw_reservations", "seller_withdraw_reservations"];

/// An instant as JSON and PostgreSQL have it.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// An instant as BSON has it, to the millisecond.
pub fn date(at: DateTime<Utc>) -> Bson {
    Bson::DateTime(bson::DateTime::from_millis(at.timestamp_millis()))
}

/// What one piece costs: to the nearest 100 won.
pub fn unit_price(price: i64, sale: Option<i64>) -> i64 {
    (price * (100 - sale.unwrap_or(0)) + 5_000) / 10_000 * 100
}

/// An order of either database.
#[derive(Debug, Clone, PartialEq)]
pub struct LegacyOrder {
    /// `PAY_{8 hex}_{unix seconds}`.
    pub payment_id: String,
    /// The customer's e-mail.
    pub customer: String,
    /// `PRD_{unix seconds}_{8 hex}`.
    pub product_id: String,
    /// `STR_{unix seconds}_{8 hex}`.
    pub store_id: String,
    /// Pieces.
    pub quantity: i64,
    /// Won a piece before the discount.
    pub price: i64,
    /// Percent.
    pub sale: Option<i64>,
    /// `reservation`, `accept`, `complete`, `cancel`; in the archive it may be anything.
    pub status: &'static str,
    /// When it was paid, accepted, collected, canceled; the first may be missing only in PostgreSQL.
    pub instants: [Option<DateTime<Utc>>; 4],
    /// Comma-joined words of the customer's preferred menus.
    pub preferred_menus: Option<&'static str>,
}

impl LegacyOrder {
    /// Won in all.
    pub fn total(&self) -> i64 {
        unit_price(self.price, self.sale) * self.quantity
    }

    fn cancel_reason(&self) -> Option<&'static str> {
        (self.status == "cancel").then_some("단순 변심")
    }

    /// As a row of `order_current_items`.
    fn row(&self) -> Value {
        let [reservation, accepted, completed, canceled] = self.instants.map(|at| at.map(instant));
        json!({
            "payment_id": self.payment_id, "product_id": self.product_id, "customer_id": self.customer, "quantity": self.quantity,
            "price": self.price, "sale": self.sale, "total_amount": self.total(), "status": self.status,
            "reservation_at": reservation, "accepted_at": accepted, "completed_at": completed, "canceled_at": canceled,
            "cancel_reason": self.cancel_reason(), "preferred_menus": self.preferred_menus, "nutrition_types": "diet,protein",
            "allergies": null, "topping_types": "",
        })
    }

    /// As a document of `order_history_items`.
    fn document(&self) -> Document {
        let [reservation, accepted, completed, canceled] = self.instants.map(|at| at.map(date));
        let moved = self.instants.iter().flatten().max().copied();
        doc! {
            "payment_id": &self.payment_id, "customer_id": &self.customer, "customer_nickname": "단골", "customer_phone_number": "01012345678",
            "product_id": &self.product_id, "product_name": "오늘의 도시락", "store_id": &self.store_id, "store_name": "마포 가게",
            "quantity": self.quantity, "price": self.price, "sale": self.sale, "total_amount": self.total(), "status": self.status,
            "reservation_at": reservation, "accepted_at": accepted, "completed_at": completed, "canceled_at": canceled,
            "cancel_reason": self.cancel_reason(), "preferred_menus": self.preferred_menus, "nutrition_types": "diet,protein",
            "allergies": Bson::Null, "topping_types": "", "created_at": moved.map(date), "updated_at": moved.map(date),
        }
    }
}

impl LegacyData {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { tables: TABLES.map(|table| (table, vec![])).into(), collections: COLLECTIONS.map(|name| (name, vec![])).into() }
    }

    /// Adds a row.
    pub fn row(&mut self, table: &str, row: Value) {
        self.rows_mut(table).push(row);
    }

    /// Adds a document.
    pub fn document(&mut self, collection: &str, document: Document) {
        self.collections.iter_mut().find(|(name, _)| *name == collection).unwrap().1.push(document);
    }

    /// The rows of a table.
    pub fn rows(&self, table: &str) -> &[Value] {
        &self.tables.iter().find(|(name, _)| *name == table).unwrap().1
    }

    /// The rows of a table, to be changed.
    pub fn rows_mut(&mut self, table: &str) -> &mut Vec<Value> {
        &mut self.tables.iter_mut().find(|(name, _)| *name == table).unwrap().1
    }

    /// The documents of a collection.
    pub fn documents(&self, collection: &str) -> &[Document] {
        &self.collections.iter().find(|(name, _)| *name == collection).unwrap().1
    }

    /// A customer (`table` = `customers`) or seller (`sellers`).
    pub fn account(&mut self, table: &str, email: &str, is_active: Option<bool>, created_at: Option<DateTime<Utc>>) {
        self.row(table, json!({ "email": email, "is_active": is_active, "created_at": created_at.map(instant) }));
    }

    /// A customer with a profile.
    pub fn customer(&mut self, email: &str, nickname: &str, created_at: DateTime<Utc>) {
        self.account("customers", email, Some(true), Some(created_at));
        let at = instant(created_at);
        self.row(
            "customer_details",
            json!({ "customer_email": email, "nickname": nickname, "phone_number": "01012345678", "created_at": at, "updated_at": at }),
        );
    }

    /// A seller's store with an address, links, hours (09:00 to 22:00, pickup from 10:00 to 21:00), a PortOne account and two pictures.
    pub fn store(&mut self, id: &str, name: &str, seller: &str, created_at: DateTime<Utc>) {
        let address = self.rows("store_addresses").len() + 1;
        self.row(
            "store_addresses",
            json!({ "address_id": address, "sido": "서울", "sigungu": "마포구", "bname": "서교동", "lat": "37.5556", "lng": "126.9223", "nearest_station": "홍대입구역", "walking_time": 5 }),
        );
        self.row(
            "stores",
            json!({
                "store_id": id, "store_name": name, "seller_email": seller, "created_at": instant(created_at), "store_introduction": "그날 만든 음식",
                "store_phone": "02-555-1000", "store_postal_code": "04000", "store_address": "서울 마포구 서교동 1", "store_detail_address": "1층",
                "address_id": address,
            }),
        );
        self.row(
            "store_sns",
            json!({ "store_id": id, "instagram": "https://instagram.com/store", "facebook": null, "x": null, "homepage": null }),
        );
        self.row(
            "store_payment_info",
            json!({ "store_id": id, "portone_store_id": format!("store-{id}"), "portone_channel_id": format!("channel-{id}"), "portone_secret_key": "a secret of the old service" }),
        );
        for day in 0..7 {
            self.hours(id, day, true, created_at);
        }
        for order in 0..2 {
            self.image(id, &format!("{name}/{}.jpg", picture(id, order)), order == 0, order);
        }
    }

    /// A day's hours; its `operation_id` is one more than the highest.
    pub fn hours(&mut self, store: &str, day: i64, enabled: bool, at: DateTime<Utc>) {
        let operation = self.rows("store_operation_info").iter().filter_map(|row| row["operation_id"].as_i64()).max().unwrap_or(0) + 1;
        self.row(
            "store_operation_info",
            json!({
                "operation_id": operation, "store_id": store, "day_of_week": day, "open_time": "09:00:00", "pickup_start_time": "10:00:00", "pickup_end_time": "21:00:00",
                "close_time": "22:00:00", "is_open_enabled": enabled, "is_currently_open": enabled, "updated_at": instant(at),
            }),
        );
    }

    /// A picture of a store.
    pub fn image(&mut self, store: &str, key: &str, is_main: bool, display_order: i64) {
        self.row("store_images", json!({ "image_id": key, "store_id": store, "is_main": is_main, "display_order": display_order }));
    }

    /// A product of which nothing is sold yet.
    pub fn product(&mut self, id: &str, store: &str, price: i64, sale: Option<i64>, initial_stock: i64) {
        self.row(
            "store_product_info",
            json!({
                "product_id": id, "store_id": store, "product_name": "오늘의 도시락", "initial_stock": initial_stock, "price": price, "sale": sale,
                "version": 1, "description": "남은 재료로 만든 도시락", "purchased_quantity": 0, "admin_adjustment": 0,
            }),
        );
        self.row("product_nutrition", json!({ "product_id": id, "nutrition_type": "diet" }));
    }

    /// The row of a table whose `field` is `value`, to be changed.
    pub fn of(&mut self, table: &str, field: &str, value: &str) -> &mut Value {
        self.rows_mut(table).iter_mut().find(|row| row[field] == value).unwrap()
    }

    /// Adds to what counts as purchased of a product, where it is there.
    pub fn purchased(&mut self, product: &str, quantity: i64) {
        if let Some(row) = self.rows_mut("store_product_info").iter_mut().find(|row| row["product_id"] == product) {
            row["purchased_quantity"] = json!(row["purchased_quantity"].as_i64().unwrap() + quantity);
        }
    }

    /// An order of today: what is not canceled counts as purchased.
    pub fn current(&mut self, order: &LegacyOrder) {
        if order.status != "cancel" {
            self.purchased(&order.product_id, order.quantity);
        }
        self.row("order_current_items", order.row());
    }

    /// An order of the archive.
    pub fn archived(&mut self, order: &LegacyOrder) {
        self.document("order_history_items", order.document());
    }

    /// An unpaid hold; its stock is the caller's business.
    pub fn cart(&mut self, order: &LegacyOrder, created_at: DateTime<Utc>) {
        self.row(
            "cart_items",
            json!({
                "payment_id": order.payment_id, "product_id": order.product_id, "quantity": order.quantity, "price": order.price,
                "created_at": instant(created_at), "sale": order.sale, "total_amount": order.total(), "customer_id": order.customer,
            }),
        );
    }
}

/// A file's name like the old service's, the same for the same picture.
fn picture(store: &str, order: i64) -> String {
    let digits: String = store.chars().filter(char::is_ascii_hexdigit).chain("0000000000000000".chars()).take(12).collect();
    format!("0b0e{order:04}-6d5e-4f00-8000-{}", digits.to_lowercase())
}
