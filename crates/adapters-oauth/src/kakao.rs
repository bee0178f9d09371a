use cheapbob_domain::{
    shared::Email,
    users::{ProviderError, ProviderIdentity},
};
use reqwest::StatusCode;
use serde::Deserialize;

use crate::exchange::Exchange;

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
    error_code: Option<String>,
}

#[derive(Deserialize)]
struct ApiFailure {
    code: i64,
}

#[derive(Deserialize)]
struct User {
    id: i64,
    kakao_account: Option<KakaoAccount>,
}

#[derive(Deserialize)]
struct KakaoAccount {
    email: Option<String>,
    #[serde(default)]
    is_email_valid: bool,
    #[serde(default)]
    is_email_verified: bool,
}

/// KOE003: a temporary fault of theirs; KOE237: too many requests.
const TEMPORARY: [&str; 2] = ["KOE003", "KOE237"];

pub(crate) async fn identity(exchange: &Exchange<'_>) -> Result<ProviderIdentity, ProviderError> {
    let mut form = exchange.token_form();
    form.push(("redirect_uri", &exchange.redirect_uri));
    form.push(("code_verifier", &exchange.login.verifier));
    let (status, body) = exchange.token(&form).await?;
    if status != StatusCode::OK {
        let failure: Failure = exchange.json("the token's refusal", &body)?;
        let code = failure.error_code.unwrap_or_default();
        let reason = format!("{} {code}", failure.error);
        return Err(if TEMPORARY.contains(&code.as_str()) { exchange.unavailable(reason) } else { exchange.refused(reason) });
    }
    let token: Token = exchange.json("the token", &body)?;
    let (status, body) = exchange.userinfo(&token.access_token).await?;
    if status != StatusCode::OK {
        let failure: ApiFailure = exchange.json("the refusal of user/me", &body)?;
        return Err(exchange.unavailable(format!("user/me: code {}", failure.code)));
    }
    let user: User = exchange.json("user/me", &body)?;
    let (is_vouched, shown) = user.kakao_account.map_or((false, None), |a| (a.is_email_valid && a.is_email_verified, a.email));
    let shown = shown.and_then(|e| Email::parse(&e).ok());
    let (email, unverified_email) = if is_vouched { (shown, None) } else { (None, shown) };
    Ok(ProviderIdentity { user_id: user.id.to_string(), vouched: email.is_some(), email, unverified_email, unlink_token: None })
}
