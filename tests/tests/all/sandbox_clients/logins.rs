//! Providers, as passport's strategies and the like use them.

use std::collections::BTreeMap;

use cheapbob_test_support::{Answer, Api, TestApp, location};
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{form, text};

const PROVIDERS: [&str; 3] = ["google", "kakao", "naver"];
const BACK: &str = "http://localhost:4000/auth/callback";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const CLIENT: [(&str, &str); 2] = [("client_id", "client-1"), ("client_secret", "secret-1")];

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
