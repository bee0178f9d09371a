//! The sandbox as common client libraries meet it: what they send and read that our own adapters do not. `just clients` runs the
//! libraries themselves.

use std::collections::BTreeMap;

use cheapbob_test_support::{Answer, Api, TestApp, location};
use chrono::{DateTime, Duration, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

const PROVIDERS: [&str; 3] = ["google", "kakao", "naver"];
const BACK: &str = "http://localhost:4000/auth/callback";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const CLIENT: [(&str, &str); 2] = [("client_id", "client-1"), ("client_secret", "secret-1")];

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn query(url: &str) -> BTreeMap<String, String> {
    Url::parse(url).unwrap().query_pairs().into_owned().collect()
}

/// A client of one provider.
struct Client<'a> {
    api: &'a Api,
    provider: &'static str,
}

impl Client<'_> {
    /// Where the browser comes back to after its person has typed this.
    async fn ask(&self, parameters: &[(&str, &str)], typed: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut all = vec![("response_type", "code"), ("client_id", "client-1"), ("redirect_uri", BACK)];
        all.extend(parameters);
        let page = format!("/sandbox/oauth/{}/authorize?{}", self.provider, form(&all));
        assert_eq!(self.api.get(&page).await.status, 200);
        let answer = self.api.send(Method::POST, &page, &[FORM], form(typed)).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        let back = location(&answer);
        assert!(back.starts_with(BACK), "{back}");
        query(&back)
    }

    async fn code(&self, parameters: &[(&str, &str)]) -> String {
        self.ask(parameters, &[("email", "gil@example.com")]).await.remove("code").unwrap()
    }

    /// The token endpoint as the `oauth` package of npm calls it: neither `state` nor a header.
    async fn token(&self, fields: &[(&str, &str)]) -> Value {
        let body = form(&[&CLIENT, fields].concat());
        let answer = self.api.send(Method::POST, &format!("/sandbox/oauth/{}/token", self.provider), &[FORM], body).await;
        assert!(answer.body["error"].is_string() || answer.status == 200, "{}", answer.body);
        answer.body
    }

    async fn tokens(&self, parameters: &[(&str, &str)]) -> Value {
        let code = self.code(parameters).await;
        self.token(&[("grant_type", "authorization_code"), ("redirect_uri", BACK), ("code", &code)]).await
    }

    async fn userinfo(&self, access_token: &str) -> Answer {
        self.api.get(&format!("/sandbox/oauth/{}/userinfo?{}", self.provider, form(&[("access_token", access_token)]))).await
    }

    async fn profile(&self, parameters: &[(&str, &str)]) -> Value {
        let tokens = self.tokens(parameters).await;
        self.userinfo(tokens["access_token"].as_str().unwrap()).await.expect(200)
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_good_until_it_ends_or_is_revoked() {
    let app = TestApp::start().await;
    for provider in PROVIDERS {
        let client = Client { api: &app.api, provider };
        let tokens = client.tokens(&[("access_type", "offline")]).await;
        let (first, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
        for _ in 0..3 {
            assert_eq!(client.userinfo(first).await.status, 200, "{provider}");
        }
        assert_eq!(client.userinfo(refresh).await.status, 401, "{provider}: a refresh token opens nothing");
        app.api.advance(Duration::hours(7)).await;
        assert_eq!(client.userinfo(first).await.status, 401, "{provider}: it has ended");
        let again = client.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
        assert!(again["refresh_token"].is_null(), "{again}");
        let second = text(&again, "access_token");
        assert_eq!(client.userinfo(second).await.status, 200, "{provider}");
        // Revoking one revokes the other.
        let path = format!("/sandbox/oauth/{provider}/unlink");
        let bearer = format!("bearer {second}");
        let headers = if provider == "kakao" { vec![FORM, ("authorization", bearer.as_str())] } else { vec![FORM] };
        let revoked = app.api.send(Method::POST, &path, &headers, form(&[&CLIENT[..], &[("token", second)]].concat())).await;
        assert_eq!(revoked.status, 200, "{provider}: {}", revoked.body);
        assert_eq!(client.userinfo(second).await.status, 401, "{provider}: it is revoked");
        let error = client.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
        assert_eq!(text(&error, "error"), "invalid_grant", "{provider}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kakao_renews_a_refresh_token_near_its_end() {
    let app = TestApp::start().await;
    let client = Client { api: &app.api, provider: "kakao" };
    let tokens = client.tokens(&[]).await;
    app.api.advance(Duration::days(31)).await;
    let again = client.token(&[("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))]).await;
    assert_ne!(text(&again, "refresh_token"), text(&tokens, "refresh_token"));
    app.api.advance(Duration::days(30)).await;
    let error = client.token(&[("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))]).await;
    assert_eq!(text(&error, "error_code"), "KOE322");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_comes_in_a_header_of_any_case_in_the_query_or_in_a_form() {
    let app = TestApp::start().await;
    for provider in PROVIDERS {
        let client = Client { api: &app.api, provider };
        let tokens = client.tokens(&[]).await;
        let (token, path) = (text(&tokens, "access_token"), format!("/sandbox/oauth/{provider}/userinfo"));
        for (name, scheme) in [("Authorization", "Bearer"), ("authorization", "bearer"), ("AUTHORIZATION", "BEARER")] {
            let answer = app.api.get_with(&path, &[(name, &format!("{scheme} {token}"))]).await;
            assert_eq!(answer.status, 200, "{provider} {scheme}");
        }
        assert_eq!(app.api.send(Method::POST, &path, &[FORM], form(&[("access_token", token)])).await.status, 200, "{provider}");
        for (answer, what) in [
            (app.api.get(&path).await, "nothing"),
            (client.userinfo("sandbox-guessed").await, "a guess"),
            (app.api.get_with(&path, &[("authorization", token)]).await, "no scheme"),
            (app.api.get_with(&path, &[("authorization", &format!("Basic {token}"))]).await, "another scheme"),
        ] {
            assert_eq!(answer.status, 401, "{provider}: {what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn naver_does_without_a_state_but_takes_no_other() {
    let app = TestApp::start().await;
    let client = Client { api: &app.api, provider: "naver" };
    assert!(!client.ask(&[], &[("email", "gil@example.com")]).await.contains_key("state"));
    assert!(client.tokens(&[]).await["access_token"].is_string());
    for (state, right) in [(Some("s t/1"), true), (None, true), (Some("another"), false)] {
        let code = client.code(&[("state", "s t/1")]).await;
        let mut fields = vec![("grant_type", "authorization_code"), ("code", code.as_str())];
        fields.extend(state.map(|state| ("state", state)));
        let tokens = client.token(&fields).await;
        assert_eq!(tokens["access_token"].is_string(), right, "{state:?}: {tokens}");
    }
    // Its documentation has a GET as well.
    let code = client.code(&[("state", "s")]).await;
    let asked = form(&[&CLIENT[..], &[("grant_type", "authorization_code"), ("code", &code), ("state", "s")]].concat());
    let tokens = app.api.get(&format!("/sandbox/oauth/naver/token?{asked}")).await.expect(200);
    assert_eq!(tokens["expires_in"], "3600");
    assert_eq!(app.api.get(&format!("/sandbox/oauth/google/token?{asked}")).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_exchanged_however_the_client_writes_it() {
    let app = TestApp::start().await;
    // "client-1:secret-1"
    const BASIC: &str = "Basic Y2xpZW50LTE6c2VjcmV0LTE=";
    const JSON: (&str, &str) = ("content-type", "application/json");
    for provider in PROVIDERS {
        let (client, path) = (Client { api: &app.api, provider }, format!("/sandbox/oauth/{provider}/token"));
        for way in ["form", "JSON", "query", "form, client in the header", "form, client in the header in lower case"] {
            let code = client.code(&[]).await;
            let mut fields = vec![("grant_type", "authorization_code"), ("redirect_uri", BACK), ("code", code.as_str())];
            if !way.contains("header") {
                fields.extend(CLIENT);
            }
            let object: BTreeMap<_, _> = fields.iter().copied().collect();
            let basic = if way.contains("lower") { BASIC.replace("Basic", "basic") } else { BASIC.to_owned() };
            let answer = match way {
                "JSON" => app.api.send(Method::POST, &path, &[JSON], json!(object).to_string()).await,
                "query" => app.api.send(Method::POST, &format!("{path}?{}", form(&fields)), &[], "").await,
                "form" => app.api.send(Method::POST, &path, &[FORM], form(&fields)).await,
                _ => app.api.send(Method::POST, &path, &[FORM, ("authorization", &basic)], form(&fields)).await,
            };
            assert!(answer.body["access_token"].is_string(), "{provider}, {way}: {}", answer.body);
        }
        // Without a secret, with another client's id, twice.
        let code = client.code(&[]).await;
        let fields = [("grant_type", "authorization_code"), ("redirect_uri", BACK), ("code", &code), ("client_id", "client-1")];
        let answer = app.api.send(Method::POST, &path, &[FORM], form(&fields)).await;
        assert_eq!(text(&answer.body, "error"), "invalid_client", "{provider}");
        let code = client.code(&[]).await;
        let fields = [("grant_type", "authorization_code"), ("redirect_uri", BACK), ("code", code.as_str())];
        assert!(client.token(&fields).await["access_token"].is_string());
        assert_eq!(text(&client.token(&fields).await, "error"), "invalid_grant", "{provider}");
        assert_eq!(text(&client.token(&[("grant_type", "password")]).await, "error"), "unsupported_grant_type", "{provider}");
        let garbage = app.api.send(Method::POST, &path, &[JSON], "[1").await;
        assert_eq!(text(&garbage.body, "error"), "invalid_request", "{provider}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_is_of_its_challenge_by_either_method() {
    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let app = TestApp::start().await;
    for provider in PROVIDERS {
        let client = Client { api: &app.api, provider };
        for (parameters, verifier, right) in [
            (vec![("code_challenge", CHALLENGE), ("code_challenge_method", "S256")], Some(VERIFIER), true),
            (vec![("code_challenge", CHALLENGE), ("code_challenge_method", "S256")], Some(CHALLENGE), false),
            (vec![("code_challenge", CHALLENGE), ("code_challenge_method", "S256")], None, false),
            (vec![("code_challenge", VERIFIER), ("code_challenge_method", "plain")], Some(VERIFIER), true),
            (vec![("code_challenge", VERIFIER)], Some(VERIFIER), true),
            (vec![("code_challenge", VERIFIER), ("code_challenge_method", "plain")], Some(CHALLENGE), false),
            (vec![], None, true),
        ] {
            let code = client.code(&parameters).await;
            let mut fields = vec![("grant_type", "authorization_code"), ("redirect_uri", BACK), ("code", code.as_str())];
            fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
            let tokens = client.token(&fields).await;
            assert_eq!(tokens["access_token"].is_string(), right, "{provider} {parameters:?} {verifier:?}: {tokens}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_denies_is_sent_back_with_the_providers_words() {
    let app = TestApp::start().await;
    for (provider, description) in [("google", None), ("kakao", Some("User denied access")), ("naver", Some("Canceled By User"))] {
        let client = Client { api: &app.api, provider };
        let back = client.ask(&[("state", "s&1")], &[("deny", "1")]).await;
        assert_eq!((back["error"].as_str(), back["state"].as_str()), ("access_denied", "s&1"), "{provider}");
        assert_eq!(back.get("error_description").map(String::as_str), description, "{provider}");
        assert!(!back.contains_key("code"));
        assert!(!client.ask(&[], &[("deny", "1")]).await.contains_key("state"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_have_every_field_that_the_libraries_read() {
    let app = TestApp::start().await;
    for (provider, fields) in [
        ("google", &["/sub", "/name", "/given_name", "/family_name", "/picture", "/email"][..]),
        (
            "kakao",
            &[
                "/properties/nickname",
                "/properties/profile_image",
                "/properties/thumbnail_image",
                "/kakao_account/email",
                "/kakao_account/profile/nickname",
                "/kakao_account/profile/profile_image_url",
                "/kakao_account/profile/thumbnail_image_url",
                "/connected_at",
            ],
        ),
        (
            "naver",
            &[
                "/resultcode",
                "/message",
                "/response/id",
                "/response/nickname",
                "/response/name",
                "/response/email",
                "/response/profile_image",
                "/response/age",
                "/response/gender",
                "/response/birthday",
                "/response/birthyear",
                "/response/mobile",
                "/response/mobile_e164",
            ],
        ),
    ] {
        let profile = Client { api: &app.api, provider }.profile(&[]).await;
        for field in fields {
            assert!(profile.pointer(field).is_some_and(Value::is_string), "{field} in {profile}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_no_email_gives_none() {
    let app = TestApp::start().await;
    for provider in PROVIDERS {
        let client = Client { api: &app.api, provider };
        let code = client.ask(&[], &[("email", "")]).await.remove("code").unwrap();
        let tokens = client.token(&[("grant_type", "authorization_code"), ("redirect_uri", BACK), ("code", &code)]).await;
        let profile = client.userinfo(text(&tokens, "access_token")).await.expect(200);
        assert!(!profile.to_string().contains("\"email\"") && !profile.to_string().contains("null"), "{profile}");
        if provider == "kakao" {
            assert_eq!(profile["kakao_account"]["email_needs_agreement"], true);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn google_names_its_fields_by_version_and_shows_what_the_scopes_name() {
    let app = TestApp::start().await;
    let client = Client { api: &app.api, provider: "google" };
    let tokens = client.tokens(&[("scope", "openid email profile")]).await;
    let bearer = format!("Bearer {}", text(&tokens, "access_token"));
    let get = async |version: &str, bearer: &str| {
        app.api.get_with(&format!("/sandbox/oauth/google/{version}/userinfo"), &[("authorization", bearer)]).await
    };
    for (version, id, verified, error) in [
        ("v1", "id", "verified_email", "/error/message"),
        ("v2", "id", "verified_email", "/error/message"),
        ("v3", "sub", "email_verified", "/error_description"),
    ] {
        let profile = get(version, &bearer).await.expect(200);
        assert!(profile[id].is_string() && profile[verified].is_boolean(), "{version}: {profile}");
        assert!(get(version, "Bearer none").await.expect(401).pointer(error).is_some_and(Value::is_string), "{version}");
    }
    assert!(text(&tokens, "scope").contains("userinfo.email") && tokens["refresh_token"].is_null() && tokens["id_token"].is_string());
    for (scope, name, email) in [
        ("profile", true, false),
        ("email", false, true),
        ("openid", false, false),
        ("https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile", true, true),
    ] {
        let profile = client.profile(&[("scope", scope)]).await;
        assert_eq!((profile["name"].is_string(), profile["email"].is_string()), (name, email), "{scope}: {profile}");
    }
    // Kakao's scopes have commas; `openid` among them brings an ID token.
    let kakao = Client { api: &app.api, provider: "kakao" };
    assert!(kakao.tokens(&[("scope", "account_email,openid,profile_nickname")]).await["id_token"].is_string());
    assert!(kakao.tokens(&[("scope", "account_email,profile_nickname")]).await["id_token"].is_null());
}

/// A call as PortOne's SDKs make it: without a content type.
async fn portone(api: &Api, method: Method, path: &str, body: Value) -> Answer {
    let body = if method == Method::GET { String::new() } else { body.to_string() };
    api.send(method, path, &[("authorization", "PortOne s")], body).await
}

async fn page(api: &Api, prefix: &str, asked: Value) -> Answer {
    portone(api, Method::GET, &format!("{prefix}/payments?{}", form(&[("requestBody", &asked.to_string())])), Value::Null).await
}

async fn pay(api: &Api, id: &str, total: i64, status: &str) -> Answer {
    let checkout = json!({ "paymentId": id, "storeId": "store-1", "channelKey": "c", "orderName": "새봄 도시락", "totalAmount": total, "status": status });
    api.call(Method::POST, "/sandbox/portone/checkout", None, Some(&checkout)).await
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|payment| text(payment, "id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn portones_api_stands_at_the_root_too() {
    let app = TestApp::start().await;
    pay(&app.api, "P1", 9_000, "PAID").await.expect(200);
    for prefix in ["", "/sandbox/portone"] {
        let call = async |method, path: &str, body| portone(&app.api, method, &format!("{prefix}{path}"), body).await;
        assert_eq!(call(Method::GET, "/payments/P1?", Value::Null).await.expect(200)["id"], "P1");
        for unknown in ["/payments/P2?", "/payments/P2%2F3?storeId=s", "/payments/%00", "/payments/P2/transactions?"] {
            let answer = call(Method::GET, unknown, Value::Null).await.expect(404);
            assert!(answer["type"] == "PAYMENT_NOT_FOUND" && answer["message"].is_string(), "{answer}");
        }
        assert_eq!(call(Method::POST, "/payments/P1/pre-register", json!({})).await.expect(409)["type"], "ALREADY_PAID");
        assert_eq!(call(Method::POST, "/payments/P1/cancel", json!({})).await.expect(400)["type"], "INVALID_REQUEST");
        assert_eq!(call(Method::GET, "/payments-by-cursor", Value::Null).await.expect(200)["items"].as_array().unwrap().len(), 1);
        assert_eq!(page(&app.api, prefix, json!({})).await.expect(200)["page"], json!({ "number": 0, "size": 10, "totalCount": 1 }));
        for authorization in ["portone s", "PORTONE s"] {
            let path = format!("{prefix}/payments/P1");
            assert_eq!(app.api.get_with(&path, &[("Authorization", authorization)]).await.status, 200, "{authorization}");
        }
        for authorization in ["s", "PortOne", "PortOne ", "Bearer s", "PortOne invalid"] {
            let answer = app.api.get_with(&format!("{prefix}/payments"), &[("authorization", authorization)]).await;
            assert_eq!(answer.expect(401)["type"], "UNAUTHORIZED", "{authorization}");
        }
    }
    assert_eq!(app.api.get("/payments").await.expect(401)["type"], "UNAUTHORIZED");
    // Who shows no secret looks into the books.
    assert_eq!(app.api.get("/sandbox/portone/payments").await.expect(200)["payments"][0]["id"], "P1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_payments_is_what_the_filter_finds() {
    let app = TestApp::start().await;
    let start: DateTime<Utc> = app.api.now().await;
    for (id, status) in [("P1", "PAID"), ("P2", "PAY_PENDING"), ("P3", "FAILED"), ("P4", "PAID"), ("P5", "PAID")] {
        pay(&app.api, id, 9_000, status).await.expect(200);
        app.api.advance(Duration::minutes(1)).await;
    }
    portone(&app.api, Method::POST, "/payments/P1/cancel", json!({ "reason": "r", "amount": 1_000 })).await.expect(200);
    let minute = |n: i64| (start + Duration::minutes(n)).to_rfc3339();
    for (asked, found) in [
        (json!({}), vec!["P5", "P4", "P3", "P2", "P1"]),
        (json!({ "page": { "size": 2 } }), vec!["P5", "P4"]),
        (json!({ "page": { "number": 1, "size": 2 } }), vec!["P3", "P2"]),
        (json!({ "page": { "number": 9 } }), vec![]),
        (json!({ "filter": { "status": ["PAID"] } }), vec!["P5", "P4"]),
        (json!({ "filter": { "status": ["PENDING", "FAILED"] } }), vec!["P3", "P2"]),
        (json!({ "filter": { "status": ["PARTIAL_CANCELLED"] } }), vec!["P1"]),
        (json!({ "filter": { "sortBy": "STATUS_CHANGED_AT" } }), vec!["P1", "P5", "P4", "P3", "P2"]),
        (json!({ "filter": { "sortOrder": "ASC" } }), vec!["P1", "P2", "P3", "P4", "P5"]),
        // By change of status, unless it is said: P1 changed last.
        (json!({ "filter": { "from": minute(3) } }), vec!["P5", "P4", "P1"]),
        (json!({ "filter": { "timestampType": "CREATED_AT", "from": minute(3) } }), vec!["P5", "P4"]),
        (json!({ "filter": { "timestampType": "CREATED_AT", "until": minute(1) } }), vec!["P1"]),
        (json!({ "filter": { "storeId": "store-1" } }), vec!["P5", "P4", "P3", "P2", "P1"]),
        (json!({ "filter": { "storeId": "store-2" } }), vec![]),
        (json!({ "filter": { "isTest": false } }), vec![]),
        (json!({ "filter": { "currency": "USD" } }), vec![]),
        (json!({ "filter": { "methods": ["TRANSFER"] } }), vec![]),
        (json!({ "filter": { "textSearch": [{ "field": "PAYMENT_ID", "value": "P2" }] } }), vec!["P2"]),
    ] {
        let page = page(&app.api, "", asked.clone()).await.expect(200);
        assert_eq!(ids(&page), found, "{asked}");
        if asked["page"].is_null() {
            assert_eq!(page["page"]["totalCount"], found.len(), "{asked}");
        }
    }
    for asked in [
        json!({ "page": { "number": 60_000, "size": 10 } }),
        json!({ "page": { "size": 0 } }),
        json!({ "page": { "number": -1 } }),
        json!({ "filter": { "status": ["NEW"] } }),
    ] {
        assert_eq!(page(&app.api, "", asked).await.expect(400)["type"], "INVALID_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_opens_for_what_was_registered() {
    let app = TestApp::start().await;
    let register = async |id: &str, body| portone(&app.api, Method::POST, &format!("/payments/{id}/pre-register"), body).await;
    let asked = json!({ "storeId": "store-1", "totalAmount": 9_000, "currency": "KRW" });
    assert_eq!(register("P1", asked.clone()).await.expect(200), json!({}));
    let payment = portone(&app.api, Method::GET, "/payments/P1", Value::Null).await.expect(200);
    assert_eq!((&payment["status"], &payment["storeId"], &payment["amount"]["total"]), (&json!("READY"), &json!("store-1"), &json!(9_000)));
    assert_eq!(pay(&app.api, "P1", 100, "PAID").await.expect(409)["type"], "INFORMATION_MISMATCH");
    // Registered anew while nothing is paid, also after an attempt that failed.
    register("P1", json!({ "totalAmount": 8_000 })).await.expect(200);
    pay(&app.api, "P1", 9_000, "PAID").await.expect(409);
    pay(&app.api, "P1", 8_000, "FAILED").await.expect(200);
    register("P1", asked.clone()).await.expect(200);
    pay(&app.api, "P1", 9_000, "PAID").await.expect(200);
    assert_eq!(register("P1", asked).await.expect(409)["type"], "ALREADY_PAID");
    for wrong in [json!({ "totalAmount": -1 }), json!({ "totalAmount": "9000" }), json!([])] {
        assert_eq!(register("P2", wrong).await.expect(400)["type"], "INVALID_REQUEST");
    }
    // Without an amount any will do.
    register("P3", json!({})).await.expect(200);
    pay(&app.api, "P3", 1, "PAID").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attempt_is_a_transaction() {
    let app = TestApp::start().await;
    for (total, status) in [(9_000, "FAILED"), (9_000, "FAILED"), (9_000, "VIRTUAL_ACCOUNT_ISSUED"), (9_000, "PAID")] {
        pay(&app.api, "P1", total, status).await.expect(200);
    }
    let payment = portone(&app.api, Method::GET, "/payments/P1", Value::Null).await.expect(200);
    let items = portone(&app.api, Method::GET, "/payments/P1/transactions", Value::Null).await.expect(200)["items"].clone();
    let items = items.as_array().unwrap();
    let statuses: Vec<_> = items.iter().map(|item| text(item, "status")).collect();
    assert_eq!(statuses, ["FAILED", "FAILED", "PAID"], "an account and the money on it are one attempt");
    assert!(items.iter().all(|item| item["paymentId"] == "P1"));
    let mut own: Vec<_> = items.iter().map(|item| text(item, "id")).collect();
    assert_eq!(own[2], payment["transactionId"]);
    own.dedup();
    assert_eq!(own.len(), 3);
    assert!(!payment.to_string().contains("sandboxAttempts"), "{payment}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancellations_have_their_taxes_and_can_be_stopped() {
    let app = TestApp::start().await;
    pay(&app.api, "P1", 11_000, "PAID").await.expect(200);
    let cancel = async |body| portone(&app.api, Method::POST, "/payments/P1/cancel", body).await;
    for (body, kind) in [
        (json!({ "reason": "r", "amount": 1_000, "vatAmount": 1_001 }), "SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT"),
        (json!({ "reason": "r", "amount": 1_000, "taxFreeAmount": 100 }), "CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT"),
        (json!({ "reason": "r", "currentCancellableAmount": 10_000 }), "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN"),
        (json!({ "reason": "r", "amount": 11_001 }), "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT"),
    ] {
        assert_eq!(cancel(body.clone()).await.expect(409)["type"], kind, "{body}");
    }
    let full =
        json!({ "reason": "r", "amount": 1_000, "vatAmount": 50, "requester": "CUSTOMER", "storeId": "store-1", "skipWebhook": true });
    let done = cancel(full).await.expect(200);
    assert_eq!((&done["cancellation"]["vatAmount"], &done["cancellation"]["totalAmount"]), (&json!(50), &json!(1_000)));
    // One that waits for the provider.
    app.api.faults(json!([{ "on": "cancel", "do": "requested_200" }])).await;
    let waiting = cancel(json!({ "reason": "r", "amount": 2_000 })).await.expect(200)["cancellation"].clone();
    let stop = async |id: &str| portone(&app.api, Method::POST, &format!("/payments/P1/cancellations/{id}/stop"), json!({})).await;
    assert_eq!(stop("none").await.expect(404)["type"], "PAYMENT_CANCELLATION_NOT_FOUND");
    assert!(stop(text(&waiting, "id")).await.expect(200)["stoppedAt"].is_string());
    assert_eq!(stop(text(&waiting, "id")).await.expect(409)["type"], "PAYMENT_CANCELLATION_NOT_PENDING");
    assert_eq!(cancel(json!({ "reason": "r" })).await.expect(200)["cancellation"]["totalAmount"], 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_closed_and_a_webhook_sent_again() {
    let app = TestApp::start().await;
    let receiver = wiremock::MockServer::start().await;
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(wiremock::ResponseTemplate::new(200)).mount(&receiver).await;
    let console = json!({ "storeId": "store-1", "url": receiver.uri(), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
    pay(&app.api, "P1", 9_000, "VIRTUAL_ACCOUNT_ISSUED").await.expect(200);
    let resend = async |id: &str, body| portone(&app.api, Method::POST, &format!("/payments/{id}/resend-webhook"), body).await;
    assert_eq!(resend("P1", json!({})).await.expect(404)["type"], "WEBHOOK_NOT_FOUND");
    app.api.call(Method::PUT, "/sandbox/portone/webhooks", None, Some(&console)).await.expect(200);
    let webhook = resend("P1", json!({ "storeId": "store-1" })).await.expect(200)["webhook"].clone();
    assert_eq!((text(&webhook, "status"), text(&webhook, "trigger")), ("SUCCEEDED", "MANUAL"));
    assert_eq!(resend("P2", json!({})).await.expect(404)["type"], "PAYMENT_NOT_FOUND");
    assert_eq!(resend("P1", json!({ "webhookId": "WH-0" })).await.expect(404)["type"], "WEBHOOK_NOT_FOUND");
    let sent = &receiver.received_requests().await.unwrap()[0];
    assert_eq!(sent.headers["webhook-id"], text(&webhook, "id"));
    let message: Value = sent.body_json().unwrap();
    assert_eq!(text(&message, "type"), "Transaction.VirtualAccountIssued");
    // A payment that never had money has no cancellation of ours; its webhook names one, as PortOne's SDKs require.
    let close = async |id: &str| portone(&app.api, Method::POST, &format!("/payments/{id}/virtual-account/close"), json!({})).await;
    assert!(close("P1").await.expect(200)["closedAt"].is_string());
    assert_eq!(close("P1").await.expect(409)["type"], "PAYMENT_NOT_WAITING_FOR_DEPOSIT");
    resend("P1", json!({})).await.expect(200);
    let last: Value = receiver.received_requests().await.unwrap().last().unwrap().body_json().unwrap();
    assert_eq!(text(&last, "type"), "Transaction.Cancelled");
    assert!(last["data"]["cancellationId"].is_string(), "{last}");
    pay(&app.api, "P3", 9_000, "PARTIAL_CANCELLED").await.expect(200);
    resend("P3", json!({})).await.expect(200);
    let last: Value = receiver.received_requests().await.unwrap().last().unwrap().body_json().unwrap();
    assert_eq!((text(&last, "type"), text(&last["data"], "paymentId")), ("Transaction.PartialCancelled", "P3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_came_and_went_is_listed_as_events() {
    let app = TestApp::start().await;
    let start = app.api.now().await;
    pay(&app.api, "P1", 9_000, "PAID").await.expect(200);
    pay(&app.api, "P2", 9_000, "FAILED").await.expect(200);
    app.api.advance(Duration::minutes(1)).await;
    for amount in [1_000, 8_000] {
        let cancel = json!({ "reason": "r", "amount": amount });
        portone(&app.api, Method::POST, "/payments/P1/cancel", cancel).await.expect(200);
        app.api.advance(Duration::minutes(1)).await;
    }
    let list = async |asked: Value| {
        let path = format!("/payment-events-by-cursor?{}", form(&[("requestBody", &asked.to_string())]));
        portone(&app.api, Method::GET, &path, Value::Null).await
    };
    let events = async |asked: Value| -> Vec<(String, i64)> {
        let answer = list(asked).await.expect(200);
        let event = |item: &Value| (text(&item["paymentEvent"], "type").to_owned(), item["paymentEvent"]["eventAmount"].as_i64().unwrap());
        answer["items"].as_array().unwrap().iter().map(event).collect()
    };
    let all = [("PAID", 9_000), ("PARTIAL_CANCELLED", -1_000), ("CANCELLED", -8_000)].map(|(kind, sum)| (kind.to_owned(), sum));
    assert_eq!(events(json!({})).await, all);
    assert_eq!(events(json!({ "storeId": "store-2" })).await, []);
    assert_eq!(events(json!({ "from": (start + Duration::seconds(30)).to_rfc3339() })).await, all[1..]);
    assert_eq!(events(json!({ "until": (start + Duration::seconds(30)).to_rfc3339() })).await, all[..1]);
    let first = list(json!({ "size": 1 })).await.expect(200)["items"][0].clone();
    assert_eq!(events(json!({ "cursor": first["cursor"] })).await, all[1..]);
    assert_eq!(list(json!({ "size": 1_001 })).await.expect(400)["type"], "INVALID_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_has_its_method_its_data_and_its_currency() {
    let app = TestApp::start().await;
    let checkout = json!({
        "paymentId": "P1", "storeId": "s", "channelKey": "c", "totalAmount": 9_000, "status": "VIRTUAL_ACCOUNT_ISSUED",
        "currency": "CURRENCY_KRW", "customData": { "item": "새봄" },
    });
    let payment = app.api.call(Method::POST, "/sandbox/portone/checkout", None, Some(&checkout)).await.expect(200);
    assert_eq!((text(&payment["method"], "type"), text(&payment, "currency")), ("PaymentMethodVirtualAccount", "KRW"));
    assert_eq!(serde_json::from_str::<Value>(text(&payment, "customData")).unwrap(), json!({ "item": "새봄" }));
    let found = page(&app.api, "", json!({ "filter": { "methods": ["VIRTUAL_ACCOUNT"] } })).await.expect(200);
    assert_eq!(ids(&found), ["P1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn portones_tokens_open_until_they_end() {
    let app = TestApp::start().await;
    let post = async |path: &str, body: Value| app.api.send(Method::POST, path, &[], body.to_string()).await;
    let opens = async |token: &str| app.api.get_with("/payments", &[("authorization", &format!("Bearer {token}"))]).await.status;
    assert_eq!(post("/login/api-secret", json!({})).await.expect(400)["type"], "INVALID_REQUEST");
    assert_eq!(post("/login/api-secret", json!({ "apiSecret": "invalid" })).await.expect(401)["type"], "UNAUTHORIZED");
    let tokens = post("/sandbox/portone/login/api-secret", json!({ "apiSecret": "s" })).await.expect(200);
    let (access, refresh) = (text(&tokens, "accessToken"), text(&tokens, "refreshToken"));
    assert_eq!((opens(access).await, opens(refresh).await, opens("sandbox-access-9999999999-x").await), (200, 401, 401));
    app.api.advance(Duration::minutes(31)).await;
    assert_eq!(opens(access).await, 401);
    let tokens = post("/token/refresh", json!({ "refreshToken": refresh })).await.expect(200);
    assert_eq!(opens(text(&tokens, "accessToken")).await, 200);
    assert_eq!(post("/token/refresh", json!({ "refreshToken": access })).await.expect(401)["type"], "UNAUTHORIZED");
}
