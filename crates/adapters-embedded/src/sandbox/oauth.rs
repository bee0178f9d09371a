//! Google, Kakao and Naver as far as our adapter speaks with them (`oauth.md`): their parameters, their errors, single-use
//! codes, PKCE, the ID token's claims.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_domain::{
    shared::{Clock, Error, Result},
    users::Provider,
};
use cheapbob_pages::page_that_leads_out;
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use rand::RngCore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    answers::{body, broken, plain_error},
    state::Sandbox,
};
use crate::fakes::failed;

/// What the browser brings from us, and what the person adds on the page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Grant {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    state: String,
    nonce: Option<String>,
    code_challenge: Option<String>,
    /// Google: `offline` asks for a refresh token.
    access_type: Option<String>,
    /// Empty: the person gives no e-mail.
    #[serde(default)]
    email: String,
    /// Their id at the provider, where it is not to follow from the e-mail.
    user_id: Option<String>,
    /// `no`: the provider does not vouch for the e-mail.
    verified: Option<String>,
    /// Pressed "deny".
    deny: Option<String>,
}

/// The id that this provider gives to the person with this e-mail.
pub fn user_id(provider: Provider, email: &str) -> String {
    let digest = Sha256::digest(format!("{}:{email}", provider.as_str()).as_bytes());
    let number = digest.iter().take(6).fold(0_u64, |n, b| n << 8 | u64::from(*b));
    match provider {
        Provider::Google => format!("1{number:020}"),
        Provider::Kakao => number.to_string(),
        Provider::Naver => URL_SAFE_NO_PAD.encode(digest),
    }
}

impl Grant {
    fn user_id(&self, provider: Provider) -> String {
        self.user_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| user_id(provider, &self.email))
    }

    fn vouched(&self) -> bool {
        self.verified.as_deref() != Some("no")
    }
}

#[derive(Template)]
#[template(path = "sandbox/oauth.html")]
struct Login {
    /// The provider's.
    name: &'static str,
    /// This page with the query it was opened with.
    action: String,
    role: &'static str,
}

pub(super) async fn ask(path: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let Some(provider) = Provider::parse(&path) else { return plain_error(404, "no such provider") };
    let Ok(grant) = serde_html_form::from_str::<Grant>(request.query_string()) else { return plain_error(400, "invalid_request") };
    if let Some(wrong) = wrong_request(provider, &grant) {
        return plain_error(400, wrong);
    }
    let name = match provider {
        Provider::Google => "Google",
        Provider::Kakao => "Kakao",
        Provider::Naver => "Naver",
    };
    let action = format!("/sandbox/oauth/{}/authorize?{}", provider.as_str(), request.query_string());
    let role = if grant.redirect_uri.ends_with("/seller") { "seller" } else { "customer" };
    page_that_leads_out(&Login { name, action, role })
}

fn wrong_request(provider: Provider, grant: &Grant) -> Option<&'static str> {
    if grant.response_type != "code" || grant.client_id.is_empty() || Url::parse(&grant.redirect_uri).is_err() {
        Some("invalid_request")
    } else if provider == Provider::Naver && grant.state.is_empty() {
        Some("invalid_request: Naver requires state")
    } else {
        None
    }
}

pub(super) async fn grant(sandbox: web::Data<Sandbox>, path: web::Path<String>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let Some(provider) = Provider::parse(&path) else { return plain_error(404, "no such provider") };
    let asked = serde_html_form::from_str::<Grant>(request.query_string());
    let (Ok(asked), Ok(said)) = (asked, body::<Grant>(&request, &bytes)) else { return plain_error(400, "invalid_request") };
    let grant = Grant { email: said.email.trim().to_lowercase(), user_id: said.user_id, verified: said.verified, deny: said.deny, ..asked };
    let (None, Ok(mut back)) = (wrong_request(provider, &grant), Url::parse(&grant.redirect_uri)) else {
        return plain_error(400, "invalid_request");
    };
    if grant.deny.is_some() {
        back.query_pairs_mut().append_pair("error", "access_denied").append_pair("state", &grant.state);
    } else {
        match sandbox.issue(provider, true, &grant).await {
            // Google's real codes hold a slash: decode once, encode once.
            Ok(code) => back.query_pairs_mut().append_pair("code", &code).append_pair("state", &grant.state),
            Err(e) => return broken(&e),
        };
    }
    HttpResponse::Found().insert_header((header::LOCATION, back.as_str())).finish()
}

#[derive(Deserialize)]
struct TokenRequest {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    state: Option<String>,
}

pub(super) async fn token(sandbox: web::Data<Sandbox>, path: web::Path<String>, bytes: web::Bytes) -> HttpResponse {
    let Some(provider) = Provider::parse(&path) else { return plain_error(404, "no such provider") };
    let Ok(request) = serde_html_form::from_bytes::<TokenRequest>(&bytes) else {
        return token_error(provider, "invalid_request", "KOE320");
    };
    let grant = match sandbox.redeem(provider, true, &request.code).await {
        Ok(Some(grant)) => grant,
        Ok(None) => return token_error(provider, "invalid_grant", "KOE320"),
        Err(e) => return broken(&e),
    };
    let challenge = request.code_verifier.as_deref().map(|v| URL_SAFE_NO_PAD.encode(Sha256::digest(v.as_bytes())));
    if request.grant_type != "authorization_code" || request.client_id != grant.client_id || request.client_secret.is_empty() {
        return token_error(provider, "invalid_client", "KOE010");
    }
    if provider == Provider::Naver {
        if request.state.as_deref() != Some(grant.state.as_str()) {
            return token_error(provider, "invalid_request", "");
        }
    } else if request.redirect_uri.as_deref() != Some(grant.redirect_uri.as_str()) {
        return token_error(provider, "redirect_uri_mismatch", "KOE303");
    } else if grant.code_challenge.is_some() && challenge != grant.code_challenge {
        return token_error(provider, "invalid_grant", "KOE320");
    }
    let issued = async { Ok::<_, Error>((sandbox.issue(provider, false, &grant).await?, sandbox.issue(provider, false, &grant).await?)) };
    match issued.await {
        Ok((access, refresh)) => HttpResponse::Ok().json(token_answer(&sandbox, provider, &grant, &access, &refresh)),
        Err(e) => broken(&e),
    }
}

fn token_answer(sandbox: &Sandbox, provider: Provider, grant: &Grant, access_token: &str, refresh_token: &str) -> Value {
    match provider {
        Provider::Google => {
            let now = sandbox.clock.now().timestamp();
            let claims = json!({
                "iss": "https://accounts.google.com", "aud": grant.client_id, "azp": grant.client_id, "sub": grant.user_id(provider),
                "iat": now, "exp": now + 3600, "email": grant.email, "email_verified": grant.vouched(), "nonce": grant.nonce,
            });
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let id_token =
                format!("{}.{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(&claims), URL_SAFE_NO_PAD.encode("sandbox"));
            json!({
                "access_token": access_token, "expires_in": 3599, "token_type": "Bearer", "id_token": id_token,
                "refresh_token": (grant.access_type.as_deref() == Some("offline")).then_some(refresh_token),
                "scope": "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile",
            })
        }
        Provider::Kakao => json!({
            "token_type": "bearer", "access_token": access_token, "expires_in": 21599, "refresh_token": refresh_token,
            "refresh_token_expires_in": 5_183_999, "scope": "account_email profile_nickname",
        }),
        Provider::Naver => {
            json!({ "access_token": access_token, "refresh_token": refresh_token, "token_type": "bearer", "expires_in": "3600" })
        }
    }
}

fn token_error(provider: Provider, error: &str, kakao_code: &str) -> HttpResponse {
    match provider {
        Provider::Google => HttpResponse::BadRequest().json(json!({ "error": error, "error_description": "sandbox" })),
        Provider::Kakao => {
            HttpResponse::BadRequest().json(json!({ "error": error, "error_description": "sandbox", "error_code": kakao_code }))
        }
        Provider::Naver => HttpResponse::Ok().json(json!({ "error": error, "error_description": "no valid data in session" })),
    }
}

pub(super) async fn userinfo(sandbox: web::Data<Sandbox>, path: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let Some(provider) = Provider::parse(&path) else { return plain_error(404, "no such provider") };
    let token = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    let grant = match token {
        Some(token) => sandbox.redeem(provider, false, token).await,
        None => Ok(None),
    };
    match grant {
        Ok(Some(grant)) => HttpResponse::Ok().json(userinfo_answer(provider, &grant)),
        Ok(None) => HttpResponse::Unauthorized().json(match provider {
            Provider::Google => json!({ "error": "invalid_request", "error_description": "Invalid Credentials" }),
            Provider::Kakao => json!({ "code": -401, "msg": "this access token does not exist" }),
            Provider::Naver => json!({ "resultcode": "024", "message": "Authentication failed" }),
        }),
        Err(e) => broken(&e),
    }
}

fn userinfo_answer(provider: Provider, grant: &Grant) -> Value {
    let id = grant.user_id(provider);
    let email = Some(&grant.email).filter(|e| !e.is_empty());
    let mut answer = match provider {
        Provider::Google => json!({ "sub": id, "name": "홍길동", "email_verified": grant.vouched() }),
        Provider::Kakao => json!({
            "id": id.parse::<i64>().unwrap_or(1), "connected_at": "2026-08-01T00:00:00Z", "properties": { "nickname": "홍길동" },
            "kakao_account": {
                "has_email": email.is_some(), "email_needs_agreement": email.is_none(),
                "is_email_valid": grant.vouched(), "is_email_verified": grant.vouched(),
            },
        }),
        Provider::Naver => json!({ "resultcode": "00", "message": "success", "response": { "id": id, "name": "홍길동" } }),
    };
    if let Some(email) = email {
        let place = match provider {
            Provider::Google => Some(&mut answer),
            Provider::Kakao => answer.get_mut("kakao_account"),
            Provider::Naver => answer.get_mut("response"),
        };
        if let Some(place) = place {
            place["email"] = json!(email);
        }
    }
    answer
}

impl Sandbox {
    /// A code or an access token that stands for the grant.
    async fn issue(&self, provider: Provider, is_code: bool, grant: &Grant) -> Result<String> {
        let mut random = [0_u8; 24];
        rand::rng().fill_bytes(&mut random);
        let token = format!("{}{}", if is_code { "4/0" } else { "sandbox-" }, URL_SAFE_NO_PAD.encode(random));
        let mut connection = self.embedded.connection().await?;
        sql_query("INSERT INTO embedded.oauth_grants (token, provider, is_code, email, query) VALUES ($1, $2, $3, $4, $5)")
            .bind::<t::Text, _>(&token)
            .bind::<t::Text, _>(provider.as_str())
            .bind::<t::Bool, _>(is_code)
            .bind::<t::Text, _>(&grant.email)
            .bind::<t::Jsonb, _>(serde_json::to_value(grant).map_err(Error::internal)?)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(token)
    }

    /// The grant behind a token, which is used up: a second use fails, as at the real ones (for codes).
    async fn redeem(&self, provider: Provider, is_code: bool, token: &str) -> Result<Option<Grant>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = t::Jsonb)]
            query: Value,
        }
        let mut connection = self.embedded.connection().await?;
        let row: Option<Row> =
            sql_query("DELETE FROM embedded.oauth_grants WHERE token = $1 AND provider = $2 AND is_code = $3 RETURNING query")
                .bind::<t::Text, _>(token)
                .bind::<t::Text, _>(provider.as_str())
                .bind::<t::Bool, _>(is_code)
                .get_result(&mut connection)
                .await
                .optional()
                .map_err(failed)?;
        row.map(|row| serde_json::from_value(row.query).map_err(Error::internal)).transpose()
    }
}

#[derive(Deserialize)]
pub(super) struct Unlinked {
    /// Kakao.
    target_id: Option<String>,
    /// Google and Naver.
    token: Option<String>,
    client_secret: Option<String>,
}

/// Kakao's unlink by the admin key; Google's and Naver's revoke of a token.
pub(super) async fn unlink(
    sandbox: web::Data<Sandbox>,
    path: web::Path<String>,
    request: HttpRequest,
    form: web::Form<Unlinked>,
) -> HttpResponse {
    let Some(provider) = Provider::parse(&path) else { return plain_error(404, "no such provider") };
    if provider == Provider::Kakao {
        return if request.headers().get("authorization").is_some_and(|key| key == "KakaoAK sandbox") {
            HttpResponse::Ok().json(json!({ "id": form.target_id }))
        } else {
            HttpResponse::Unauthorized().json(json!({ "msg": "wrong appKey", "code": -401 }))
        };
    }
    if provider == Provider::Naver && form.client_secret.is_none() {
        return HttpResponse::Unauthorized().json(json!({ "error": "unauthorized_client" }));
    }
    match (sandbox.redeem(provider, false, form.token.as_deref().unwrap_or_default()).await, provider) {
        (Ok(None), Provider::Google) => HttpResponse::BadRequest().json(json!({ "error": "invalid_token" })),
        (Ok(_), _) => HttpResponse::Ok().finish(),
        (Err(e), _) => broken(&e),
    }
}
