use cheapbob_domain::{
    shared::Email,
    users::{ProviderError, ProviderIdentity},
};
use secrecy::SecretString;
use serde::Deserialize;

use crate::exchange::Exchange;

/// Refusals come with HTTP 200 as well: what is there decides, not the status.
#[derive(Deserialize)]
struct Token {
    access_token: Option<String>,
    refresh_token: Option<SecretString>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Me {
    resultcode: Option<String>,
    response: Option<User>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    email: Option<String>,
}

pub(crate) async fn identity(exchange: &Exchange<'_>) -> Result<ProviderIdentity, ProviderError> {
    let mut form = exchange.token_form();
    form.push(("state", exchange.state));
    let (_, body) = exchange.token(&form).await?;
    let token: Token = exchange.json("the token", &body)?;
    let (access_token, unlink_token) = match token {
        Token { error: Some(error), .. } => return Err(exchange.refused(error)),
        Token { access_token: Some(token), refresh_token, .. } => (token, refresh_token),
        Token { .. } => return Err(exchange.unavailable("the token's answer has neither token nor error")),
    };
    let (_, body) = exchange.userinfo(&access_token).await?;
    let me: Me = exchange.json("nid/me", &body)?;
    match me {
        Me { resultcode: Some(code), response: Some(user) } if code == "00" => {
            // A contact address, perhaps typed by the user; nobody vouches for it.
            let email = user.email.and_then(|e| Email::parse(&e).ok());
            Ok(ProviderIdentity { user_id: user.id, email, vouched: false, unverified_email: None, unlink_token })
        }
        Me { resultcode, .. } => Err(exchange.unavailable(format!("nid/me: resultcode {}", resultcode.unwrap_or_default()))),
    }
}
