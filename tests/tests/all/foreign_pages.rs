//! What pages of other sites can do with a person's cookie: nothing.

use cheapbob_test_support::{Answer, Api, RealServer, TestApp};
use reqwest::Method;

const CLEAR: &str = "/api/v1/customer/history/search";

async fn as_browser(api: &Api, method: Method, path: &str, token: &str, headers: &[(&str, &str)]) -> Answer {
    let cookie = format!("access_token={token}");
    api.send(method, path, &[&[("cookie", cookie.as_str())], headers].concat(), "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sites_page_changes_nothing_by_the_cookie() {
    let app = TestApp::start().await;
    let (customer, api) = (app.api.customer().await, &app.api);
    let own = api.base.clone();
    let own_by_another_name = own.replace("127.0.0.1", "localhost");
    for (headers, status) in [
        (&[][..], 204),
        (&[("origin", own.as_str())], 204),
        (&[("sec-fetch-site", "same-origin")], 204),
        (&[("sec-fetch-site", "same-site")], 204),
        (&[("sec-fetch-site", "none")], 204),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("origin", "")], 403),
        (&[("origin", own_by_another_name.as_str())], 403),
        (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], 403),
    ] {
        let answer = as_browser(api, Method::DELETE, CLEAR, &customer.token, headers).await;
        assert_eq!(answer.status, status, "{headers:?} {}", answer.body);
        if status == 403 {
            assert_eq!(answer.refused(403), "foreign_origin");
        }
    }
    // Whoever shows a token has it, and a page of another site has not; what only reads has no side effect to fear.
    let bearer = format!("Bearer {}", customer.token);
    let elsewhere = ("origin", "https://evil.example");
    api.send(Method::DELETE, CLEAR, &[("authorization", &bearer), elsewhere], "").await.expect(204);
    as_browser(api, Method::GET, "/api/v1/user/role", &customer.token, &[elsewhere]).await.expect(200);
    // Logging somebody out is a change too.
    as_browser(api, Method::POST, "/api/v1/auth/logout", &customer.token, &[elsewhere]).await.refused(403);
    customer.get("/api/v1/user/role").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_apps_are_no_strangers() {
    let data = tempfile::tempdir().unwrap();
    let settings = [
        ("CHEAPBOB_DATA_DIR", data.path().display().to_string()),
        ("FRONTEND_URL", "https://app.example".to_owned()),
        ("FRONTEND_LOCAL_URL", "http://localhost:5173".to_owned()),
    ];
    let server = RealServer::http(RealServer::free_port(), &settings).await;
    let customer = server.api.customer().await;
    for (origin, status) in [("https://app.example", 204), ("http://localhost:5173", 204), ("https://app.example.evil.example", 403)] {
        let answer = as_browser(&server.api, Method::DELETE, CLEAR, &customer.token, &[("origin", origin)]).await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_is_for_our_pages() {
    let app = TestApp::start().await;
    let (shop, customer) = (app.api.shop(1).await, app.api.customer().await);
    let order = customer.order(&shop.product_id, 1).await;
    shop.accept(&order.payment_id).await.expect(200);
    let path = format!("/api/v1/seller/store/orders/{}/qr/callback", order.payment_id);
    let handshake = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (origin, status) in [(app.api.base.as_str(), 101), ("https://evil.example", 403)] {
        let headers = [handshake.as_slice(), &[("origin", origin)]].concat();
        let cookie = format!("access_token={}", shop.seller.token);
        let headers = [headers.as_slice(), &[("cookie", cookie.as_str())]].concat();
        let mut request = reqwest::Client::new().get(format!("{}{path}", app.api.base));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(request.send().await.unwrap().status(), status, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_says_that_it_is_json() {
    let app = TestApp::start().await;
    let (customer, path) = (app.api.customer().await, "/api/v1/customer/profile/detail");
    let bearer = format!("Bearer {}", customer.token);
    let say = async |kind: Option<&str>, body: &'static str| {
        let kind = kind.map(|kind| ("content-type", kind));
        let headers: Vec<_> = [("authorization", bearer.as_str())].into_iter().chain(kind).collect();
        app.api.send(Method::PATCH, path, &headers, body).await
    };
    let body = r#"{"nickname": "길동이"}"#;
    for kind in [Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx"), Some("nonsense"), None] {
        assert_eq!(say(kind, body).await.refused(415), "json_required", "{kind:?}");
    }
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        say(Some(kind), body).await.expect(200);
    }
    // Where there is none, its type says nothing.
    assert_eq!(say(Some("text/plain"), "").await.refused(400), "malformed_json");
    let shop = app.api.shop(1).await;
    let order = customer.order(&shop.product_id, 1).await;
    let cancel = format!("/api/v1/customer/orders/{}/cancel", order.payment_id);
    let form = ("content-type", "application/x-www-form-urlencoded");
    app.api.send(Method::DELETE, &cancel, &[("authorization", &bearer), form], "").await.expect(200);
}
