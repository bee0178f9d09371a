use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_domain::{
    shared::Email,
    users::{ProviderError, ProviderIdentity},
};
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;

use crate::exchange::Exchange;

#[derive(Deserialize)]
struct Token {
    access_token: String,
    id_token: String,
    /// Only of a login at which the person agreed.
    refresh_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    exp: i64,
    nonce: Option<String>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

pub(crate) async fn identity(exchange: &Exchange<'_>, now: DateTime<Utc>) -> Result<ProviderIdentity, ProviderError> {
    let mut form = exchange.token_form();
    form.push(("redirect_uri", &exchange.redirect_uri));
    form.push(("code_verifier", &exchange.login.verifier));
    let (status, body) = exchange.token(&form).await?;
    if status != StatusCode::OK {
        let reason = exchange.json::<Failure>("the token's refusal", &body).map_or_else(|_| status.to_string(), |f| f.error);
        return Err(exchange.refused(reason));
    }
    let token: Token = exchange.json("the token", &body)?;
    let claims = claims(exchange, &token.id_token)?;
    check(exchange, &claims, now)?;
    let (status, body) = exchange.userinfo(&token.access_token).await?;
    if status != StatusCode::OK {
        return Err(exchange.unavailable(format!("userinfo: HTTP {status}")));
    }
    let user: UserInfo = exchange.json("userinfo", &body)?;
    if user.sub != claims.sub {
        return Err(exchange.refused("userinfo is of another user than the ID token"));
    }
    let email = user.email.and_then(|e| Email::parse(&e).ok());
    Ok(ProviderIdentity {
        user_id: user.sub,
        email,
        vouched: user.email_verified,
        unverified_email: None,
        unlink_token: token.refresh_token,
    })
}

/// The claims of an ID token that came straight from the token endpoint over TLS: OpenID Connect Core 3.1.3.7 lets its
/// signature go unchecked, not its claims.
fn claims(exchange: &Exchange<'_>, id_token: &str) -> Result<Claims, ProviderError> {
    let payload = id_token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|_| exchange.unavailable("the ID token is none"))?;
    exchange.json("the ID token", &bytes)
}

fn check(exchange: &Exchange<'_>, claims: &Claims, now: DateTime<Utc>) -> Result<(), ProviderError> {
    const LEEWAY_SECONDS: i64 = 300;
    let reason = if !matches!(claims.iss.as_str(), "https://accounts.google.com" | "accounts.google.com") {
        "the ID token has another issuer"
    } else if claims.aud != exchange.settings.client_id {
        "the ID token is for another client"
    } else if claims.nonce.as_deref() != Some(exchange.login.nonce.as_str()) {
        "the ID token has another nonce"
    } else if claims.exp + LEEWAY_SECONDS < now.timestamp() {
        "the ID token has expired"
    } else {
        return Ok(());
    };
    Err(exchange.refused(reason))
}
