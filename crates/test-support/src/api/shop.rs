//! A seller with a store: how it comes about, and what is done there.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    client::{Answer, Api, text},
    login::fresh_email,
    person::Person,
};

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

impl Api {
    /// A seller whose store is open round the clock and can be paid.
    pub async fn shop(&self, stock: i64) -> Shop {
        let seller = self.person("seller", &fresh_email()).await;
        seller.post("/api/v1/seller/store/register", &store("가게")).await.expect(201);
        seller.post("/api/v1/seller/store/register/payment", &payment_settings(&seller.email)).await.expect(204);
        let product = json!({ "product_name": "도시락", "description": "맛있음", "initial_stock": stock, "price": 10000, "sale": 30, "nutrition_types": ["diet"] });
        let product = seller.post("/api/v1/seller/store/products/register", &product).await.expect(201);
        Shop { seller, product_id: text(&product, "product_id"), store_id: text(&product, "store_id") }
    }
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

    /// The store accepts an order.
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
