//! The wire contract of the two apps, row by row, written from the contract's text and from nothing of ours: each row's answer,
//! each field with its type, each status. (Rules between the rows have tests of their own.)

use std::{collections::BTreeSet, io::Cursor, sync::Mutex};

use cheapbob_test_support::{Answer, Api, Held, Person, RealServer, fresh_email, location, noon, store};
use chrono::DateTime;
use reqwest::Method;
use serde_json::{Value, json};

/// The rows, as the contract names them.
const ROWS: &[&str] = &[
    "GET /auth/{}/login/{}",
    "GET /auth/{}/callback/{}",
    "POST /auth/logout",
    "GET /user/role",
    "GET /common/options/preferred-menus",
    "GET /common/options/nutrition-types",
    "GET /common/options/allergies",
    "GET /common/options/topping-types",
    "POST /customer/register",
    "GET /customer/profile",
    "GET /customer/profile/me",
    "GET /customer/profile/detail",
    "PATCH /customer/profile/detail",
    "GET /customer/profile/preferred-menus",
    "POST /customer/profile/preferred-menus",
    "DELETE /customer/profile/preferred-menus",
    "GET /customer/profile/nutrition-types",
    "POST /customer/profile/nutrition-types",
    "DELETE /customer/profile/nutrition-types",
    "GET /customer/profile/allergies",
    "POST /customer/profile/allergies",
    "DELETE /customer/profile/allergies",
    "GET /customer/profile/topping-types",
    "POST /customer/profile/topping-types",
    "DELETE /customer/profile/topping-types",
    "GET /customer/search/stores",
    "GET /customer/search/stores/by-location",
    "GET /customer/search/stores/by-name",
    "GET /customer/search/stores/by-location-name",
    "GET /customer/search/stores/{}/products",
    "GET /customer/search/stores/favorites",
    "POST /customer/search/stores/{}/favorites",
    "DELETE /customer/search/stores/{}/favorites",
    "GET /customer/history/search",
    "DELETE /customer/history/search",
    "DELETE /customer/history/search/{}",
    "POST /customer/payment/init",
    "POST /customer/payment/confirm",
    "DELETE /customer/payment/init/{}",
    "GET /customer/orders",
    "GET /customer/orders/today",
    "GET /customer/orders/today-alarm",
    "GET /customer/orders/{}",
    "PATCH /customer/orders/{}/complete",
    "DELETE /customer/orders/{}/cancel",
    "POST /customer/withdraw",
    "DELETE /customer/withdraw/cancel",
    "POST /seller/store/register",
    "POST /seller/store/register/images",
    "POST /seller/store/register/payment",
    "GET /seller/store/register/payment",
    "GET /seller/store",
    "PATCH /seller/store/close",
    "GET /seller/store/profile/me",
    "PUT /seller/store/profile/name",
    "PUT /seller/store/profile/introduction",
    "PUT /seller/store/profile/phone",
    "PUT /seller/store/settings/address",
    "GET /seller/store/settings/payment",
    "PUT /seller/store/settings/payment",
    "GET /seller/store/settings/operation",
    "GET /seller/store/settings/operation/reservation",
    "POST /seller/store/settings/operation/reservation",
    "DELETE /seller/store/settings/operation/reservation",
    "GET /seller/store/sns",
    "PUT /seller/store/sns",
    "DELETE /seller/store/sns/{}",
    "GET /seller/store/images",
    "POST /seller/store/images",
    "DELETE /seller/store/images/{}",
    "PUT /seller/store/images/main/{}",
    "POST /seller/store/products/register",
    "GET /seller/store/products/{}",
    "PUT /seller/store/products/{}",
    "PATCH /seller/store/products/{}/stock/up",
    "PATCH /seller/store/products/{}/stock/down",
    "GET /seller/store/products/{}/stock/reservation",
    "POST /seller/store/products/{}/stock/reservation",
    "DELETE /seller/store/products/{}/stock/reservation",
    "POST /seller/store/products/{}/nutrition",
    "DELETE /seller/store/products/{}/nutrition",
    "GET /seller/store/orders",
    "GET /seller/store/orders/today",
    "PATCH /seller/store/orders/{}/accept",
    "DELETE /seller/store/orders/{}/cancel",
    "GET /seller/store/orders/{}/qr",
    "WS /seller/store/orders/{}/qr/callback",
    "GET /seller/store/orders/dashboard",
    "GET /seller/store/settlement",
    "GET /seller/store/settlement/weekly-revenue",
    "POST /seller/withdraw",
    "DELETE /seller/withdraw/cancel",
];

/// The shapes. A text names a type: `int`, `bool`, `string`, `email`, `instant`, `HH:MM:SS`, `HH:MM`, `date`, `url`, an id's
/// prefix, or words divided by `|`, of which `null` may be one. A list of one shape is a list of such.
fn shape(name: &str) -> Value {
    let with = |base: &str, more: Value| {
        let mut whole = shape(base);
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        whole
    };
    let link = json!({ "instagram": "url|null", "facebook": "url|null", "x": "url|null", "homepage": "url|null" });
    match name {
        "Option" => json!({ "type": "string", "name": "string" }),
        "Detail" => {
            json!({ "customer_email": "email", "nickname": "string", "phone_number": "string", "created_at": "instant", "updated_at": "instant" })
        }
        "Menus" => json!([{ "id": "int", "menu_type": "salad|poke|korean|sandwich", "created_at": "instant" }]),
        "Nutrition" => json!([{ "id": "int", "nutrition_type": NUTRITION, "created_at": "instant" }]),
        "Allergies" => {
            json!([{ "id": "int", "allergy_type": "seafood|peanut|nuts|soy|wheat|egg|dairy|shellfish|fish|pork|beef|chicken", "created_at": "instant" }])
        }
        "Toppings" => {
            json!([{ "id": "int", "topping_type": "egg_mayo|chicken_breast|onion_flake|toasted_bread|sweet_pumpkin|ricotta_cheese|shrimp|smoked_salmon|avocado|pork_belly", "created_at": "instant" }])
        }
        "Profile" => json!({
            "detail": shape("Detail"), "preferred_menus": shape("Menus"), "nutrition_types": shape("Nutrition"),
            "allergies": shape("Allergies"), "topping_types": shape("Toppings"),
        }),
        "Product" => json!({
            "product_id": "PRD_", "store_id": "STR_", "product_name": "string", "description": "string", "initial_stock": "int",
            "current_stock": "int", "price": "int", "sale": "int", "version": "int", "nutrition_types": [NUTRITION],
        }),
        "Image" => json!({ "image_id": "string", "image_url": "url", "is_main": "bool", "display_order": "int" }),
        "Images" => json!({ "store_id": "STR_", "images": [shape("Image")], "total": "int" }),
        "Address" => json!({
            "store_id": "STR_", "postal_code": "string", "address": "string", "detail_address": "string", "sido": "string", "sigungu": "string",
            "bname": "string", "lat": "string", "lng": "string", "nearest_station": "string|null", "walking_time": "int|null",
        }),
        "StoreSns" => {
            let mut sns = link;
            sns["store_id"] = "STR_".into();
            sns
        }
        "OperationTime" => json!({
            "operation_id": "int", "store_id": "STR_", "day_of_week": "int", "open_time": "HH:MM:SS", "close_time": "HH:MM:SS",
            "pickup_start_time": "HH:MM:SS", "pickup_end_time": "HH:MM:SS", "is_open_enabled": "bool", "is_currently_open": "bool", "updated_at": "instant",
        }),
        "Store" => json!({
            "store_id": "STR_", "store_name": "string", "store_introduction": "string", "store_phone": "string", "seller_email": "email",
            "created_at": "instant", "address": shape("Address"), "sns": link, "operation_times": [shape("OperationTime")],
            "images": [shape("Image")], "products": [shape("Product")],
        }),
        "CustomerStore" => with("Store", json!({ "is_favorite": "bool" })),
        "StorePage" => json!({ "stores": [shape("CustomerStore")], "is_end": "bool" }),
        "StoreProfile" => json!({ "store_id": "STR_", "store_name": "string", "store_introduction": "string", "store_phone": "string" }),
        "Order" => json!({
            "payment_id": "PAY", "customer_id": "email", "customer_nickname": "string", "customer_phone_number": "string", "product_id": "PRD_",
            "product_name": "string", "store_id": "STR_", "store_name": "string", "quantity": "int", "price": "int", "sale": "int", "total_amount": "int",
            "status": "reservation|accept|complete|cancel", "reservation_at": "instant", "accepted_at": "instant|null",
            "completed_at": "instant|null", "canceled_at": "instant|null", "cancel_reason": "string|null", "preferred_menus": "list|null",
            "nutrition_types": "list|null", "allergies": "list|null", "topping_types": "list|null",
        }),
        "CustomerOrder" => with("Order", json!({ "main_image_url": "url|null" })),
        "TodayOrder" => with("CustomerOrder", json!({ "pickup_start_time": "HH:MM", "pickup_end_time": "HH:MM" })),
        "Orders" => json!({ "orders": [shape("Order")], "total": "int" }),
        "CustomerOrders" => json!({ "orders": [shape("CustomerOrder")], "total": "int" }),
        "TodayOrders" => json!({ "orders": [shape("TodayOrder")], "total": "int" }),
        "CancelResult" => json!({ "payment_id": "PAY", "quantity": "int", "price": "int", "sale": "int", "total_amount": "int" }),
        "Held" => {
            json!({ "payment_id": "PAY", "channel_id": "string", "store_id": "string", "quantity": "int", "price": "int", "sale": "int", "total_amount": "int" })
        }
        "Alarms" => json!({
            "alarm_cards": [{
                "payment_id": "PAY", "order_time": "instant", "quantity": "int", "price": "int", "sale": "int", "total_amount": "int",
                "status": "reservation|accept|cancel", "store_name": "string", "product_name": "string", "pickup_start_time": "HH:MM", "pickup_end_time": "HH:MM",
            }],
            "total": "int",
        }),
        "Operation" => json!([{
            "day_of_week": "int", "open_time": "HH:MM:SS", "close_time": "HH:MM:SS", "pickup_start_time": "HH:MM:SS", "pickup_end_time": "HH:MM:SS", "is_open_enabled": "bool",
        }]),
        "OperationReservation" => json!({
            "modification_type": "int",
            "modifications": [{
                "operation_id": "int", "day_of_week": "int", "new_open_time": "HH:MM:SS", "new_close_time": "HH:MM:SS", "new_is_open_enabled": "bool", "created_at": "instant",
            }],
            "new_pickup_start_interval": "int", "new_pickup_end_interval": "int",
        }),
        "PaymentSettings" => json!({ "store_id": "STR_", "portone_store_id": "string|null", "portone_channel_id": "string|null" }),
        "StockReservation" => json!({ "product_id": "PRD_", "initial_stock": "int", "new_stock": "int", "reserved_at": "instant" }),
        "Dashboard" => json!({
            "items": [{ "product_id": "PRD_", "product_name": "string", "current_stock": "int", "initial_stock": "int", "purchased_stock": "int", "adjustment_stock": "int" }],
            "total_items": "int",
        }),
        "Settlement" => json!({
            "daily_settlements": [{ "date": "date", "items": [{ "product_name": "string", "quantity": "int", "total_amount": "int", "status": "complete|cancel", "time_at": "HH:MM" }] }],
        }),
        "Message" => json!({ "message": "string" }),
        "Problem" => {
            json!({ "type": "string", "title": "string", "status": "int", "detail": "string", "code": "string", "request_id": "string" })
        }
        "Invalid" => with("Problem", json!({ "errors": [{ "field": "string", "code": "string", "message": "string" }] })),
        other => panic!("no shape {other}"),
    }
}

const NUTRITION: &str = "diet|LCHF|protein|LSLS|balance|vegetarian";

/// Whether a value is of a shape. Fields beyond it are welcome.
fn check(shape: &Value, value: &Value, place: &str) {
    match shape {
        Value::Object(fields) => {
            let object = value.as_object().unwrap_or_else(|| panic!("{place} is no object: {value}"));
            for (name, field) in fields {
                check(field, object.get(name).unwrap_or_else(|| panic!("{place}.{name} is missing: {value}")), &format!("{place}.{name}"));
            }
        }
        Value::Array(items) => {
            let list = value.as_array().unwrap_or_else(|| panic!("{place} is no list: {value}"));
            for (n, item) in list.iter().enumerate() {
                check(&items[0], item, &format!("{place}.{n}"));
            }
        }
        Value::String(kinds) => assert!(kinds.split('|').any(|kind| is(kind, value)), "{place} is no {kinds}: {value}"),
        other => panic!("no shape: {other}"),
    }
}

fn is(kind: &str, value: &Value) -> bool {
    let text = |test: &dyn Fn(&str) -> bool| value.as_str().is_some_and(test);
    let digits = |pattern: &str| {
        text(&|t| {
            t.len() == pattern.len() && t.bytes().zip(pattern.bytes()).all(|(c, p)| if p == b'0' { c.is_ascii_digit() } else { c == p })
        })
    };
    match kind {
        "null" => value.is_null(),
        "int" => value.is_i64(),
        "bool" => value.is_boolean(),
        "string" => value.is_string(),
        "list" => value.as_array().is_some_and(|l| l.iter().all(Value::is_string)),
        "email" => text(&|t| t.contains('@')),
        "instant" => text(&|t| DateTime::parse_from_rfc3339(t).is_ok()),
        "url" => text(&|t| t.starts_with("http")),
        "HH:MM:SS" => digits("00:00:00"),
        "HH:MM" => digits("00:00"),
        "date" => digits("0000-00-00"),
        "STR_" | "PRD_" | "PAY" => text(&|t| {
            t.len() <= 40 && t.strip_prefix(kind).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
        }),
        word => value == word,
    }
}

/// Calls and remembers which rows they were of.
#[derive(Default)]
struct Rows {
    called: Mutex<BTreeSet<String>>,
}

impl Rows {
    /// `row` as in [`ROWS`]; each `{}` is filled from `with`.
    fn path(&self, row: &str, with: &[&str]) -> (Method, String) {
        assert!(ROWS.contains(&row), "{row}");
        self.called.lock().unwrap().insert(row.to_owned());
        let (method, path) = row.split_once(' ').unwrap();
        let path = with.iter().fold(path.to_owned(), |path, part| path.replacen("{}", part, 1));
        (Method::from_bytes(method.as_bytes()).unwrap(), format!("/api/v1{path}"))
    }

    async fn call(&self, who: &Person, row: &str, with: &[&str], body: Option<Value>) -> Answer {
        let (mut parts, query) = (with.to_vec(), with.last().filter(|w| w.starts_with('?')).copied());
        if query.is_some() {
            parts.pop();
        }
        let (method, path) = self.path(row, &parts);
        who.call(method, &format!("{path}{}", query.unwrap_or_default()), body.as_ref()).await
    }

    /// An answer with a body of this shape (or JSON shape).
    async fn gives(&self, who: &Person, row: &str, with: &[&str], body: Option<Value>, status: u16, name: impl Into<Value>) -> Value {
        let answer = self.call(who, row, with, body).await;
        assert_eq!(answer.headers["content-type"], "application/json", "{row}");
        let body = answer.expect(status);
        let expected = match name.into() {
            Value::String(name) => shape(&name),
            shape => shape,
        };
        check(&expected, &body, row);
        body
    }

    async fn gives_nothing(&self, who: &Person, row: &str, with: &[&str], body: Option<Value>) {
        let answer = self.call(who, row, with, body).await;
        assert_eq!((answer.status, &answer.body), (204, &json!("")), "{row}");
    }

    async fn refuses(&self, who: &Person, row: &str, with: &[&str], body: Option<Value>, status: u16) {
        let answer = self.call(who, row, with, body).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{row}: {}", answer.body);
        assert_eq!(answer.status, status, "{row} {with:?}: {}", answer.body);
        check(&shape(if status == 422 { "Invalid" } else { "Problem" }), &answer.body, row);
        assert_eq!(answer.body["status"], status);
    }
}

const NONE: Option<Value> = None;

fn some(body: Value) -> Option<Value> {
    Some(body)
}

fn picture() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(8, 6).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

async fn auth(rows: &Rows, api: &Api) {
    for provider in ["google", "kakao", "naver"] {
        for role in ["customer", "seller"] {
            let (_, login) = rows.path("GET /auth/{}/login/{}", &[provider, role]);
            let start = api.get(&format!("{login}?state=undefined")).await;
            assert!(matches!(start.status, 302 | 307) && !location(&start).is_empty());
            let back = api.log_in(provider, role, "undefined", &[("email", &fresh_email())]).await;
            let status = if role == "customer" { "profile" } else { "store" };
            assert!(location(&back).ends_with(&format!("/auth/success?status={status}&conflict=0")), "{}", location(&back));
            let cookie =
                back.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).find(|c| c.starts_with("access_token=")).unwrap();
            for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
                assert!(cookie.contains(part), "{part} in {cookie}");
            }
            let (_, callback) = rows.path("GET /auth/{}/callback/{}", &[provider, role]);
            assert_eq!(api.get(&format!("{callback}?code=x&state=y")).await.status, 400);
            let html = api.get_with(&format!("{callback}?code=x&state=y"), &[("accept", "text/html")]).await;
            assert!(matches!(html.status, 302 | 307) && location(&html).contains("/auth/fail?code="));
        }
    }
    let person = api.person("customer", &fresh_email()).await;
    let role = json!({ "email": "email", "user_type": "customer|seller", "is_active": "bool", "status": "profile|store|product|complete" });
    rows.gives(&person, "GET /user/role", &[], NONE, 200, role).await;
    for kind in ["preferred-menus", "nutrition-types", "allergies", "topping-types"] {
        let row = format!("GET /common/options/{kind}");
        rows.gives(&person, &row, &[], NONE, 200, json!({ "options": [shape("Option")] })).await;
    }
    for _ in 0..2 {
        rows.gives(&person, "POST /auth/logout", &[], NONE, 200, "Message").await;
    }
    rows.refuses(&person, "GET /user/role", &[], NONE, 401).await;
}

async fn customer(rows: &Rows, api: &Api) -> Person {
    let me = &api.person("customer", &fresh_email()).await;
    for row in ["GET /customer/profile", "GET /customer/profile/detail"] {
        rows.refuses(me, row, &[], NONE, 404).await;
    }
    rows.refuses(me, "PATCH /customer/profile/detail", &[], some(json!({ "nickname": "둘리" })), 404).await;
    let profile = json!({ "nickname": "길동", "phone_number": "01012345678", "preferred_menus": ["poke"], "nutrition_types": ["diet"], "allergies": ["egg"], "topping_types": ["shrimp"] });
    rows.refuses(me, "POST /customer/register", &[], some(json!({ "nickname": "여덟글자가넘는다", "phone_number": "1" })), 422).await;
    rows.gives(me, "POST /customer/register", &[], some(profile.clone()), 201, "Profile").await;
    rows.refuses(me, "POST /customer/register", &[], some(profile), 400).await;
    rows.gives(me, "GET /customer/profile", &[], NONE, 200, "Profile").await;
    rows.gives(me, "GET /customer/profile/me", &[], NONE, 200, json!({ "email": "email" })).await;
    rows.gives(me, "GET /customer/profile/detail", &[], NONE, 200, "Detail").await;
    rows.gives(me, "PATCH /customer/profile/detail", &[], some(json!({ "nickname": "둘리", "phone_number": null })), 200, "Detail").await;
    rows.refuses(me, "PATCH /customer/profile/detail", &[], some(json!({})), 400).await;
    for (kind, list, items, many, one, new) in [
        ("preferred-menus", "preferred_menus", "Menus", "menu_types", "menu_type", "korean"),
        ("nutrition-types", "nutrition_types", "Nutrition", "nutrition_types", "nutrition_type", "LSLS"),
        ("allergies", "allergies", "Allergies", "allergy_types", "allergy_type", "shellfish"),
        ("topping-types", "topping_types", "Toppings", "topping_types", "topping_type", "egg_mayo"),
    ] {
        let row = |method: &str| format!("{method} /customer/profile/{kind}");
        let whole = json!({ list: shape(items) });
        rows.gives(me, &row("GET"), &[], NONE, 200, whole.clone()).await;
        let added = rows.gives(me, &row("POST"), &[], some(json!({ many: [new] })), 201, whole).await;
        assert_eq!(added[list].as_array().unwrap().len(), 2, "{kind}: the whole list");
        rows.refuses(me, &row("POST"), &[], some(json!({ many: [new] })), 400).await;
        rows.gives_nothing(me, &row("DELETE"), &[], some(json!({ one: new }))).await;
        rows.refuses(me, &row("DELETE"), &[], some(json!({ one: new })), 404).await;
    }
    me.clone()
}

async fn seller(rows: &Rows, api: &Api) -> (Person, String, String) {
    let me = &api.person("seller", &fresh_email()).await;
    rows.refuses(me, "GET /seller/store", &[], NONE, 404).await;
    rows.gives(me, "GET /seller/store/profile/me", &[], NONE, 200, json!({ "email": "email" })).await;
    let mut bad = store("가게");
    bad["operation_times"][0]["close_time"] = "00:00".into();
    rows.refuses(me, "POST /seller/store/register", &[], some(bad), 422).await;
    let registered = json!({ "store_id": "STR_", "store_name": "string", "message": "string" });
    rows.gives(me, "POST /seller/store/register", &[], some(store("계약 가게")), 201, registered).await;
    rows.refuses(me, "POST /seller/store/register", &[], some(store("가게")), 409).await;

    // Pictures.
    let upload = async |row: &str, files: &[(&str, &str, Vec<u8>)]| api.upload(&rows.path(row, &[]).1, &me.token, files).await;
    let (first, more) = ("POST /seller/store/register/images", "POST /seller/store/images");
    let file = || ("a.png", "image/png", picture());
    assert_eq!(upload(first, &[("a.gif", "image/png", b"GIF89a".to_vec())]).await.status, 400);
    assert_eq!(upload(first, &[]).await.status, 400);
    assert_eq!(upload(first, &[("big.png", "image/png", vec![0; (15 << 20) + 1])]).await.status, 413);
    check(&shape("Images"), &upload(first, &[file(), file()]).await.expect(201), first);
    assert_eq!(upload(first, &[file()]).await.status, 409);
    let images = upload(more, &[file()]).await.expect(200);
    check(&shape("Images"), &images, more);
    assert_eq!(images["total"], 3);
    rows.gives(me, "GET /seller/store/images", &[], NONE, 200, "Images").await;
    let id = |n: usize| images["images"][n]["image_id"].as_str().unwrap();
    rows.gives(me, "PUT /seller/store/images/main/{}", &[id(1)], NONE, 200, "Image").await;
    rows.refuses(me, "DELETE /seller/store/images/{}", &[id(1)], NONE, 409).await;
    rows.gives_nothing(me, "DELETE /seller/store/images/{}", &[id(2)], NONE).await;
    rows.refuses(me, "DELETE /seller/store/images/{}", &[id(2)], NONE, 404).await;

    // Payment.
    let exists = || json!({ "is_exist": "bool" });
    assert_eq!(rows.gives(me, "GET /seller/store/register/payment", &[], NONE, 200, exists()).await["is_exist"], false);
    rows.gives(me, "GET /seller/store/settings/payment", &[], NONE, 200, "PaymentSettings").await;
    let payment = json!({ "portone_store_id": "store-c", "portone_channel_id": "channel-c", "portone_secret_key": "secret" });
    rows.gives_nothing(me, "POST /seller/store/register/payment", &[], some(payment.clone())).await;
    rows.refuses(me, "POST /seller/store/register/payment", &[], some(payment), 409).await;
    assert_eq!(rows.gives(me, "GET /seller/store/register/payment", &[], NONE, 200, exists()).await["is_exist"], true);
    let ids = json!({ "portone_store_id": "store-d", "portone_channel_id": "channel-d" });
    rows.gives(me, "PUT /seller/store/settings/payment", &[], some(ids), 200, "PaymentSettings").await;

    // Settings.
    for (field, what, value) in
        [("store_name", "name", "새 계약 가게"), ("store_introduction", "introduction", "소개"), ("store_phone", "phone", "02-1")]
    {
        let row = format!("PUT /seller/store/profile/{what}");
        rows.gives(me, &row, &[], some(json!({ field: value })), 200, "StoreProfile").await;
        rows.refuses(me, &row, &[], some(json!({ field: "" })), 422).await;
    }
    rows.gives(me, "PUT /seller/store/settings/address", &[], some(store("x")["address_info"].clone()), 200, "Address").await;
    assert_eq!(rows.gives(me, "GET /seller/store/settings/operation", &[], NONE, 200, "Operation").await.as_array().unwrap().len(), 7);
    let reservation = "/seller/store/settings/operation/reservation";
    let none = rows.gives(me, &format!("GET {reservation}"), &[], NONE, 200, "OperationReservation").await;
    assert_eq!((&none["modification_type"], none["modifications"].as_array().unwrap().len()), (&json!(0), 7));
    let week = json!({ "operation_times": store("x")["operation_times"] });
    assert_eq!(rows.call(me, &format!("POST {reservation}"), &[], some(week)).await.status, 201);
    rows.refuses(me, &format!("POST {reservation}"), &[], some(json!({ "operation_times": [] })), 422).await;
    rows.gives_nothing(me, &format!("DELETE {reservation}"), &[], NONE).await;
    rows.gives(me, "GET /seller/store/sns", &[], NONE, 200, "StoreSns").await;
    rows.gives(me, "PUT /seller/store/sns", &[], some(json!({ "x": "https://x.example", "instagram": "" })), 200, "StoreSns").await;
    rows.refuses(me, "PUT /seller/store/sns", &[], some(json!({ "x": "no url" })), 422).await;
    for link in ["instagram", "facebook", "x", "homepage"] {
        rows.gives_nothing(me, "DELETE /seller/store/sns/{}", &[link], NONE).await;
    }
    rows.refuses(me, "DELETE /seller/store/sns/{}", &["other"], NONE, 422).await;
    let product = products(rows, me).await;
    let store = rows.gives(me, "GET /seller/store", &[], NONE, 200, "Store").await;
    assert_eq!(store["operation_times"].as_array().unwrap().len(), 7);
    assert_eq!(store["images"][0]["is_main"], true);
    (me.clone(), store["store_id"].as_str().unwrap().to_owned(), product)
}

async fn products(rows: &Rows, me: &Person) -> String {
    let new = json!({ "product_name": "도시락", "description": "", "initial_stock": 1, "price": 9900, "nutrition_types": ["diet"] });
    rows.refuses(me, "POST /seller/store/products/register", &[], some(json!({ "product_name": "" })), 422).await;
    let product = rows.gives(me, "POST /seller/store/products/register", &[], some(new), 201, "Product").await;
    assert_eq!(product["sale"], 0, "0 where there is none");
    let id = product["product_id"].as_str().unwrap();
    rows.gives(me, "GET /seller/store/products/{}", &[id], NONE, 200, "Product").await;
    rows.refuses(me, "GET /seller/store/products/{}", &["PRD_0"], NONE, 404).await;
    let mut whole = product.clone();
    whole["sale"] = 10.into();
    rows.gives(me, "PUT /seller/store/products/{}", &[id], some(whole), 200, "Product").await;
    rows.refuses(me, "PUT /seller/store/products/{}", &[id], some(json!({ "sale": 101 })), 422).await;
    rows.gives(me, "PATCH /seller/store/products/{}/stock/up", &[id], NONE, 200, "Product").await;
    for _ in 0..2 {
        rows.gives(me, "PATCH /seller/store/products/{}/stock/down", &[id], NONE, 200, "Product").await;
    }
    rows.refuses(me, "PATCH /seller/store/products/{}/stock/down", &[id], NONE, 409).await;
    for _ in 0..9 {
        rows.gives(me, "PATCH /seller/store/products/{}/stock/up", &[id], NONE, 200, "Product").await;
    }
    let stock = "/seller/store/products/{}/stock/reservation";
    rows.refuses(me, &format!("GET {stock}"), &[id], NONE, 404).await;
    rows.gives(me, &format!("POST {stock}"), &[id], some(json!({ "new_stock": 0 })), 201, "StockReservation").await;
    rows.refuses(me, &format!("POST {stock}"), &[id], some(json!({ "new_stock": -1 })), 422).await;
    rows.gives(me, &format!("GET {stock}"), &[id], NONE, 200, "StockReservation").await;
    rows.gives_nothing(me, &format!("DELETE {stock}"), &[id], NONE).await;
    rows.refuses(me, &format!("DELETE {stock}"), &[id], NONE, 404).await;
    let (add, remove) = ("POST /seller/store/products/{}/nutrition", "DELETE /seller/store/products/{}/nutrition");
    let protein = || some(json!({ "nutrition_types": ["protein"] }));
    rows.gives(me, add, &[id], protein(), 200, "Product").await;
    rows.refuses(me, add, &[id], protein(), 400).await;
    rows.refuses(me, add, &[id], some(json!({ "nutrition_types": [] })), 422).await;
    rows.gives(me, remove, &[id], protein(), 200, "Product").await;
    rows.refuses(me, remove, &[id], protein(), 404).await;
    let dashboard = rows.gives(me, "GET /seller/store/orders/dashboard", &[], NONE, 200, "Dashboard").await;
    assert_eq!(dashboard["total_items"], 1);
    id.to_owned()
}

async fn searching(rows: &Rows, me: &Person, store: &str) {
    let place = "sido=%EC%84%9C%EC%9A%B8&sigungu=%EB%A7%88%ED%8F%AC%EA%B5%AC&bname=%EC%84%9C%EA%B5%90%EB%8F%99&bname=x";
    let name = "search_name=%EA%B3%84%EC%95%BD";
    for (row, query) in [
        ("GET /customer/search/stores", "?page=0&state=undefined".to_owned()),
        ("GET /customer/search/stores/by-location", format!("?{place}&page=0")),
        ("GET /customer/search/stores/by-name", format!("?{name}&page=0")),
        ("GET /customer/search/stores/by-location-name", format!("?{place}&{name}&page=0")),
    ] {
        let page = rows.gives(me, row, &[&query], NONE, 200, "StorePage").await;
        let stores = page["stores"].as_array().unwrap();
        assert!(!stores.is_empty() && stores.len() <= 4, "{row}");
        if row.contains("name") {
            assert_eq!(stores[0]["store_id"], store);
        }
    }
    rows.refuses(me, "GET /customer/search/stores/by-name", &["?page=0"], NONE, 422).await;
    let products = json!({ "store_id": "STR_", "store_name": "string", "products": [shape("Product")] });
    rows.gives(me, "GET /customer/search/stores/{}/products", &[store], NONE, 200, products).await;
    rows.refuses(me, "GET /customer/search/stores/{}/products", &["STR_0"], NONE, 404).await;
    let (add, remove) = ("POST /customer/search/stores/{}/favorites", "DELETE /customer/search/stores/{}/favorites");
    rows.gives(me, add, &[store], NONE, 200, "Message").await;
    rows.refuses(me, add, &[store], NONE, 409).await;
    rows.refuses(me, add, &["STR_0"], NONE, 404).await;
    let favorites = rows.gives(me, "GET /customer/search/stores/favorites", &[], NONE, 200, json!([shape("CustomerStore")])).await;
    assert_eq!((favorites.as_array().unwrap().len(), &favorites[0]["is_favorite"]), (1, &json!(true)));
    rows.gives(me, remove, &[store], NONE, 200, "Message").await;
    rows.refuses(me, remove, &[store], NONE, 404).await;
    let history =
        rows.gives(me, "GET /customer/history/search", &[], NONE, 200, json!({ "search_names": ["string"], "count": "int" })).await;
    assert_eq!(history, json!({ "search_names": ["계약"], "count": 1 }));
    rows.gives_nothing(me, "DELETE /customer/history/search/{}", &["%EA%B3%84%EC%95%BD"], NONE).await;
    rows.refuses(me, "DELETE /customer/history/search/{}", &["%EA%B3%84%EC%95%BD"], NONE, 404).await;
    rows.gives_nothing(me, "DELETE /customer/history/search", &[], NONE).await;
}

async fn buying(rows: &Rows, customer: &Person, seller: &Person, product: &str) {
    let (init, confirm) = ("POST /customer/payment/init", "POST /customer/payment/confirm");
    let ask = |product: &str, quantity: i64| some(json!({ "product_id": product, "quantity": quantity }));
    rows.refuses(customer, init, &[], ask("PRD_0", 1), 404).await;
    rows.refuses(customer, init, &[], ask(product, 1000), 400).await;
    rows.refuses(customer, init, &[], ask(product, 0), 422).await;
    let order = async || -> Held {
        let body = rows.gives(customer, init, &[], ask(product, 2), 200, "Held").await;
        // 9,900 − 10 % = 8,910, the nearest hundred is 8,900.
        assert_eq!((&body["price"], &body["sale"], &body["total_amount"]), (&json!(9900), &json!(10), &json!(17_800)));
        let held = Held { payment_id: body["payment_id"].as_str().unwrap().to_owned(), body };
        rows.refuses(customer, confirm, &[], some(json!({ "payment_id": held.payment_id })), 400).await;
        customer.api.pay(&held).await;
        for _ in 0..2 {
            let confirmed = rows
                .gives(customer, confirm, &[], some(json!({ "payment_id": held.payment_id })), 200, json!({ "payment_id": "PAY" }))
                .await;
            assert_eq!(confirmed["payment_id"], *held.payment_id);
        }
        held
    };
    let taken = order().await;
    let id = taken.payment_id.as_str();
    rows.refuses(customer, confirm, &[], some(json!({ "payment_id": "PAY0" })), 404).await;
    rows.refuses(customer, "DELETE /customer/payment/init/{}", &[id], NONE, 409).await;
    rows.refuses(customer, "DELETE /customer/payment/init/{}", &["PAY0"], NONE, 404).await;
    let held = rows.gives(customer, init, &[], ask(product, 1), 200, "Held").await;
    let abandoned = held["payment_id"].as_str().unwrap();
    assert_eq!(
        rows.gives(customer, "DELETE /customer/payment/init/{}", &[abandoned], NONE, 200, json!({ "payment_id": "PAY" })).await["payment_id"],
        abandoned
    );

    rows.gives(customer, "GET /customer/orders/{}", &[id], NONE, 200, "Order").await;
    rows.refuses(customer, "GET /customer/orders/{}", &["PAY0"], NONE, 404).await;
    rows.gives(seller, "GET /seller/store/orders/today", &[], NONE, 200, "Orders").await;
    rows.refuses(seller, "GET /seller/store/orders/{}/qr", &[id], NONE, 400).await;
    rows.refuses(customer, "PATCH /customer/orders/{}/complete", &[id], some(json!({ "qr_data": "x" })), 400).await;
    assert_eq!(rows.gives(seller, "PATCH /seller/store/orders/{}/accept", &[id], NONE, 200, "Order").await["status"], "accept");
    rows.refuses(seller, "PATCH /seller/store/orders/{}/accept", &[id], NONE, 400).await;
    rows.refuses(customer, "DELETE /customer/orders/{}/cancel", &[id], some(json!({ "reason": "x" })), 400).await;
    let code = json!({ "payment_id": "PAY", "qr_data": "string", "created_at": "instant" });
    let code = rows.gives(seller, "GET /seller/store/orders/{}/qr", &[id], NONE, 200, code).await;
    let (_, screen) = rows.path("WS /seller/store/orders/{}/qr/callback", &[id]);
    let screen = socket(seller, &screen).await;
    rows.refuses(customer, "PATCH /customer/orders/{}/complete", &[id], some(json!({ "qr_data": "bad" })), 400).await;
    rows.refuses(customer, "PATCH /customer/orders/{}/complete", &["PAY0"], some(json!({ "qr_data": "bad" })), 404).await;
    let scan = || some(json!({ "qr_data": code["qr_data"] }));
    assert_eq!(rows.gives(customer, "PATCH /customer/orders/{}/complete", &[id], scan(), 200, "Order").await["status"], "complete");
    rows.refuses(customer, "PATCH /customer/orders/{}/complete", &[id], scan(), 400).await;
    let message = screen.await.unwrap();
    check(&json!({ "status": "completed|error|timeout", "message": "string" }), &message, "WebSocket");
    assert_eq!(message["status"], "completed");
    rows.refuses(seller, "DELETE /seller/store/orders/{}/cancel", &[id], NONE, 400).await;

    let mine = order().await;
    rows.refuses(customer, "DELETE /customer/orders/{}/cancel", &[&mine.payment_id], some(json!({ "reason": "" })), 422).await;
    rows.gives(
        customer,
        "DELETE /customer/orders/{}/cancel",
        &[&mine.payment_id],
        some(json!({ "reason": "늦어요" })),
        200,
        "CancelResult",
    )
    .await;
    // Whoever canceled it themselves hears the same again; the other side that it is canceled.
    rows.gives(customer, "DELETE /customer/orders/{}/cancel", &[&mine.payment_id], NONE, 200, "CancelResult").await;
    rows.refuses(seller, "DELETE /seller/store/orders/{}/cancel", &[&mine.payment_id], NONE, 400).await;
    rows.refuses(customer, "DELETE /customer/orders/{}/cancel", &["PAY0"], NONE, 404).await;
    let theirs = order().await;
    rows.gives(seller, "DELETE /seller/store/orders/{}/cancel", &[&theirs.payment_id], some(json!({})), 200, "CancelResult").await;
    rows.gives(seller, "DELETE /seller/store/orders/{}/cancel", &[&theirs.payment_id], NONE, 200, "CancelResult").await;
    rows.refuses(customer, "DELETE /customer/orders/{}/cancel", &[&theirs.payment_id], NONE, 400).await;

    for (who, row, name) in [
        (customer, "GET /customer/orders", "CustomerOrders"),
        (customer, "GET /customer/orders/today", "TodayOrders"),
        (seller, "GET /seller/store/orders", "Orders"),
        (seller, "GET /seller/store/orders/today", "Orders"),
    ] {
        assert_eq!(rows.gives(who, row, &[], NONE, 200, name).await["total"], 3, "{row}");
    }
    assert_eq!(rows.gives(customer, "GET /customer/orders/today-alarm", &[], NONE, 200, "Alarms").await["total"], 6);
    let range = "?start_date=2026-11-24&end_date=2026-11-24";
    let days = rows.gives(seller, "GET /seller/store/settlement", &[range], NONE, 200, "Settlement").await;
    assert_eq!(days["daily_settlements"][0]["items"].as_array().unwrap().len(), 3);
    rows.refuses(seller, "GET /seller/store/settlement", &["?start_date=2026-11-25&end_date=2026-11-24"], NONE, 400).await;
    let revenue =
        rows.gives(seller, "GET /seller/store/settlement/weekly-revenue", &[], NONE, 200, json!({ "total_revenue": "int" })).await;
    assert_eq!(revenue["total_revenue"], 17_800);
}

/// The app's WebSocket; gives its one message.
async fn socket(seller: &Person, path: &str) -> tokio::task::JoinHandle<Value> {
    let path = path.strip_prefix("/api/v1/seller/store/orders/").unwrap().strip_suffix("/qr/callback").unwrap();
    let shop = cheapbob_test_support::Shop { seller: seller.clone(), product_id: String::new(), store_id: String::new() };
    shop.screen(&seller.api.base, path).await.unwrap()
}

async fn leaving(rows: &Rows, customer: &Person, seller: &Person) {
    let closed = json!({ "success": "bool", "message": "string", "refunded_orders": "int" });
    rows.refuses(seller, "POST /seller/withdraw", &[], NONE, 409).await;
    rows.gives(seller, "PATCH /seller/store/close", &[], NONE, 200, closed).await;
    for (who, role) in [(customer, "customer"), (seller, "seller")] {
        let (leave, back) = (format!("POST /{role}/withdraw"), format!("DELETE /{role}/withdraw/cancel"));
        rows.refuses(who, &back, &[], NONE, 409).await;
        rows.gives(who, &leave, &[], NONE, 200, "Message").await;
        // 439 but for the endpoints that also serve withdrawn accounts.
        rows.refuses(who, &leave, &[], NONE, 439).await;
        let me = if role == "customer" { "GET /customer/profile/me" } else { "GET /seller/store/profile/me" };
        rows.gives(who, me, &[], NONE, 200, json!({ "email": "email" })).await;
        rows.gives(who, &back, &[], NONE, 200, "Message").await;
        let other = if role == "customer" { "GET /seller/store" } else { "GET /customer/profile" };
        rows.refuses(who, other, &[], NONE, 403).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_contract() {
    let data = tempfile::tempdir().unwrap();
    let server = RealServer::http(RealServer::free_port(), &[("CHEAPBOB_DATA_DIR", data.path().display().to_string())]).await;
    let (rows, api) = (Rows::default(), &server.api);
    api.set_clock(noon()).await;
    auth(&rows, api).await;
    let customer = customer(&rows, api).await;
    let (seller, store, product) = seller(&rows, api).await;
    searching(&rows, &customer, &store).await;
    buying(&rows, &customer, &seller, &product).await;
    leaving(&rows, &customer, &seller).await;
    let all: BTreeSet<_> = ROWS.iter().map(|row| (*row).to_owned()).collect();
    assert_eq!(*rows.called.lock().unwrap(), all, "each row is called");
}

#[test]
fn a_shape_says_no() {
    let bad = |shape: Value, value: Value| std::panic::catch_unwind(|| check(&shape, &value, "")).is_err();
    assert!(bad(json!({ "a": "int" }), json!({})));
    assert!(bad(json!({ "a": "int" }), json!({ "a": null })));
    assert!(bad(json!({ "a": "int" }), json!({ "a": 1.5 })));
    assert!(bad(json!("instant"), json!("2026-11-24 12:00")));
    assert!(bad(json!("HH:MM"), json!("12:00:00")));
    assert!(bad(json!("PAY"), json!("PAY_1")));
    assert!(bad(json!(["bool"]), json!([true, 1])));
    assert!(bad(json!("complete|cancel"), json!("accept")));
    check(&json!({ "a": "int|null" }), &json!({ "a": null, "b": 1 }), "");
}
