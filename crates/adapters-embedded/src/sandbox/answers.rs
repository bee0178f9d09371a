//! Requests and answers of every route of the sandbox: for people in HTML, for programs in JSON.

use actix_web::{HttpRequest, HttpResponse, http::header};

/// Whether a browser asks, and not a program.
pub(in crate::sandbox) fn wants_html(request: &HttpRequest) -> bool {
    request.headers().get(header::ACCEPT).and_then(|a| a.to_str().ok()).is_some_and(|a| a.contains("text/html"))
}

pub(in crate::sandbox) fn plain_error(status: u16, text: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::BAD_REQUEST);
    HttpResponse::build(status).json(serde_json::json!({ "error": text }))
}

/// A failure of the sandbox itself.
pub(in crate::sandbox) fn broken(error: &cheapbob_domain::shared::Error) -> HttpResponse {
    tracing::error!(%error, "the sandbox failed");
    plain_error(500, "the sandbox failed; see the log")
}

/// A body as JSON or as a form, by its content type.
pub(in crate::sandbox) fn body<T: serde::de::DeserializeOwned>(request: &HttpRequest, bytes: &[u8]) -> Result<T, String> {
    let json = request.headers().get(header::CONTENT_TYPE).and_then(|t| t.to_str().ok()).is_some_and(|t| t.contains("json"));
    if json {
        serde_json::from_slice(bytes).map_err(|e| e.to_string())
    } else {
        serde_html_form::from_bytes(bytes).map_err(|e| e.to_string())
    }
}
