//! What each provider tells of a person: the profile, and the claims of an ID token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_domain::users::Provider;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::oauth_grants::Grant;

const NAME: [&str; 3] = ["홍길동", "홍", "길동"];

/// Pictures of nobody, as the providers have them.
const GOOGLE_PICTURE: &str = "https://lh3.googleusercontent.com/a/default-user=s96-c";
const KAKAO_PICTURE: &str = "http://t1.kakaocdn.net/account_images/default_profile.jpeg.twg.thumb.R640x640";
const KAKAO_THUMBNAIL: &str = "http://t1.kakaocdn.net/account_images/default_profile.jpeg.twg.thumb.R110x110";
const NAVER_PICTURE: &str = "https://ssl.pstatic.net/static/pwe/address/img_profile.png";

/// The object without the fields that are null: providers leave out what they do not tell.
pub(super) fn told(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

/// The profile. `version`: of Google's API, `v1` and `v2` name some fields otherwise.
pub(super) fn profile(provider: Provider, version: Option<&str>, grant: &Grant) -> Value {
    match provider {
        Provider::Google => google(version, grant),
        Provider::Kakao => kakao(grant),
        Provider::Naver => naver(grant),
    }
}

fn google(version: Option<&str>, grant: &Grant) -> Value {
    let [name, family, given] = NAME.map(|part| grant.shows("profile").then_some(part));
    let email = Some(&grant.email).filter(|e| !e.is_empty() && grant.shows("email"));
    let vouched = email.map(|_| grant.vouched());
    let (id, is_old) = (grant.user_id(Provider::Google), matches!(version, Some("v1" | "v2")));
    let mut profile = json!({
        "name": name, "given_name": given, "family_name": family, "picture": name.map(|_| GOOGLE_PICTURE), "email": email,
    });
    profile[if is_old { "id" } else { "sub" }] = json!(id);
    profile[if is_old { "verified_email" } else { "email_verified" }] = json!(vouched);
    told(profile)
}

fn kakao(grant: &Grant) -> Value {
    let [_, _, nickname] = NAME;
    let email = Some(&grant.email).filter(|e| !e.is_empty());
    let vouched = email.map(|_| grant.vouched());
    let account = json!({
        "profile_nickname_needs_agreement": false, "profile_image_needs_agreement": false,
        "profile": {
            "nickname": nickname, "thumbnail_image_url": KAKAO_THUMBNAIL, "profile_image_url": KAKAO_PICTURE,
            "is_default_image": true, "is_default_nickname": false,
        },
        "has_email": true, "email_needs_agreement": email.is_none(), "is_email_valid": vouched, "is_email_verified": vouched, "email": email,
    });
    json!({
        "id": grant.user_id(Provider::Kakao).parse::<i64>().unwrap_or(1), "connected_at": "2026-08-01T00:00:00Z",
        "properties": { "nickname": nickname, "profile_image": KAKAO_PICTURE, "thumbnail_image": KAKAO_THUMBNAIL },
        "kakao_account": told(account),
    })
}

fn naver(grant: &Grant) -> Value {
    let [name, _, nickname] = NAME;
    let response = json!({
        "id": grant.user_id(Provider::Naver), "nickname": nickname, "name": name, "email": Some(&grant.email).filter(|e| !e.is_empty()),
        "profile_image": NAVER_PICTURE, "age": "30-39", "gender": "M", "birthday": "10-01", "birthyear": "1990",
        "mobile": "010-1234-5678", "mobile_e164": "+821012345678",
    });
    json!({ "resultcode": "00", "message": "success", "response": told(response) })
}

/// An ID token of `now` (Unix seconds), whose signature is none: from the token endpoint nobody has to check it.
pub(super) fn id_token(provider: Provider, grant: &Grant, access_token: &str, now: i64, life: i64) -> String {
    let user = grant.user_id(provider);
    let mut claims = match provider {
        Provider::Kakao => {
            let account = kakao(grant);
            let email = Some(&account["kakao_account"]["email"]).filter(|_| grant.vouched());
            json!({
                "iss": "https://kauth.kakao.com", "auth_time": now, "nickname": account["properties"]["nickname"],
                "picture": account["properties"]["thumbnail_image"], "email": email,
            })
        }
        _ => {
            let mut claims = google(None, grant);
            claims["iss"] = json!("https://accounts.google.com");
            claims["azp"] = json!(grant.client_id);
            // OpenID Connect Core 3.1.3.6: the left half.
            let half: Vec<u8> = Sha256::digest(access_token.as_bytes()).into_iter().take(16).collect();
            claims["at_hash"] = json!(URL_SAFE_NO_PAD.encode(half));
            claims
        }
    };
    for (name, value) in [("aud", json!(grant.client_id)), ("sub", json!(user)), ("iat", json!(now)), ("exp", json!(now + life))] {
        claims[name] = value;
    }
    claims["nonce"] = json!(grant.nonce);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&told(claims)), URL_SAFE_NO_PAD.encode("sandbox"))
}
