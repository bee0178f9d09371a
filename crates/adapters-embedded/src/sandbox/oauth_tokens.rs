//! The calls that a client makes after the login page: its code for tokens, a token for the profile, a token for nothing.

use std::collections::HashMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cheapbob_domain::{
    shared::{Clock, Result},
    users::Provider,
};
use serde_json::{Value, json};

use super::{
    answers::{body, broken, plain_error},
    oauth_grants::{Grant, Issued, Kind},
    oauth_users::{id_token, profile, told},
    state::Sandbox,
};

/// What a client sends, wherever it puts it: query, form, JSON.
struct Parameters(HashMap<String, String>);

impl Parameters {
    /// `None`: the body is neither a form nor a JSON object of texts.
    fn of(request: &HttpRequest, bytes: &[u8]) -> Option<Self> {
        let mut all: HashMap<String, String> = serde_html_form::from_str(request.query_string()).ok()?;
        if !bytes.is_empty() {
            all.extend(body::<HashMap<String, String>>(request, bytes).ok()?);
        }
        if let Some(basic) = credentials(request, "Basic") {
            let pair = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
            let (id, secret) = pair.split_once(':')?;
            // RFC 6749, 2.3.1: both are encoded as in a form.
            let decoded = |text: &str| url::form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).next();
            all.insert("client_id".to_owned(), decoded(id)?);
            all.insert("client_secret".to_owned(), decoded(secret).unwrap_or_default());
        }
        Some(Self(all))
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }
}

/// What stands behind this scheme in the Authorization header.
fn credentials<'a>(request: &'a HttpRequest, scheme: &str) -> Option<&'a str> {
    let (found, credentials) = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
}

/// A refusal of the token endpoint: its error, and Kakao's code for it.
struct Refusal(&'static str, &'static str);

const INVALID_REQUEST: Refusal = Refusal("invalid_request", "KOE320");
const INVALID_CLIENT: Refusal = Refusal("invalid_client", "KOE010");
const INVALID_CODE: Refusal = Refusal("invalid_grant", "KOE320");
const INVALID_REFRESH_TOKEN: Refusal = Refusal("invalid_grant", "KOE322");
const OTHER_REDIRECT_URI: Refusal = Refusal("redirect_uri_mismatch", "KOE303");
const UNKNOWN_GRANT_TYPE: Refusal = Refusal("unsupported_grant_type", "KOE320");

impl Refusal {
    fn answer(&self, provider: Provider) -> HttpResponse {
        let Self(error, kakao) = self;
        match provider {
            Provider::Google => HttpResponse::BadRequest().json(json!({ "error": error, "error_description": "sandbox" })),
            Provider::Kakao => {
                HttpResponse::BadRequest().json(json!({ "error": error, "error_description": "sandbox", "error_code": kakao }))
            }
            Provider::Naver => HttpResponse::Ok().json(json!({ "error": error, "error_description": "no valid data in session" })),
        }
    }
}

pub(super) async fn token(sandbox: web::Data<Sandbox>, path: web::Path<String>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let Some(provider) = Provider::parse(&path) else { return plain_error(404, "no such provider") };
    if request.method() == Method::GET && provider != Provider::Naver {
        return plain_error(405, "POST");
    }
    let Some(asked) = Parameters::of(&request, &bytes) else { return INVALID_REQUEST.answer(provider) };
    let answer = match asked.get("grant_type") {
        "authorization_code" => sandbox.first_tokens(provider, &asked).await,
        "refresh_token" => sandbox.next_tokens(provider, &asked).await,
        _ => Ok(Err(UNKNOWN_GRANT_TYPE)),
    };
    match answer {
        Ok(Ok(answer)) => HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer),
        Ok(Err(refusal)) => refusal.answer(provider),
        Err(e) => broken(&e),
    }
}

type Answer = Result<std::result::Result<Value, Refusal>>;

impl Sandbox {
    async fn first_tokens(&self, provider: Provider, asked: &Parameters) -> Answer {
        let Some(Issued { login, grant, .. }) = self.redeem(provider, asked.get("code")).await? else { return Ok(Err(INVALID_CODE)) };
        if asked.get("client_id") != grant.client_id || asked.given("client_secret").is_none() {
            return Ok(Err(INVALID_CLIENT));
        }
        // Naver documents `state` as required and takes requests without it; `redirect_uri` it does not know.
        if provider == Provider::Naver {
            if asked.given("state").is_some_and(|state| state != grant.state) {
                return Ok(Err(INVALID_REQUEST));
            }
        } else if asked.get("redirect_uri") != grant.redirect_uri {
            return Ok(Err(OTHER_REDIRECT_URI));
        }
        if !grant.verified_by(asked.given("code_verifier")) {
            return Ok(Err(INVALID_CODE));
        }
        let refresh = match provider {
            Provider::Google if grant.access_type.as_deref() != Some("offline") => None,
            _ => Some(self.issue(provider, Kind::Refresh, &login, &grant).await?),
        };
        self.tokens(provider, &login, &grant, refresh).await.map(Ok)
    }

    async fn next_tokens(&self, provider: Provider, asked: &Parameters) -> Answer {
        const MONTH: i64 = 30 * 86_400;
        let issued = self.look_up(provider, Kind::Refresh, asked.get("refresh_token")).await?;
        let Some(Issued { login, grant, until, .. }) = issued else { return Ok(Err(INVALID_REFRESH_TOKEN)) };
        if asked.get("client_id") != grant.client_id || asked.given("client_secret").is_none() {
            return Ok(Err(INVALID_CLIENT));
        }
        // Kakao renews a refresh token near its end; the others' stay what they are.
        let refresh = if provider == Provider::Kakao && until - self.clock.now().timestamp() < MONTH {
            Some(self.issue(provider, Kind::Refresh, &login, &grant).await?)
        } else {
            None
        };
        self.tokens(provider, &login, &grant, refresh).await.map(Ok)
    }

    async fn tokens(&self, provider: Provider, login: &str, grant: &Grant, refresh: Option<String>) -> Result<Value> {
        let (access, life) = (self.issue(provider, Kind::Access, login, grant).await?, Kind::Access.life(provider));
        let id_token = || id_token(provider, grant, &access, self.clock.now().timestamp(), life);
        Ok(told(match provider {
            Provider::Google => json!({
                "access_token": access, "expires_in": life, "token_type": "Bearer", "id_token": id_token(), "refresh_token": refresh,
                "scope": google_scope(grant),
            }),
            Provider::Kakao => {
                let opens = grant.scopes().any(|scope| scope == "openid");
                json!({
                    "token_type": "bearer", "access_token": access, "expires_in": life, "id_token": opens.then(id_token),
                    "refresh_token_expires_in": refresh.as_ref().map(|_| Kind::Refresh.life(provider)), "refresh_token": refresh,
                    "scope": if opens { "account_email profile_image openid profile_nickname" } else { "account_email profile_image profile_nickname" },
                })
            }
            // A text, as in their samples.
            Provider::Naver => {
                json!({ "access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": life.to_string() })
            }
        }))
    }
}

/// What was granted, in Google's words.
fn google_scope(grant: &Grant) -> String {
    let parts = ["email", "profile"].into_iter().filter(|part| grant.shows(part));
    parts.fold("openid".to_owned(), |scope, part| format!("{scope} https://www.googleapis.com/auth/userinfo.{part}"))
}

/// The profile. The token may come in the header, or, as the `oauth` package of npm sends it, in the query.
pub(super) async fn userinfo(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let path = request.match_info();
    let Some(provider) = Provider::parse(path.query("provider")) else { return plain_error(404, "no such provider") };
    let (version, parameters) = (path.get("version"), Parameters::of(&request, &bytes));
    let in_parameters = || parameters.as_ref().and_then(|p| p.given("access_token"));
    let Some(token) = credentials(&request, "Bearer").or_else(in_parameters) else {
        return HttpResponse::Unauthorized().json(match provider {
            Provider::Google => google_unauthorized(version, "Request is missing required authentication credential."),
            Provider::Kakao => json!({ "code": -401, "msg": "authentication key required" }),
            Provider::Naver => json!({ "resultcode": "028", "message": "Authentication header not exists" }),
        });
    };
    match sandbox.look_up(provider, Kind::Access, token).await {
        Ok(Some(issued)) => HttpResponse::Ok().json(profile(provider, version, &issued.grant)),
        Ok(None) => HttpResponse::Unauthorized().json(match provider {
            Provider::Google => google_unauthorized(version, "Invalid Credentials"),
            Provider::Kakao => json!({ "code": -401, "msg": "this access token does not exist" }),
            Provider::Naver => json!({ "resultcode": "024", "message": "Authentication failed" }),
        }),
        Err(e) => broken(&e),
    }
}

fn google_unauthorized(version: Option<&str>, message: &str) -> Value {
    if matches!(version, Some("v1" | "v2")) {
        json!({ "error": { "code": 401, "message": message, "status": "UNAUTHENTICATED" } })
    } else {
        json!({ "error": "invalid_request", "error_description": message })
    }
}

/// Kakao's unlink, by the admin key or by the person's own token; Google's and Naver's revoke of a token.
pub(super) async fn unlink(sandbox: web::Data<Sandbox>, path: web::Path<String>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let Some(provider) = Provider::parse(&path) else { return plain_error(404, "no such provider") };
    let Some(asked) = Parameters::of(&request, &bytes) else { return plain_error(400, "invalid_request") };
    let answer = match provider {
        Provider::Kakao => sandbox.unlink_from_kakao(&request, &asked).await,
        Provider::Naver if asked.given("client_secret").is_none() => {
            Ok(HttpResponse::Unauthorized().json(json!({ "error": "unauthorized_client" })))
        }
        Provider::Google | Provider::Naver => sandbox.revoke(provider, asked.get("token")).await.map(|revoked| match provider {
            Provider::Google if !revoked => HttpResponse::BadRequest().json(json!({ "error": "invalid_token" })),
            Provider::Google => HttpResponse::Ok().json(json!({})),
            _ => HttpResponse::Ok().finish(),
        }),
    };
    answer.unwrap_or_else(|e| broken(&e))
}

impl Sandbox {
    async fn unlink_from_kakao(&self, request: &HttpRequest, asked: &Parameters) -> Result<HttpResponse> {
        let user = if credentials(request, "KakaoAK") == Some("sandbox") {
            Some(asked.get("target_id").to_owned())
        } else if let Some(token) = credentials(request, "Bearer") {
            self.look_up(Provider::Kakao, Kind::Access, token).await?.map(|issued| issued.grant.user_id(Provider::Kakao))
        } else {
            None
        };
        let Some(user) = user else { return Ok(HttpResponse::Unauthorized().json(json!({ "msg": "wrong appKey", "code": -401 }))) };
        self.forget(Provider::Kakao, &user).await?;
        Ok(HttpResponse::Ok().json(json!({ "id": user.parse::<i64>().unwrap_or_default() })))
    }
}
