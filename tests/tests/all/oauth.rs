//! The providers' dialects, in answers of the shape that they are recorded with.

use std::{sync::Arc, time::Duration};

use cheapbob_adapters_oauth::{LOGINS_AT_ONCE, OAuth, ProviderSettings};
use cheapbob_domain::{
    shared::Clock,
    users::{
        PendingLogin, Provider, ProviderError, ProviderIdentity, Role, UnlinkNotice,
        ports::{IdentityProviders, ProviderUnlink},
    },
};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_string_contains, header, method, path},
};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2026-11-24T03:00:00Z".parse().unwrap()
    }
}

struct Recorded {
    server: MockServer,
    oauth: OAuth,
    provider: Provider,
}

fn login(provider: Provider) -> PendingLogin {
    PendingLogin {
        provider,
        role: Role::Seller,
        browser: "b".into(),
        verifier: "verifier-of-43-characters-or-more-1234567890".into(),
        nonce: "nonce-1".into(),
        local: false,
        operator: false,
    }
}

impl Recorded {
    async fn of(provider: Provider) -> Self {
        cheapbob_wiring::prepare_process();
        let server = MockServer::start().await;
        let settings = ProviderSettings {
            client_id: "client-1".into(),
            client_secret: SecretString::from("secret-1"),
            authorize_url: format!("{}/authorize", server.uri()).parse().unwrap(),
            token_url: format!("{}/token", server.uri()).parse().unwrap(),
            userinfo_url: format!("{}/userinfo", server.uri()).parse().unwrap(),
            unlink_url: format!("{}/unlink", server.uri()).parse().unwrap(),
        };
        let oauth = OAuth::new([settings.clone(), settings.clone(), settings], "https://api.example", Arc::new(Noon)).unwrap();
        Self { server, oauth, provider }
    }

    async fn token(&self, status: u16, body: Value) {
        Mock::given(method("POST"))
            .and(path("/token"))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .mount(&self.server)
            .await;
    }

    async fn userinfo(&self, status: u16, body: Value) {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method("GET"))
            .and(path("/userinfo"))
            .and(header("authorization", "Bearer at+/="))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    async fn identity(&self) -> Result<ProviderIdentity, ProviderError> {
        self.oauth.identity(&login(self.provider), "state-1", &SecretString::from("4/0A code")).await
    }
}

/// Nobody is hidden by their name, and nobody is who has no key that can be kept.
#[tokio::test]
async fn names_may_be_odd_and_keys_may_not() {
    let naver = async |user: &str| {
        let recorded = Recorded::of(Provider::Naver).await;
        recorded.token(200, json!({ "access_token": "at+/=", "refresh_token": "r" })).await;
        let body = format!(r#"{{"resultcode":"00","message":"\ud800","response":{user}}}"#);
        let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json");
        Mock::given(method("GET")).and(path("/userinfo")).respond_with(answer).mount(&recorded.server).await;
        recorded.identity().await
    };
    let odd = naver(r#"{"id":"u1","name":"\ud83d","nickname":"a\u0000b","email":"a@b.example"}"#).await.unwrap();
    assert_eq!((odd.user_id.as_str(), odd.email.unwrap().as_str()), ("u1", "a@b.example"));
    assert!(naver(r#"{"id":"u1","email":"a\u0000@b.example"}"#).await.unwrap().email.is_none());
    for bad in [r"u\u0000".to_owned(), r"u\ud800".to_owned(), r"u\n".to_owned(), String::new(), "u".repeat(256)] {
        let refused = naver(&format!(r#"{{"id":"{bad}","email":"a@b.example"}}"#)).await.unwrap_err();
        assert!(matches!(refused, ProviderError::Unavailable(..)), "{bad}: {refused}");
    }
}

fn id_token(claims: &Value) -> String {
    use std::fmt::Write;
    // base64url without a crate: the alphabet of RFC 4648.
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::from("eyJhbGciOiJSUzI1NiJ9.");
    for chunk in claims.to_string().as_bytes().chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            write!(out, "{}", char::from(ALPHABET[(n >> (18 - 6 * i)) as usize & 63])).unwrap();
        }
    }
    out + ".c2ln"
}

fn google_claims() -> Value {
    json!({ "iss": "https://accounts.google.com", "aud": "client-1", "sub": "113", "exp": Noon.now().timestamp() + 3600, "nonce": "nonce-1" })
}

fn google_token(claims: &Value) -> Value {
    json!({ "access_token": "at+/=", "refresh_token": "1//refresh", "expires_in": 3599, "token_type": "Bearer", "id_token": id_token(claims), "new_field": 1 })
}

#[tokio::test]
async fn authorize_urls_carry_each_providers_parameters() {
    let parameters = async |provider| {
        let recorded = Recorded::of(provider).await;
        let url = url::Url::parse(&recorded.oauth.authorize_url("state-1", &login(provider))).unwrap();
        url.query_pairs().into_owned().collect::<std::collections::BTreeMap<_, _>>()
    };
    insta::assert_debug_snapshot!("authorize google", parameters(Provider::Google).await);
    insta::assert_debug_snapshot!("authorize kakao", parameters(Provider::Kakao).await);
    insta::assert_debug_snapshot!("authorize naver", parameters(Provider::Naver).await);
}

#[tokio::test]
async fn google() {
    let recorded = Recorded::of(Provider::Google).await;
    recorded.token(200, google_token(&google_claims())).await;
    recorded.userinfo(200, json!({ "sub": "113", "email": "A@gmail.com", "email_verified": true, "picture": "x" })).await;
    let identity = recorded.identity().await.unwrap();
    assert_eq!((identity.user_id.as_str(), identity.email.unwrap().as_str(), identity.vouched), ("113", "a@gmail.com", true));
    assert_eq!(identity.unlink_token.unwrap().expose_secret(), "1//refresh");
    let requests = recorded.server.received_requests().await.unwrap();
    let form = String::from_utf8(requests[0].body.clone()).unwrap();
    for part in [
        "code=4%2F0A+code",
        "code_verifier=verifier-of",
        "redirect_uri=https%3A%2F%2Fapi.example%2Fapi%2Fv1%2Fauth%2Fgoogle%2Fcallback%2Fseller",
        "client_secret=secret-1",
    ] {
        assert!(form.contains(part), "{part} in {form}");
    }
}

#[tokio::test]
async fn google_checks_the_id_token() {
    for (field, bad) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("client-2")),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("exp", json!(1)),
        ("sub", json!("114")),
    ] {
        let recorded = Recorded::of(Provider::Google).await;
        let mut claims = google_claims();
        claims[field] = bad;
        recorded.token(200, google_token(&claims)).await;
        recorded.userinfo(200, json!({ "sub": "113", "email": "a@gmail.com", "email_verified": true })).await;
        assert!(matches!(recorded.identity().await, Err(ProviderError::Refused(..))), "{field}");
    }
}

#[tokio::test]
async fn google_that_does_not_say_verified_does_not_vouch() {
    let recorded = Recorded::of(Provider::Google).await;
    recorded.token(200, google_token(&google_claims())).await;
    recorded.userinfo(200, json!({ "sub": "113", "email": "a@gmail.com" })).await;
    assert!(!recorded.identity().await.unwrap().vouched);
}

#[tokio::test]
async fn kakao_gives_an_email_only_if_valid_and_verified() {
    for (account, email) in [
        (json!({ "email": "a@kakao.com", "is_email_valid": true, "is_email_verified": true }), Some("a@kakao.com")),
        (json!({ "email": "ka***@kakao.com", "is_email_valid": false, "is_email_verified": true }), None),
        (json!({ "email": "a@kakao.com", "is_email_valid": true, "is_email_verified": false }), None),
        (json!({ "email": "a@kakao.com" }), None),
        (json!({ "email_needs_agreement": true }), None),
        (Value::Null, None),
    ] {
        let recorded = Recorded::of(Provider::Kakao).await;
        recorded
            .token(200, json!({ "token_type": "bearer", "access_token": "at+/=", "expires_in": 21599, "scope": "account_email openid" }))
            .await;
        recorded.userinfo(200, json!({ "id": 123_456_789_012_i64, "kakao_account": account })).await;
        let identity = recorded.identity().await.unwrap();
        assert_eq!(identity.user_id, "123456789012");
        assert_eq!((identity.email.as_ref().map(|e| e.as_str()), identity.vouched), (email, email.is_some()), "{account}");
    }
}

#[tokio::test]
async fn naver_never_vouches_and_errs_with_200() {
    let recorded = Recorded::of(Provider::Naver).await;
    recorded.token(200, json!({ "access_token": "at+/=", "refresh_token": "r", "token_type": "bearer", "expires_in": "3600" })).await;
    recorded.userinfo(200, json!({ "resultcode": "00", "message": "success", "response": { "id": "WuF1", "email": "a@naver.com" } })).await;
    let identity = recorded.identity().await.unwrap();
    assert_eq!((identity.user_id.as_str(), identity.email.unwrap().as_str(), identity.vouched), ("WuF1", "a@naver.com", false));
    assert_eq!(identity.unlink_token.unwrap().expose_secret(), "r");
    let form = recorded.server.received_requests().await.unwrap()[0].clone();
    assert!(String::from_utf8(form.body).unwrap().contains("state=state-1"));

    let refused = Recorded::of(Provider::Naver).await;
    refused.token(200, json!({ "error": "invalid_request", "error_description": "no valid data in session" })).await;
    assert!(matches!(refused.identity().await, Err(ProviderError::Refused(..))));
    let failed = Recorded::of(Provider::Naver).await;
    failed.token(200, json!({ "access_token": "at+/=" })).await;
    failed.userinfo(401, json!({ "resultcode": "024", "message": "Authentication failed" })).await;
    assert!(matches!(failed.identity().await, Err(ProviderError::Unavailable(..))));
    let without = Recorded::of(Provider::Naver).await;
    without.token(200, json!({ "access_token": "at+/=" })).await;
    without.userinfo(200, json!({ "resultcode": "00", "response": { "id": "WuF1" } })).await;
    assert_eq!(without.identity().await.unwrap().email, None);
}

#[tokio::test]
async fn refusals_and_faults_are_told_apart() {
    for (provider, status, body, refused) in [
        (Provider::Google, 400, json!({ "error": "invalid_grant", "error_description": "Malformed auth code." }), true),
        (Provider::Google, 500, json!({}), false),
        (Provider::Google, 429, json!({}), false),
        (Provider::Google, 200, json!({ "access_token": "x" }), false),
        (Provider::Kakao, 400, json!({ "error": "invalid_grant", "error_code": "KOE320" }), true),
        (Provider::Kakao, 401, json!({ "error": "invalid_client", "error_code": "KOE010" }), true),
        (Provider::Kakao, 400, json!({ "error": "server_error", "error_code": "KOE003" }), false),
        (Provider::Naver, 200, json!({}), false),
        (Provider::Naver, 503, json!({ "error": "temporarily_unavailable" }), false),
    ] {
        let recorded = Recorded::of(provider).await;
        recorded.token(status, body.clone()).await;
        let error = recorded.identity().await.unwrap_err();
        assert_eq!(matches!(error, ProviderError::Refused(..)), refused, "{provider:?} {status} {body}: {error}");
        // The code is nobody's business.
        assert!(!error.to_string().contains("4/0A"), "{error}");
    }
}

#[tokio::test]
async fn garbage_redirects_floods_and_silence_are_faults() {
    let answers = [
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(200).set_body_bytes(vec![b' '; 300 << 10]),
        ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1:1/").set_body_string(""),
        ResponseTemplate::new(200).set_delay(Duration::from_secs(30)),
    ];
    let results = join_all(answers.into_iter().map(|answer| async {
        let recorded = Recorded::of(Provider::Kakao).await;
        Mock::given(body_string_contains("grant_type=authorization_code")).respond_with(answer).mount(&recorded.server).await;
        recorded.identity().await
    }));
    for result in results.await {
        assert!(matches!(result, Err(ProviderError::Unavailable(..))), "{result:?}");
    }
}

/// What each provider is asked, and which of its answers mean that the link is cut.
#[tokio::test]
async fn links_are_cut_and_cut_once_more() {
    let token = SecretString::from("re/fresh+");
    let revoke = "client_id=client-1&client_secret=secret-1&token=re%2Ffresh%2B&token_type_hint=refresh_token";
    for (provider, asked, status, body, cut) in [
        (Provider::Kakao, "target_id_type=user_id&target_id=7", 200, json!({ "id": 7 }), true),
        (Provider::Kakao, "target_id=7", 400, json!({ "msg": "NotRegisteredUserException", "code": -101 }), true),
        (Provider::Kakao, "target_id=7", 400, json!({ "msg": "internal error", "code": -1 }), false),
        (Provider::Kakao, "target_id=7", 401, json!({ "msg": "wrong appKey", "code": -401 }), false),
        (Provider::Kakao, "target_id=7", 503, json!("down"), false),
        (Provider::Google, "token=re%2Ffresh%2B", 200, json!({}), true),
        (Provider::Google, "token=re%2Ffresh%2B", 400, json!({ "error": "invalid_token" }), true),
        (Provider::Google, "token=re%2Ffresh%2B", 400, json!({ "error": "invalid_request" }), false),
        (Provider::Google, "token=re%2Ffresh%2B", 503, json!("down"), false),
        (Provider::Naver, revoke, 200, json!(""), true),
        (Provider::Naver, revoke, 401, json!({ "error": "unauthorized_client" }), false),
        (Provider::Naver, revoke, 503, json!({ "error": "temporarily_unavailable" }), false),
    ] {
        let recorded = Recorded::of(provider).await;
        let oauth = recorded.oauth.with_kakao_admin_key(Some(SecretString::from("admin-key")));
        let mut request = Mock::given(method("POST")).and(path("/unlink")).and(body_string_contains(asked));
        if provider == Provider::Kakao {
            request = request.and(header("authorization", "KakaoAK admin-key"));
        }
        request.respond_with(ResponseTemplate::new(status).set_body_json(body.clone())).expect(1).mount(&recorded.server).await;
        assert_eq!(oauth.cut(provider, "7", Some(&token)).await.is_ok(), cut, "{provider:?} {status} {body}");
    }
    // Nothing of ours cuts these.
    for provider in Provider::ALL {
        Recorded::of(provider).await.oauth.cut(provider, "7", None).await.unwrap();
    }
}

/// A provider that hangs keeps so many people waiting and no more: who comes beyond that hears so soon, and a crowd that it serves gets
/// in.
#[tokio::test]
async fn few_wait_for_a_provider_that_hangs() {
    let recorded = Recorded::of(Provider::Naver).await;
    let late = ResponseTemplate::new(503).set_delay(Duration::from_secs(3));
    Mock::given(method("POST")).and(path("/token")).respond_with(late).expect(LOGINS_AT_ONCE as u64).mount(&recorded.server).await;
    let answers = join_all((0..LOGINS_AT_ONCE + 5).map(|_| recorded.identity())).await;
    let told = answers.into_iter().map(|answer| answer.unwrap_err().to_string());
    assert_eq!(told.filter(|why| why.contains("as many logins as may wait")).count(), 5);

    let quick = Recorded::of(Provider::Naver).await;
    quick.token(503, json!({})).await;
    let answers = join_all((0..LOGINS_AT_ONCE * 3).map(|_| quick.identity())).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap_err().to_string().contains("HTTP 503")));
}

fn links() -> OAuth {
    cheapbob_wiring::prepare_process();
    let one = |provider| ProviderSettings::real(provider, "cheapbobNaverClientId".to_owned(), SecretString::from("Secr3tABCD")).unwrap();
    OAuth::new(Provider::ALL.map(one), "https://api.example", Arc::new(Noon))
        .unwrap()
        .with_kakao_admin_key(Some(SecretString::from("admin-key")))
}

/// The vector of oauth.md §3.4.
fn naver(change: impl FnOnce(&mut [&'static str; 4])) -> UnlinkNotice {
    let mut fields = [
        "cheapbobNaverClientId",
        "AAECAwQFBgcICQoLDA0OD9L-GCA1MShsWp6O9dcyeBCftgaigR-YSVsC-l7mH1BgfQj1ut5-v4xh-45V2W_9qA",
        "1714039200",
        "YeHnVXrECRTmWDthHPiF5dPq9cgfYkbBZRu4XhYHNDs",
    ];
    change(&mut fields);
    let [client_id, encrypted_id, timestamp, signature] = fields.map(|field| Some(field.to_owned()).filter(|f| !f.is_empty()));
    UnlinkNotice::Naver { client_id, encrypted_id, timestamp, signature }
}

#[test]
fn navers_notice_is_verified_and_opened() {
    let (oauth, sent) = (links(), DateTime::from_timestamp(1_714_039_200, 0).unwrap());
    let user = "WuF1ZtsfTlA1f3fjFUKlzDnYxeZLMqJtfnkCIXyTEST";
    assert_eq!(oauth.verify(&naver(|_| ()), sent).as_deref(), Ok(user));
    assert_eq!(oauth.verify(&naver(|f| f[3] = "YeHnVXrECRTmWDthHPiF5dPq9cgfYkbBZRu4XhYHNDs="), sent).as_deref(), Ok(user));
    for seconds in [-301, 301] {
        assert_eq!(oauth.verify(&naver(|_| ()), sent + chrono::Duration::seconds(seconds)), Err("too old, or of the future"));
    }
    assert_eq!(oauth.verify(&naver(|f| f[0] = "another"), sent), Err("another app's"));
    assert_eq!(oauth.verify(&naver(|f| f[2] = "1714039201"), sent), Err("a wrong signature"));
    assert_eq!(oauth.verify(&naver(|f| f[3] = "***"), sent), Err("a signature that is none"));
    for missing in 0..4 {
        assert_eq!(oauth.verify(&naver(|f| f[missing] = ""), sent), Err("a field is missing"));
    }
}

#[test]
fn kakaos_notice_shows_our_key() {
    let kakao = |authorization: Option<&str>, user_id: Option<&str>| {
        let owned = |field: Option<&str>| field.map(str::to_owned);
        links().verify(&UnlinkNotice::Kakao { authorization: owned(authorization), user_id: owned(user_id) }, DateTime::UNIX_EPOCH)
    };
    assert_eq!(kakao(Some("KakaoAK admin-key"), Some("7")).as_deref(), Ok("7"));
    assert_eq!(kakao(Some("KakaoAK admin-kez"), Some("7")), Err("another key"));
    for authorization in [None, Some("Bearer admin-key"), Some("admin-key")] {
        assert_eq!(kakao(authorization, Some("7")), Err("no key"));
    }
    assert_eq!(kakao(Some("KakaoAK admin-key"), None), Err("no user"));
}
