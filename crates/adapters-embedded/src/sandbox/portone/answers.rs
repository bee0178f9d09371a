//! What every call of PortOne's API begins and ends with.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use serde_json::json;

pub(super) fn error(status: StatusCode, kind: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "type": kind, "message": "sandbox" }))
}

/// The secrets are the sellers' affair: any is right but one that begins with `invalid`.
pub(super) fn unauthorized(request: &HttpRequest) -> bool {
    let secret = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("PortOne "));
    secret.is_none_or(|s| s.is_empty() || s.starts_with("invalid"))
}
