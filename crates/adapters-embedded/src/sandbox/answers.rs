//! Requests and answers of every route of the sandbox: for people in HTML, for programs in JSON.

use actix_web::{HttpRequest, HttpResponse, http::header};
use cheapbob_domain::shared::kst;
use chrono::{DateTime, Utc};

/// The answer to a form: the browser goes on to this page.
pub(in crate::sandbox) fn see(page: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, page)).finish()
}

/// An instant as the pages show it: `2026-11-27 21:03:11 KST`.
pub(in crate::sandbox) fn kst_time(instant: DateTime<Utc>) -> String {
    kst::local(instant).format("%Y-%m-%d %H:%M:%S KST").to_string()
}

/// A refusal, which a browser sees as a page.
pub(in crate::sandbox) fn plain_error(status: u16, text: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::BAD_REQUEST);
    HttpResponse::build(status).json(serde_json::json!({ "error": text }))
}

/// A failure of the sandbox itself.
pub(in crate::sandbox) fn broken(error: &cheapbob_domain::shared::Error) -> HttpResponse {
    tracing::error!(%error, "the sandbox failed");
    plain_error(500, "the sandbox failed; see the log")
}

/// How a form or a query says NUL, which PostgreSQL cannot store.
const NUL_IN_FORM: &[u8] = b"%00";

/// How JSON says it.
pub(in crate::sandbox) const NUL_IN_JSON: &[u8] = b"\\u0000";

/// Whether there is a NUL in `sent`, as it is or said so.
pub(in crate::sandbox) fn has_nul(sent: &[u8], said: &[u8]) -> bool {
    sent.contains(&0) || sent.windows(said.len()).any(|part| part == said)
}

/// A body as JSON or as a form, by its content type.
///
/// # Errors
/// It does not parse; a NUL in it or in the query.
pub(in crate::sandbox) fn body<T: serde::de::DeserializeOwned>(request: &HttpRequest, bytes: &[u8]) -> Result<T, String> {
    let json = request.headers().get(header::CONTENT_TYPE).and_then(|t| t.to_str().ok()).is_some_and(|t| t.contains("json"));
    if has_nul(request.query_string().as_bytes(), NUL_IN_FORM) || has_nul(bytes, if json { NUL_IN_JSON } else { NUL_IN_FORM }) {
        return Err("a NUL is no text".to_owned());
    }
    if json {
        serde_json::from_slice(bytes).map_err(|e| e.to_string())
    } else {
        serde_html_form::from_bytes(bytes).map_err(|e| e.to_string())
    }
}
