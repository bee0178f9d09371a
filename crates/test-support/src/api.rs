//! The two apps, as a test drives them.

use cheapbob_adapters_embedded::sandbox::sign;
use chrono::{DateTime, Utc};
use reqwest::{
    Client, Method, StatusCode,
    header::HeaderMap,
    multipart::{Form, Part},
    redirect,
};
use serde_json::{Value, json};

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// JSON body, or the text.
    pub body: Value,
}

impl Answer {
    /// The body, where the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The error's code, where the status is this one and the body is a whole problem.
    #[track_caller]
    pub fn refused(self, status: u16) -> String {
        let content_type = self.headers.get("content-type").unwrap().to_str().unwrap().to_owned();
        let body = self.expect(status);
        assert_eq!(content_type, "application/problem+json");
        for field in ["type", "title", "detail", "request_id"] {
            assert!(body[field].is_string(), "{field} in {body}");
        }
        assert_eq!(body["status"], status);
        assert!(!body["detail"].as_str().unwrap().contains(['<', '>', '&']));
        body["code"].as_str().unwrap().to_owned()
    }
}

/// A server, and nobody logged in.
#[derive(Clone)]
pub struct Api {
    /// Its address.
    pub base: String,
    client: Client,
}

/// Somebody logged in.
#[derive(Clone)]
pub struct Person {
    /// The server.
    pub api: Api,
    /// Their session.
    pub token: String,
    /// Their e-mail.
    pub email: String,
}

/// What payment/init answered.
#[derive(Debug, Clone)]
pub struct Held {
    /// The whole answer.
    pub body: Value,
    /// The payment.
    pub payment_id: String,
}

/// An e-mail that nobody has yet.
pub fn fresh_email() -> String {
    format!("{}@test.example", ulid::Ulid::r#gen().to_string().to_lowercase())
}

impl Api {
    /// The server at `base`.
    pub fn new(base: &str) -> Self {
        cheapbob_wiring::prepare_process();
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(std::time::Duration::from_secs(60)).build().unwrap();
        Self { base: base.to_owned(), client }
    }

    /// A request, perhaps as somebody, perhaps with JSON.
    pub async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
        self.try_call(method, path, token, body).await.unwrap()
    }

    /// [`Api::call`] where the connection may break.
    pub async fn try_call(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    /// A GET with headers of its own.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.get(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await.unwrap()
    }

    /// A GET as nobody.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, None).await
    }

    /// A raw body.
    pub async fn raw(&self, method: Method, path: &str, token: Option<&str>, body: &'static str) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).header("content-type", "application/json").body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request).await.unwrap()
    }

    /// A request with headers of its own and perhaps a raw body.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await.unwrap()
    }

    /// A webhook of PortOne's for this store, signed now with this secret.
    pub async fn webhook(&self, store_id: &str, secret: &str, id: &str, body: &Value) -> Answer {
        let (body, timestamp) = (body.to_string(), self.now().await.timestamp().to_string());
        let signature = sign(secret, id, &timestamp, &body).unwrap();
        let headers = [("webhook-id", id), ("webhook-timestamp", &timestamp), ("webhook-signature", &signature)];
        self.send(Method::POST, &format!("/api/v1/webhooks/portone/{store_id}"), &headers, body).await
    }

    /// A form with `files`: (file name, declared type, bytes).
    pub async fn upload(&self, path: &str, token: &str, files: &[(&str, &str, Vec<u8>)]) -> Answer {
        let form = files.iter().fold(Form::new(), |form, (name, mime, bytes)| {
            form.part("files", Part::bytes(bytes.clone()).file_name((*name).to_owned()).mime_str(mime).unwrap())
        });
        answer(self.client.post(format!("{}{path}", self.base)).bearer_auth(token).multipart(form)).await.unwrap()
    }

    /// The whole way through a provider of the sandbox, as a browser goes it. `form`: what is typed on the provider's page.
    pub async fn log_in(&self, provider: &str, role: &str, state: &str, form: &[(&str, &str)]) -> Answer {
        let start = self.get(&format!("/api/v1/auth/{provider}/login/{role}?state={state}")).await;
        assert_eq!(start.status, 302);
        let cookie = start.headers.get("set-cookie").unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
        let authorize = location(&start);
        let typed: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let page = self.client.post(authorize).header("content-type", "application/x-www-form-urlencoded").body(typed);
        let back = location(&answer(page).await.unwrap());
        let callback = url::Url::parse(&back).unwrap();
        let path = format!("{}?{}", callback.path(), callback.query().unwrap());
        self.get_with(&path, &[("cookie", &cookie), ("accept", "text/html")]).await
    }

    /// A person logged in with Google, which vouches for the e-mail.
    pub async fn person(&self, role: &str, email: &str) -> Person {
        let answer = self.log_in("google", role, "undefined", &[("email", email)]).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        assert!(location(&answer).contains("/auth/success"), "{}", location(&answer));
        Person { api: self.clone(), token: session(&answer).unwrap(), email: email.to_owned() }
    }

    /// A customer with a profile.
    pub async fn customer(&self) -> Person {
        let person = self.person("customer", &fresh_email()).await;
        person.post("/api/v1/customer/register", &json!({ "nickname": "길동", "phone_number": "01012345678" })).await.expect(201);
        person
    }

    /// A seller whose store is open round the clock and can be paid.
    pub async fn shop(&self, stock: i64) -> Shop {
        let seller = self.person("seller", &fresh_email()).await;
        seller.post("/api/v1/seller/store/register", &store("가게")).await.expect(201);
        seller.post("/api/v1/seller/store/register/payment", &payment_settings(&seller.email)).await.expect(204);
        let product = json!({ "product_name": "도시락", "description": "맛있음", "initial_stock": stock, "price": 10000, "sale": 30, "nutrition_types": ["diet"] });
        let product = seller.post("/api/v1/seller/store/products/register", &product).await.expect(201);
        Shop { seller, product_id: text(&product, "product_id"), store_id: text(&product, "store_id") }
    }

    /// PortOne's books: every payment of the sandbox.
    pub async fn books(&self) -> Vec<Value> {
        self.get("/sandbox/portone/payments").await.expect(200)["payments"].as_array().unwrap().clone()
    }

    /// One payment in PortOne's books.
    pub async fn payment(&self, payment_id: &str) -> Value {
        self.books().await.into_iter().find(|payment| payment["id"] == payment_id).unwrap()
    }

    /// How much of a payment PortOne's books say went back, in won.
    pub async fn cancelled(&self, payment_id: &str) -> i64 {
        self.payment(payment_id).await["amount"]["cancelled"].as_i64().unwrap()
    }

    /// The mails sent, newest first.
    pub async fn mails(&self) -> Vec<Value> {
        self.get("/sandbox/mail").await.expect(200).as_array().unwrap().clone()
    }

    /// Plays a bad day.
    pub async fn faults(&self, next: Value) {
        self.call(Method::PUT, "/sandbox/portone/faults", None, Some(&json!({ "next": next }))).await.expect(200);
    }

    /// Moves the product's clock.
    pub async fn set_clock(&self, now: DateTime<Utc>) {
        self.call(Method::PUT, "/sandbox/clock", None, Some(&json!({ "now": now.to_rfc3339() }))).await.expect(200);
    }

    /// The product's clock.
    pub async fn now(&self) -> DateTime<Utc> {
        text(&self.get("/sandbox/clock").await.expect(200), "now").parse().unwrap()
    }

    /// Moves the product's clock on.
    pub async fn advance(&self, by: chrono::Duration) {
        self.set_clock(self.now().await + by).await;
    }

    /// Runs a job now.
    pub async fn run_job(&self, name: &str) {
        let run = self.call(Method::POST, &format!("/sandbox/jobs/{name}"), None, None).await.expect(200);
        assert_eq!(run["status"], "done", "{run}");
    }

    /// Plays the customer paying what was asked for, with some fields other than right.
    pub async fn pay_with(&self, held: &Held, other: &Value) -> Answer {
        let mut checkout = json!({
            "paymentId": held.payment_id, "storeId": held.body["store_id"], "channelKey": held.body["channel_id"],
            "orderName": "test", "totalAmount": held.body["total_amount"],
        });
        for (name, value) in other.as_object().unwrap() {
            checkout[name] = value.clone();
        }
        self.call(Method::POST, "/sandbox/portone/checkout", None, Some(&checkout)).await
    }

    /// Plays the customer paying what was asked for.
    pub async fn pay(&self, held: &Held) {
        self.pay_with(held, &json!({})).await.expect(200);
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await?;
    if status == StatusCode::NO_CONTENT {
        assert!(bytes.is_empty(), "204 has no body");
    }
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Ok(Answer { status: status.as_u16(), headers, body })
}

/// Where an answer sends the browser.
pub fn location(answer: &Answer) -> String {
    answer.headers.get("location").unwrap_or_else(|| panic!("no redirect: {} {}", answer.status, answer.body)).to_str().unwrap().to_owned()
}

/// The session's token in an answer's cookies.
pub fn session(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap());
    cookies.filter_map(|c| c.strip_prefix("access_token=")).map(|c| c.split(';').next().unwrap().to_owned()).next()
}

/// A text field.
pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}")).to_owned()
}

/// A store open round the clock, as the seller app sends it.
pub fn store(name: &str) -> Value {
    let days: Vec<_> = (0..7)
        .map(|day| {
            json!({ "day_of_week": day, "open_time": "00:00", "close_time": "23:59:59", "pickup_start_time": "00:00", "pickup_end_time": "23:59:59", "is_open_enabled": true })
        })
        .collect();
    json!({
        "store_name": name, "store_introduction": "소개", "store_phone": "02-555-1000",
        "sns_info": { "instagram": "", "homepage": "https://example.com" },
        "address_info": {
            "postal_code": "04000", "address": "서울 마포구 서교동 1", "detail_address": "1층", "sido": "서울", "sigungu": "마포구",
            "bname": "서교동", "lat": "37.5", "lng": "126.9", "nearest_station": "", "walking_time": 3,
        },
        "operation_times": days,
    })
}

fn payment_settings(email: &str) -> Value {
    json!({ "portone_store_id": format!("store-{email}"), "portone_channel_id": format!("channel-{email}"), "portone_secret_key": format!("secret-{email}") })
}

impl Person {
    /// A request.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.api.call(method, path, Some(&self.token), body).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// PATCH without a body.
    pub async fn patch(&self, path: &str) -> Answer {
        self.call(Method::PATCH, path, None).await
    }

    /// DELETE without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// DELETE with a body.
    pub async fn delete_with(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::DELETE, path, Some(body)).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// A request with an Idempotency-Key.
    pub async fn keyed(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", key)];
        self.api.send(method, path, &headers, body.to_string()).await
    }

    /// payment/init.
    pub async fn init(&self, product_id: &str, quantity: i64) -> Answer {
        self.post("/api/v1/customer/payment/init", &json!({ "product_id": product_id, "quantity": quantity })).await
    }

    /// payment/init that must succeed.
    pub async fn hold(&self, product_id: &str, quantity: i64) -> Held {
        let body = self.init(product_id, quantity).await.expect(200);
        Held { payment_id: text(&body, "payment_id"), body }
    }

    /// payment/confirm.
    pub async fn confirm(&self, payment_id: &str) -> Answer {
        self.post("/api/v1/customer/payment/confirm", &json!({ "payment_id": payment_id })).await
    }

    /// The customer's cancellation of an order.
    pub async fn cancel(&self, payment_id: &str) -> Answer {
        self.delete(&format!("/api/v1/customer/orders/{payment_id}/cancel")).await
    }

    /// From init to the order.
    pub async fn order(&self, product_id: &str, quantity: i64) -> Held {
        let held = self.hold(product_id, quantity).await;
        self.api.pay(&held).await;
        self.confirm(&held.payment_id).await.expect(200);
        held
    }

    /// The scan of a code.
    pub async fn scan(&self, payment_id: &str, qr_data: &str) -> Answer {
        self.call(Method::PATCH, &format!("/api/v1/customer/orders/{payment_id}/complete"), Some(&json!({ "qr_data": qr_data }))).await
    }
}

/// A seller with a store and a product.
#[derive(Clone)]
pub struct Shop {
    /// The seller.
    pub seller: Person,
    /// The product.
    pub product_id: String,
    /// Where the product is sold.
    pub store_id: String,
}

impl Shop {
    /// Tells us what PortOne signs the store's webhooks with.
    pub async fn set_webhook_secret(&self, secret: &str) {
        const SETTINGS: &str = "/api/v1/seller/store/settings/payment";
        let mut settings = self.seller.get(SETTINGS).await.expect(200);
        settings["portone_webhook_secret"] = secret.into();
        let changed = self.seller.put(SETTINGS, &settings).await.expect(200);
        assert_eq!(changed["is_webhook_secret_set"], true);
    }

    /// Has the sandbox's PortOne send webhooks for this store, and us believe them.
    pub async fn connect_webhooks(&self) {
        const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        self.set_webhook_secret(SECRET).await;
        let settings = self.seller.get("/api/v1/seller/store/settings/payment").await.expect(200);
        let console = json!({ "storeId": settings["portone_store_id"], "url": settings["webhook_path"], "secret": SECRET });
        self.seller.api.call(Method::PUT, "/sandbox/portone/webhooks", None, Some(&console)).await.expect(200);
    }

    /// What happened to a payment: event and detail, oldest first.
    pub async fn history(&self, payment_id: &str) -> Vec<String> {
        let history = self.seller.get(&format!("/api/v1/seller/store/orders/{payment_id}/history")).await.expect(200);
        let event = |e: &Value| match e["detail"].as_str() {
            Some(detail) => format!("{} {detail}", e["event"].as_str().unwrap()),
            None => text(e, "event"),
        };
        history["events"].as_array().unwrap().iter().map(event).collect()
    }

    /// Pieces left: (left, purchased).
    pub async fn stock(&self) -> (i64, i64) {
        let dashboard = self.seller.get("/api/v1/seller/store/orders/dashboard").await.expect(200);
        let item = dashboard["items"].as_array().unwrap().iter().find(|i| i["product_id"] == *self.product_id).unwrap().clone();
        let number = |name: &str| item[name].as_i64().unwrap();
        assert_eq!(number("current_stock"), number("initial_stock") - number("purchased_stock") + number("adjustment_stock"), "{item}");
        (number("current_stock"), number("purchased_stock"))
    }

    /// The store takes an order.
    pub async fn accept(&self, payment_id: &str) -> Answer {
        self.seller.patch(&format!("/api/v1/seller/store/orders/{payment_id}/accept")).await
    }

    /// A pickup code.
    pub async fn code(&self, payment_id: &str) -> String {
        text(&self.seller.get(&format!("/api/v1/seller/store/orders/{payment_id}/qr")).await.expect(200), "qr_data")
    }

    /// Opens the screen's WebSocket; gives its message once it comes.
    pub async fn screen(&self, base: &str, payment_id: &str) -> Result<tokio::task::JoinHandle<Value>, u16> {
        use futures::StreamExt;
        use tokio_tungstenite::tungstenite::{Error, client::IntoClientRequest};
        let url = format!("{}/api/v1/seller/store/orders/{payment_id}/qr/callback", base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("cookie", format!("access_token={}", self.seller.token).parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok((mut socket, _)) => Ok(tokio::spawn(async move {
                let message = socket.next().await.unwrap().unwrap();
                serde_json::from_str(message.to_text().unwrap()).unwrap()
            })),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(e) => panic!("{e}"),
        }
    }
}
