//! A service into which an old one has moved.

use cheapbob_adapters_mongo::Mongo;
use cheapbob_domain::orders::ports::OrderArchive;
use cheapbob_test_support::{
    Answer, Api, Person, RealServer, TestDatabase,
    legacy::{LegacyData, LegacyDatabases, names, token},
    mongo_settings, noon, session,
};
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

/// The Python service's, and ours.
pub(super) const SECRET: &str = "a secret that both services have signed with";

/// `cheapbob-http` with its jobs, on real databases into which those of an old service were brought.
pub(super) struct House {
    pub(super) api: Api,
    pub(super) database: TestDatabase,
    /// Below it the bucket's folder, `media`.
    pub(super) folder: tempfile::TempDir,
    _server: RealServer,
    _old: LegacyDatabases,
}

impl House {
    /// Its clock stands at noon. `more`: settings beside those of its databases.
    pub(super) async fn moved_in(more: &[(&'static str, &str)]) -> Self {
        let (database, mongo, folder) = (TestDatabase::create().await, mongo_settings(), tempfile::tempdir().unwrap());
        let mut settings = vec![
            ("DB_HOST", "127.0.0.1".to_owned()),
            ("DB_PORT", database.port()),
            ("DB_USER", "cheapbob".to_owned()),
            ("DB_NAME", database.name().to_owned()),
            ("MONGODB_URI", secrecy::ExposeSecret::expose_secret(&mongo.uri).to_owned()),
            ("MONGODB_NAME", mongo.database.clone().unwrap()),
            ("CHEAPBOB_SECRET_KEYS", "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
            ("CHEAPBOB_DATA_DIR", folder.path().display().to_string()),
            ("JWT_SECRET", SECRET.to_owned()),
            ("ENVIRONMENT", "dev".to_owned()),
        ];
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let old = LegacyDatabases::with(&LegacyData::awkward(1, noon())).await;
        bring_over(&database, &Mongo::new(&mongo).unwrap()).await;
        let server = RealServer::http_with_jobs(RealServer::free_port(), &settings).await;
        let api = server.api.clone();
        api.set_clock(noon()).await;
        Self { api, database, folder, _server: server, _old: old }
    }

    /// A token of the old service, good for a day.
    pub(super) fn token(email: &str, role: &str) -> String {
        token(SECRET, email, role, noon() + Duration::days(1))
    }

    /// Who has an old token, and has sent it already.
    pub(super) async fn moved(&self, email: &str, role: &str) -> Person {
        let answer = self.role(&Self::token(email, role)).await;
        Person { api: self.api.clone(), token: session(&answer).unwrap(), email: email.to_lowercase() }
    }

    /// `GET /user/role` with this token.
    pub(super) async fn role(&self, token: &str) -> Answer {
        self.api.call(Method::GET, "/api/v1/user/role", Some(token), None).await
    }

    /// When an account was made, as the database shows it.
    pub(super) async fn created(&self, email: &str) -> String {
        self.database.texts(&format!("SELECT created_at::text FROM accounts WHERE email = '{email}'")).await.remove(0)
    }

    /// PortOne's books have the money of an order of the ordinary store's first product.
    pub(super) async fn pay(&self, payment: &str, pieces: i64) {
        let checkout = json!({
            "paymentId": payment, "storeId": format!("store-{}", names::STORE), "channelKey": format!("channel-{}", names::STORE),
            "orderName": "test", "totalAmount": 7_000 * pieces,
        });
        self.api.call(Method::POST, "/sandbox/portone/checkout", None, Some(&checkout)).await.expect(200);
    }

    /// What a list of orders has of this one.
    pub(super) fn of(list: &Value, payment: &str) -> Value {
        let orders = list["orders"].as_array().unwrap();
        orders.iter().find(|order| order["payment_id"] == payment).unwrap_or_else(|| panic!("{payment} in {list}")).clone()
    }
}

/// TODO-REPLACE
async fn bring_over(database: &TestDatabase, mongo: &Mongo) {
    let store = names::STORE;
    let product = names::PRODUCTS[0];
    let mut sql = String::new();
    for (email, role, active) in [
        (names::CUSTOMER.to_owned(), "customer", true),
        (names::UNVOUCHED_CUSTOMER.to_owned(), "customer", true),
        (names::UPPER_CASE.to_lowercase(), "customer", true),
        (names::WITHDRAWN_CUSTOMER.to_owned(), "customer", false),
        (names::SELLER.to_owned(), "seller", true),
    ] {
        sql += &format!(
            "INSERT INTO accounts (email, role, is_active, email_vouched, created_at, imported_at) VALUES ('{email}', '{role}', {active}, false, '2026-05-01', '2026-11-24');"
        );
        if role == "customer" {
            sql += &format!("INSERT INTO customers VALUES ('{email}', '손님', '01012345678', '2026-05-01', '2026-05-01');");
        }
    }
    sql += &format!(
        "INSERT INTO stores (id, seller_email, name, introduction, phone, postal_code, address, detail_address, sido, sigungu, bname, lat, lng, has_product, created_at, updated_at)
         VALUES ('{store}', '{}', '마포 도시락 & 샐러드 (본점)', 'x', '02', '04000', 'a', 'b', '서울', '마포구', '서교동', '37.5', '126.9', true, '2026-05-01', '2026-05-01');
         INSERT INTO operation_times (store_id, day_of_week, open_time, close_time, pickup_start_time, pickup_end_time, is_open_enabled, updated_at)
         SELECT '{store}', d, '09:00', '22:00', '10:00', '21:00', true, now() FROM generate_series(0, 6) d;
         INSERT INTO products (id, store_id, name, description, price, sale, initial_stock, nutrition_types, created_at, updated_at, stock_day, sold, held)
         VALUES ('{product}', '{store}', '오늘의 도시락', '', 10000, 30, 50, '{{diet}}', now(), now(), '2026-11-24', 20, 2);",
        names::SELLER
    );
    for (n, key) in names::IMAGES.iter().enumerate() {
        sql += &format!("INSERT INTO store_images VALUES ('{key}', '{store}', {}, {n});", n == 0);
    }
    let hold = |payment: &str, state: &str, quantity: i64, minutes: i64, day: &str| {
        let look = if state == "ordered" { "NULL" } else { "'2026-11-24T12:03:00+09:00'" };
        let ended = if state == "released" { "'expired', '2026-11-24T12:00:00+09:00'" } else { "NULL, NULL" };
        format!(
            "INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id, business_day, created_at, expires_at, state, ended_because, ended_at, next_look_at)
             VALUES ('{payment}', '{}', '{product}', '{store}', {quantity}, 10000, 30, {}, 'store-{store}', '{day}', timestamptz '2026-11-24T12:00:00+09:00' - interval '{minutes} min', timestamptz '2026-11-24T12:05:00+09:00' - interval '{minutes} min', '{state}', {ended}, {look});",
            names::CUSTOMER, 7000 * quantity
        )
    };
    for (payment, status, day) in [
        (names::OPEN, "reservation", "2026-11-24"),
        (names::TO_CANCEL, "reservation", "2026-11-24"),
        (names::TO_REFUND, "reservation", "2026-11-24"),
        (names::ACCEPTED, "accept", "2026-11-24"),
        (names::COLLECTED, "complete", "2026-11-24"),
        (names::LEFT_OVER, "reservation", "2026-11-23"),
    ] {
        sql += &hold(payment, "ordered", 2, 60, day);
        sql += &format!(
            "INSERT INTO orders (payment_id, customer_email, customer_nickname, customer_phone_number, product_id, product_name, store_id, store_name, quantity, price, sale, total_amount, status, business_day, reservation_at, accepted_at, completed_at)
             VALUES ('{payment}', '{}', '손님', '01012345678', '{product}', '오늘의 도시락', '{store}', '마포', 2, 10000, 30, 14000, '{status}', '{day}', to_timestamp({}), {});",
            names::CUSTOMER,
            payment.rsplit('_').next().unwrap(),
            match status { "reservation" => "NULL, NULL", "accept" => "'2026-11-24T11:30:00+09:00', NULL", _ => "'2026-11-24T11:30:00+09:00', '2026-11-24T11:40:00+09:00'" }
        );
    }
    sql += &hold(names::CART_FRESH, "held", 1, 1, "2026-11-24");
    sql += &hold(names::CART_TO_BE_PAID, "held", 1, 2, "2026-11-24");
    sql += &hold(names::CART_KEPT, "released", 1, 180, "2026-11-24");
    database.sql(&sql).await;
    let account = cheapbob_domain::stores::PortOneAccount {
        ids: cheapbob_domain::stores::PortOneIds { store_id: format!("store-{store}"), channel_id: format!("channel-{store}") },
        secret: "a secret of the old service".into(),
    };
    let id = cheapbob_domain::shared::StoreId::parse(store).unwrap();
    let stores = database.postgres();
    assert!(cheapbob_domain::stores::ports::Stores::set_payment(&stores, &id, &account, None, noon()).await.unwrap());
    mongo.prepare().await.unwrap();
    let archived: cheapbob_domain::orders::Order = serde_json::from_value(json!({
        "payment_id": names::ARCHIVED, "customer": names::CUSTOMER, "customer_nickname": "단골", "customer_phone_number": "01012345678",
        "product_id": product, "product_name": "오늘의 도시락", "store_id": store, "store_name": "마포 가게", "quantity": 2, "price": 10000, "sale": 30,
        "total_amount": 14000, "status": "complete", "business_day": "2026-11-18", "reservation_at": "2026-11-18T03:00:00Z", "accepted_at": "2026-11-18T03:05:00Z", "completed_at": "2026-11-18T03:10:00Z", "canceled_at": null, "cancel_reason": null,
        "preferences": { "preferred_menus": ["salad"], "nutrition_types": null, "allergies": null, "topping_types": null }
    })).unwrap();
    mongo.put(&[archived]).await.unwrap();
}
