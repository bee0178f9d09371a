//! Tokens for whoever does not show the secret with each call.

use actix_web::{HttpResponse, http::StatusCode, web};
use cheapbob_domain::shared::Clock;
use serde::Deserialize;
use serde_json::json;

use super::{
    super::state::Sandbox,
    answers::{Kind, error, is_secret},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    api_secret: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refresh {
    refresh_token: String,
}

/// `POST /login/api-secret`.
pub(in crate::sandbox) async fn login(sandbox: web::Data<Sandbox>, bytes: web::Bytes) -> HttpResponse {
    match serde_json::from_slice::<Login>(&bytes) {
        Ok(login) if is_secret(&login.api_secret) => tokens(&sandbox),
        Ok(_) => error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
        Err(_) => error(StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
    }
}

/// `POST /token/refresh`.
pub(in crate::sandbox) async fn refresh(sandbox: web::Data<Sandbox>, bytes: web::Bytes) -> HttpResponse {
    match serde_json::from_slice::<Refresh>(&bytes) {
        Ok(refresh) if Kind::Refresh.is_good(&refresh.refresh_token, &sandbox) => tokens(&sandbox),
        Ok(_) => error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
        Err(_) => error(StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
    }
}

fn tokens(sandbox: &Sandbox) -> HttpResponse {
    let now = sandbox.clock.now().timestamp();
    HttpResponse::Ok()
        .json(json!({ "accessToken": Kind::Access.token(now + 30 * 60), "refreshToken": Kind::Refresh.token(now + 24 * 60 * 60) }))
}
