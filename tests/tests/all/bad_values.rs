//! What nobody can store or means (NUL, halves of characters, no UTF-8, endless, beyond any number) in every place of every route: a 4xx,
//! never a 5xx. The places are those of the table of routes and of the OpenAPI document.

use std::collections::BTreeSet;

use cheapbob_http::{Access, ROUTES, document};
use cheapbob_test_support::{Answer, Held, Person, Shop, TestApp, fresh_email, location, mongo_settings, redis_at, redis_url, store};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ADMIN_KEY: &str = "kakao's admin key";

/// A server, and whoever may call each route.
struct World {
    app: TestApp,
    customer: Person,
    shop: Shop,
    held: Held,
    /// Without a profile, without a store, without a payment account.
    new_customer: Person,
    new_seller: Person,
    unpaid: Person,
}

impl World {
    async fn new(on_servers: bool) -> Self {
        let app = TestApp::with(|settings| {
            settings.kakao_admin_key = Some(SecretString::from(ADMIN_KEY));
            // More bad values than anybody has a go at.
            settings.rate_limits = false;
            if on_servers {
                settings.redis = Some(redis_at(&redis_url()));
                settings.mongodb = Some(mongo_settings());
            }
        })
        .await;
        let (customer, shop) = (app.api.customer().await, app.api.shop(1_000).await);
        shop.set_webhook_secret(WEBHOOK_SECRET).await;
        let held = customer.order(&shop.product_id, 1).await;
        let (new_customer, new_seller) = (app.api.person("customer", &fresh_email()).await, app.api.person("seller", &fresh_email()).await);
        let unpaid = app.api.person("seller", &fresh_email()).await;
        unpaid.post("/api/v1/seller/store/register", &store("가게")).await.expect(201);
        Self { app, customer, shop, held, new_customer, new_seller, unpaid }
    }

    fn caller(&self, pattern: &str, access: Access) -> &Person {
        match pattern {
            "/api/v1/customer/register" => &self.new_customer,
            "/api/v1/seller/store/register" => &self.new_seller,
            "/api/v1/seller/store/register/payment" => &self.unpaid,
            _ if matches!(access, Access::Seller | Access::SellerAlsoWithdrawn) => &self.shop.seller,
            _ => &self.customer,
        }
    }

    /// A path of a pattern, with something good in each place.
    fn path(&self, pattern: &str) -> String {
        let good = |segment: &str| match segment {
            "{provider}" => "google".to_owned(),
            "{role}" => "customer".to_owned(),
            "{payment_id}" => self.held.payment_id.clone(),
            "{product_id}" => self.shop.product_id.clone(),
            "{review_id}" => "RVW_1".to_owned(),
            "{store_id}" => self.shop.store_id.clone(),
            "{sns}" => "x".to_owned(),
            segment => segment.trim_matches(['{', '}']).to_owned(),
        };
        pattern.split('/').map(good).collect::<Vec<_>>().join("/")
    }

    async fn send(&self, route: Route, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let bearer = format!("Bearer {}", self.caller(route.pattern, route.access).token);
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        all.retain(|(name, _)| !headers.iter().any(|(given, _)| given == name));
        all.extend(headers);
        self.app.api.send(Method::from_bytes(route.method.as_bytes()).unwrap(), path, &all, body.into()).await
    }

    /// The status of a request of these bytes.
    async fn raw(&self, request: &[u8]) -> u16 {
        let mut socket = TcpStream::connect(self.app.api.base.strip_prefix("http://").unwrap()).await.unwrap();
        // What is too much is answered before it is all read.
        let _ = socket.write_all(request).await;
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer"))
    }
}

#[derive(Clone, Copy)]
struct Route {
    method: &'static str,
    pattern: &'static str,
    access: Access,
}

/// But for streams, which do not end: `live` is about those.
fn routes() -> impl Iterator<Item = Route> {
    ROUTES.iter().filter(|(_, pattern, ..)| !pattern.ends_with("/orders/stream")).map(|(method, pattern, access, _)| Route {
        method,
        pattern,
        access: *access,
    })
}

#[track_caller]
fn refused(answer: &Answer, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.body);
}

#[track_caller]
fn answered(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.body);
}

fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

async fn paths(world: &World) {
    let long = |n: usize| "a".repeat(n);
    let bad = [
        "%00",
        "a%00b",
        "%FF",
        "a%C0%80",
        "%ED%A0%80",
        "%F4%90%80%80",
        "%0D%0A",
        "%E2%80%AE",
        "9223372036854775808",
        "-1",
        "%252e",
        "..%2F..%2Fx",
        "%2F",
        "'%20OR%201=1",
        "STR_%00",
        "PAY%00",
        "PRD_%00",
    ]
    .map(str::to_owned);
    let endless =
        [long(256), long(300), long(10_000), long(60_000), "a/".repeat(600), format!("STR_{}", long(10_000)), "%F0%9F%98%80".repeat(3_000)];
    for route in routes() {
        for place in route.pattern.split('/').filter(|segment| segment.starts_with('{')) {
            for bad in bad.iter().chain(&endless) {
                let pattern = route.pattern.replace(place, "@@");
                let path = world.path(&pattern).replace("@@", bad);
                refused(&world.send(route, &path, &[], "").await, &format!("{} {}", route.method, short(&path)));
            }
        }
    }
    for length in [100_000, 1_000_000] {
        let status = world.raw(format!("GET /media/{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", long(length)).as_bytes()).await;
        assert!((400..500).contains(&status), "{length}: {status}");
    }
}

async fn queries(world: &World) {
    let document = serde_json::to_value(document()).unwrap();
    let good = [
        ("sido", "s"),
        ("sigungu", "s"),
        ("bname", "b"),
        ("search_name", "n"),
        ("page", "0"),
        ("start_date", "2026-11-01"),
        ("end_date", "2026-11-30"),
    ];
    let long = |n: usize| "a".repeat(n);
    let texts = ["%00", "a%00b", "%FF%00"].map(str::to_owned);
    let others = [
        "%FF",
        "%ED%A0%80",
        "9223372036854775808",
        "-9223372036854775809",
        "4294967295",
        "4294967296",
        "1e9",
        "%2B1",
        "9999-12-31",
        "0000-01-01",
    ]
    .map(str::to_owned);
    let endless = [long(10_000), long(60_000)];
    for route in routes() {
        let operation = &document["paths"][cheapbob_http::path(route.pattern)][route.method.to_lowercase()];
        let names: Vec<_> = operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "query").collect();
        let names: Vec<_> = names.into_iter().map(|p| p["name"].as_str().unwrap()).collect();
        for name in &names {
            let rest: String =
                good.iter().filter(|(g, _)| g != name && names.contains(g)).map(|(g, value)| format!("&{g}={value}")).collect();
            for value in texts.iter().chain(&others).chain(&endless) {
                // What these change is not what is asked about here.
                if route.pattern.contains("withdraw") || route.pattern.ends_with("logout") {
                    continue;
                }
                let path = format!("{}?{name}={value}{rest}", world.path(route.pattern));
                let answer = world.send(route, &path, &[], "").await;
                let what = format!("{} {}", route.method, short(&path));
                answered(&answer, &what);
                let is_read = good.iter().any(|(g, _)| g == name)
                    || ["callback", "takeover", "unlink"].iter().any(|part| route.pattern.contains(part));
                if is_read && (texts.contains(value) || endless.contains(value)) {
                    refused(&answer, &what);
                }
            }
        }
    }
    for path in ["/api/v1/customer/withdraw?state=%00", "/api/v1/auth/logout?state=%00"] {
        let route = Route { method: "POST", pattern: "", access: Access::Customer };
        answered(&world.send(route, path, &[("authorization", "Bearer none")], "").await, path);
    }
}

/// A good body for every route that takes one.
fn bodies(world: &World) -> Vec<(&'static str, &'static str, Value)> {
    let of_store = store("가게");
    let payment =
        json!({ "portone_store_id": "s", "portone_channel_id": "c", "portone_secret_key": "k", "portone_webhook_secret": WEBHOOK_SECRET });
    let product =
        json!({ "product_name": "p", "description": "d", "initial_stock": 3, "price": 1_000, "sale": 10, "nutrition_types": ["diet"] });
    let reason = json!({ "reason": "r" });
    let notices =
        json!({ "opens": true, "price_drops": true, "back_in_stock": true, "by_mail": false, "by_push": true, "at_night": false });
    let keys = json!({ "p256dh": format!("B{}", "A".repeat(86)), "auth": "A".repeat(22) });
    let browser = json!({ "endpoint": "https://push.example/x", "keys": keys });
    vec![
        ("DELETE", "/api/v1/customer/orders/{payment_id}/cancel", reason.clone()),
        ("DELETE", "/api/v1/seller/store/orders/{payment_id}/cancel", reason),
        ("PATCH", "/api/v1/customer/orders/{payment_id}/complete", json!({ "qr_data": "q" })),
        ("POST", "/api/v1/customer/orders/{payment_id}/review", json!({ "rating": 5, "reasons": ["taste"], "text": "t" })),
        ("PATCH", "/api/v1/customer/orders/{payment_id}/review", json!({ "rating": 4, "reasons": ["value"], "text": "t" })),
        ("POST", "/api/v1/customer/reviews/{review_id}/report", json!({ "reason": "r" })),
        ("PUT", "/api/v1/seller/store/reviews/{review_id}/reply", json!({ "text": "t" })),
        (
            "POST",
            "/api/v1/customer/orders/{payment_id}/dispute",
            json!({ "reason": "missing", "text": "t", "pictures": ["disputes/PAY_1/a.png"] }),
        ),
        ("PUT", "/api/v1/seller/store/disputes/{payment_id}/answer", json!({ "text": "t" })),
        ("PUT", "/api/v1/seller/store/approval", json!({ "business_number": "124-81-00998" })),
        ("PUT", "/api/v1/customer/notices", notices),
        ("POST", "/api/v1/customer/notices/subscriptions", browser),
        ("DELETE", "/api/v1/customer/notices/subscriptions", json!({ "endpoint": "https://push.example/x" })),
        ("POST", "/api/v1/customer/payment/confirm", json!({ "payment_id": world.held.payment_id })),
        ("POST", "/api/v1/customer/payment/init", json!({ "product_id": world.shop.product_id, "quantity": 1 })),
        ("POST", "/api/v1/customer/profile/preferred-menus", json!({ "menu_types": ["salad"] })),
        ("DELETE", "/api/v1/customer/profile/preferred-menus", json!({ "menu_type": "salad" })),
        ("POST", "/api/v1/customer/profile/nutrition-types", json!({ "nutrition_types": ["diet"] })),
        ("DELETE", "/api/v1/customer/profile/nutrition-types", json!({ "nutrition_type": "diet" })),
        ("POST", "/api/v1/customer/profile/allergies", json!({ "allergy_types": ["egg"] })),
        ("DELETE", "/api/v1/customer/profile/allergies", json!({ "allergy_type": "egg" })),
        ("POST", "/api/v1/customer/profile/topping-types", json!({ "topping_types": ["avocado"] })),
        ("DELETE", "/api/v1/customer/profile/topping-types", json!({ "topping_type": "avocado" })),
        ("PATCH", "/api/v1/customer/profile/detail", json!({ "nickname": "n", "phone_number": "01012345678" })),
        (
            "POST",
            "/api/v1/customer/register",
            json!({
                "nickname": "n", "phone_number": "01012345678", "preferred_menus": ["salad"], "nutrition_types": ["diet"], "allergies": ["egg"],
                "topping_types": ["avocado"],
            }),
        ),
        ("PUT", "/api/v1/seller/store/settings/address", of_store["address_info"].clone()),
        ("POST", "/api/v1/seller/store/settings/operation/reservation", json!({ "operation_times": of_store["operation_times"] })),
        ("POST", "/api/v1/seller/store/register", of_store),
        ("POST", "/api/v1/seller/store/register/payment", payment.clone()),
        ("PUT", "/api/v1/seller/store/settings/payment", payment),
        ("PUT", "/api/v1/seller/store/profile/name", json!({ "store_name": "n" })),
        ("PUT", "/api/v1/seller/store/profile/introduction", json!({ "store_introduction": "i" })),
        ("PUT", "/api/v1/seller/store/profile/phone", json!({ "store_phone": "02-555-1000" })),
        (
            "PUT",
            "/api/v1/seller/store/sns",
            json!({ "instagram": "https://a.b", "facebook": "https://a.b", "x": "https://a.b", "homepage": "https://a.b" }),
        ),
        ("POST", "/api/v1/seller/store/products/register", product),
        (
            "PUT",
            "/api/v1/seller/store/products/{product_id}",
            json!({ "product_name": "p", "description": "d", "price": 1_000, "sale": 10 }),
        ),
        (
            "PUT",
            "/api/v1/seller/store/products/{product_id}/price-steps",
            json!({ "steps": [{ "minutes_before_pickup_end": 60, "sale": 50 }] }),
        ),
        ("POST", "/api/v1/seller/store/products/{product_id}/nutrition", json!({ "nutrition_types": ["protein"] })),
        ("DELETE", "/api/v1/seller/store/products/{product_id}/nutrition", json!({ "nutrition_types": ["protein"] })),
        ("POST", "/api/v1/seller/store/products/{product_id}/stock/reservation", json!({ "new_stock": 5 })),
    ]
}

/// Pointers to every text and number in it.
fn leaves(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(map) => map.iter().flat_map(|(name, value)| leaves(value, &format!("{at}/{name}"))).collect(),
        // The items of a list are alike.
        Value::Array(list) => list.iter().take(1).flat_map(|value| leaves(value, &format!("{at}/0"))).collect(),
        Value::String(_) | Value::Number(_) => vec![at.to_owned()],
        Value::Null | Value::Bool(_) => vec![],
    }
}

async fn json_bodies(world: &World) {
    let document = serde_json::to_value(document()).unwrap();
    let takes_json = |route: &Route| {
        let operation = &document["paths"][cheapbob_http::path(route.pattern)][route.method.to_lowercase()];
        operation["requestBody"]["content"]["application/json"].is_object()
    };
    let bodies = bodies(world);
    let named: BTreeSet<_> = bodies.iter().map(|(method, pattern, _)| (*method, *pattern)).collect();
    let documented: BTreeSet<_> = routes().filter(takes_json).map(|route| (route.method, route.pattern)).collect();
    assert_eq!(named, documented);

    let nul = [r"\u0000", r"가\u0000나", "\0"].map(str::to_owned);
    let halves = [r"\ud800", r"\udc00\ud800", r"a\udfffb", r"\ud83d\u0041"].map(str::to_owned);
    let endless = ["a".repeat(20_000), "가".repeat(20_000), "a".repeat(100_000)];
    let numbers = ["9223372036854775808", "-9223372036854775809", "18446744073709551616", "9e18", "1e400", "-1", "0.5", "2147483648"];
    for (method, pattern, good) in &bodies {
        let route = routes().find(|r| (r.method, r.pattern) == (*method, *pattern)).unwrap();
        let path = world.path(pattern);
        for leaf in leaves(good, "") {
            let mut marked = good.clone();
            let is_text = marked.pointer(&leaf).unwrap().is_string();
            *marked.pointer_mut(&leaf).unwrap() = "@@".into();
            let text = marked.to_string();
            let what = |bad: &str| format!("{method} {pattern} {leaf} {}", short(bad));
            if !is_text {
                for number in numbers {
                    let answer = world.send(route, &path, &[], text.replace("\"@@\"", number)).await;
                    answered(&answer, &what(number));
                    if number != "-1" && number != "2147483648" {
                        refused(&answer, &what(number));
                    }
                }
                continue;
            }
            for bad in nul.iter().chain(&halves).chain(&endless) {
                refused(&world.send(route, &path, &[], text.replace("@@", bad)).await, &what(bad));
            }
            for bad in [&b"\xff"[..], b"\xed\xa0\x80", b"\xc0\x80"] {
                let (before, after) = text.split_once("@@").unwrap();
                let bytes = [before.as_bytes(), bad, after.as_bytes()].concat();
                refused(&world.send(route, &path, &[], bytes).await, &what("no UTF-8"));
            }
        }
        // Fields that we do not know may say what they will.
        for more in [r#"{"zzz":"\u0000","#, r#"{"z\u0000":["\u0000", {"\u0000": 1e3}],"#] {
            let text = format!("{more}{}", &good.to_string()[1..]);
            answered(&world.send(route, &path, &[], text).await, &format!("{method} {pattern} {more}"));
        }
        for whole in [
            "\0",
            "\u{feff}{}",
            "[",
            r#""\u0000""#,
            "9223372036854775808",
            &"[".repeat(100_000),
            &format!("{{\"a\":{}", "{\"a\":".repeat(10_000)),
        ] {
            refused(&world.send(route, &path, &[], whole.to_owned()).await, &format!("{method} {pattern} {}", short(whole)));
        }
        let answer = world.send(route, &path, &[], good.to_string()).await;
        answered(&answer, pattern);
        assert!(answer.status != 422 && answer.body["code"] != "malformed_json", "{method} {pattern}: not a good body: {}", answer.body);
    }
}

async fn headers(world: &World) {
    let (long, longer) = ("k".repeat(10_000), "k".repeat(100_000));
    for route in routes() {
        let path = world.path(route.pattern);
        for (name, value) in [
            ("authorization", format!("Bearer {long}")),
            ("authorization", format!("Bearer {}", "é".escape_unicode())),
            ("authorization", "Bearer".to_owned()),
            ("cookie", format!("access_token={long}; login_x=%00; takeover_x=%FF; =; ;")),
            ("x-request-id", long.clone()),
            ("content-type", format!("application/json; charset={long}")),
            ("accept", long.clone()),
            ("origin", "\t".to_owned()),
            ("upgrade", long.clone()),
        ] {
            // Those would do what they say.
            let moves = matches!(route.method, "POST" | "PATCH" | "DELETE") && name != "authorization";
            if moves && !matches!(name, "x-request-id") || route.pattern.contains("withdraw") {
                continue;
            }
            if moves && !route.pattern.contains("{payment_id}/cancel") {
                continue;
            }
            answered(
                &world.send(route, &path, &[(name, &value)], "{\"reason\":7}").await,
                &format!("{} {} {name}: {}", route.method, route.pattern, short(&value)),
            );
        }
    }
    for (method, pattern, body) in bodies(world) {
        let keyed = ["/cancel", "/confirm", "/init"].iter().any(|end| pattern.ends_with(end));
        if !keyed {
            continue;
        }
        let route = routes().find(|r| (r.method, r.pattern) == (method, pattern)).unwrap();
        let path = world.path(pattern);
        for bad in ["", "a b", "a\tb", &"k".repeat(256), &long] {
            refused(&world.send(route, &path, &[("idempotency-key", bad)], body.to_string()).await, &format!("{pattern} {}", short(bad)));
        }
        for name in ["idempotency-key", "authorization", "x-request-id", "cookie"] {
            for value in [&b"\xff\xfe"[..], b"a\0b", b"\xed\xa0\x80", longer.as_bytes()] {
                let token = &world.caller(pattern, route.access).token;
                let head = format!(
                    "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-length: 2\r\n{name}: "
                );
                let status = world.raw(&[head.as_bytes(), value, b"\r\n\r\n{}"].concat()).await;
                assert!(status < 500, "{pattern} {name}: {status}");
                assert!(name != "idempotency-key" || status >= 400, "{pattern} {name}: {status}");
            }
        }
    }
}

async fn flows(world: &World) {
    let api = &world.app.api;
    let start = api.get("/api/v1/auth/google/login/customer").await;
    let cookie = start.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let state = url::Url::parse(&location(&start)).unwrap().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    // The state is right, the code is none.
    let callback = format!("/api/v1/auth/google/callback/customer?state={state}&code=%00%FF");
    assert_eq!(api.get_with(&callback, &[("cookie", &cookie)]).await.refused(400), "provider_refused");
    for bad in ["%00".to_owned(), format!("{state}%00"), format!("{state}%FF"), "a".repeat(10_000)] {
        let prefix = |flow: &str| format!("{flow}_{}=x", bad.chars().take(16).collect::<String>());
        let callback = format!("/api/v1/auth/google/callback/customer?code=c&state={bad}");
        assert_eq!(api.get_with(&callback, &[("cookie", &prefix("login"))]).await.refused(400), "login_state_invalid");
        // A browser is sent to the page that says so.
        let answer = api.get_with(&callback, &[("accept", "text/html")]).await;
        assert!(location(&answer).ends_with("/auth/fail?code=login_state_invalid"), "{}", short(&bad));
        let takeover = format!("/api/v1/auth/takeover?token={bad}");
        assert_eq!(api.get_with(&takeover, &[("cookie", &prefix("takeover"))]).await.refused(400), "login_state_invalid");
    }
    // Kakao's own notice about a user who cannot be.
    let key = format!("KakaoAK {ADMIN_KEY}");
    for bad in ["%00", "1%00", "%FF", &"1".repeat(256), &"1".repeat(10_000), ""] {
        let path = format!("/api/v1/auth/kakao/unlink?user_id={bad}");
        refused(&api.get_with(&path, &[("authorization", &key)]).await, &short(&path));
        let headers = [("authorization", key.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        refused(&api.send(Method::POST, "/api/v1/auth/kakao/unlink", &headers, format!("user_id={bad}")).await, &short(&path));
        refused(
            &api.send(
                Method::POST,
                "/api/v1/auth/naver/unlink",
                &headers,
                format!("clientId={bad}&encryptUniqueId={bad}&timestamp={bad}&signature={bad}"),
            )
            .await,
            &short(&path),
        );
    }
}

/// The sandbox's database holds no NUL either.
async fn sandbox(world: &World) {
    let api = &world.app.api;
    let page = "/sandbox/oauth/google/authorize?response_type=code&client_id=c&redirect_uri=http%3A%2F%2Flocalhost%2Fcb";
    let (form, json) = ([("content-type", "application/x-www-form-urlencoded")], [("content-type", "application/json")]);
    for (query, body) in [
        ("", "email=a%00b@x.example"),
        ("", "email=a@x.example&user_id=%00"),
        ("&nonce=%00", "email=a@x.example"),
        ("&scope=%00", "email=a@x.example"),
        ("&code_challenge=%00", "email=a@x.example"),
    ] {
        let answer = api.send(Method::POST, &format!("{page}{query}"), &form, body.to_owned()).await;
        assert_eq!(answer.status, 400, "{query} {body}");
    }
    let kakao = page.replace("google", "kakao");
    for (id, status) in [("abc", 400), ("99999999999999999999", 400), ("7", 302), ("", 302)] {
        let answer = api.send(Method::POST, &kakao, &form, format!("email=a@x.example&user_id={id}")).await;
        assert_eq!(answer.status, status, "Kakao's user {id}");
    }
    assert_eq!(api.get("/sandbox/mail/html?id=a%00").await.status, 404);
    for (method, path, body) in [
        (Method::PUT, "/sandbox/portone/webhooks", r#"{"storeId":"s","url":"/\u0000","secret":"whsec_"}"#),
        (
            Method::POST,
            "/sandbox/portone/checkout",
            r#"{"paymentId":"P1","storeId":"s\u0000","channelKey":"c","orderName":"n","totalAmount":1}"#,
        ),
        (
            Method::POST,
            "/sandbox/portone/checkout",
            r#"{"paymentId":"P1","storeId":"s","channelKey":"c","orderName":"\u0000","totalAmount":1}"#,
        ),
    ] {
        assert_eq!(api.send(method, path, &json, body.to_owned()).await.status, 422, "{path} {body}");
    }
    let pay = r#"{"paymentId":"P1","storeId":"s","channelKey":"c","orderName":"n","totalAmount":1}"#;
    assert_eq!(api.send(Method::POST, "/sandbox/portone/checkout", &json, pay.to_owned()).await.status, 200);
    let as_store = [json[0], ("authorization", "PortOne secret")];
    for (path, body) in [("P1/cancel", r#"{"reason":"\u0000"}"#), ("P2/pre-register", r#"{"storeId":"\u0000"}"#)] {
        let answer = api.send(Method::POST, &format!("/sandbox/portone/payments/{path}"), &as_store, body.to_owned()).await;
        assert_eq!(answer.status, 400, "{path} {body}");
    }
}

async fn webhooks(world: &World) {
    let (api, store) = (&world.app.api, world.shop.store_id.as_str());
    for id in ["W".repeat(256), "W".repeat(10_000)] {
        assert_eq!(api.webhook(store, WEBHOOK_SECRET, &id, &json!({})).await.refused(401), "webhook_unverified");
    }
    // Signed by PortOne: taken, whatever is in it.
    let path = format!("/api/v1/webhooks/portone/{store}");
    for (n, body) in [
        r#"{"type":"Transaction.Paid\u0000","data":{"paymentId":"PAY\u0000"}}"#.to_owned(),
        r#"{"type":"\ud800","data":{"paymentId":"PAY1","customer":{"name":"\ud83d"}}}"#.to_owned(),
        format!(r#"{{"type":"Transaction.Paid","data":{{"paymentId":"{}","name":"\ud83d"}}}}"#, world.held.payment_id),
        format!(r#"{{"type":"{0}","data":{{"paymentId":"{0}"}}}}"#, "x".repeat(20_000)),
        "a\0b".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let (id, timestamp) = (format!("WH-{n}"), api.now().await.timestamp().to_string());
        let signature = cheapbob_adapters_embedded::sandbox::sign(WEBHOOK_SECRET, &id, &timestamp, &body).unwrap();
        let headers = [("webhook-id", id.as_str()), ("webhook-timestamp", &timestamp), ("webhook-signature", &signature)];
        api.send(Method::POST, &path, &headers, body).await.expect(200);
    }
    let stored = world.app.database.texts("SELECT webhook_id || ' ' || coalesce(payment_id, '-') FROM inbox ORDER BY webhook_id").await;
    assert_eq!(
        stored,
        ["WH-0 -".to_owned(), "WH-1 PAY1".to_owned(), format!("WH-2 {}", world.held.payment_id), "WH-3 -".to_owned(), "WH-4 -".to_owned()]
    );
    assert_eq!(world.app.database.texts("SELECT kind FROM inbox WHERE webhook_id = 'WH-0'").await, ["Transaction.Paid\u{fffd}"]);
    assert_eq!(world.app.database.count("inbox WHERE length(kind) > 255 OR body <> ''").await, 0);
}

async fn everywhere(world: World) {
    paths(&world).await;
    queries(&world).await;
    headers(&world).await;
    flows(&world).await;
    webhooks(&world).await;
    sandbox(&world).await;
    json_bodies(&world).await;
    assert_eq!(world.app.api.get("/health/ready").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn are_refused_by_the_fakes() {
    everywhere(World::new(false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn are_refused_on_servers() {
    everywhere(World::new(true).await).await;
}
