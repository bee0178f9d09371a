//! What a person's browser sees of a refusal outside of the API: a page with the sentence that a program gets as JSON.

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
};
use askama::Template;
use cheapbob_pages::{page, wants_html};
use serde::Deserialize;

use crate::refusals::NOT_FOUND;

#[derive(Template)]
#[template(path = "error_page.html")]
struct ErrorPage {
    lang: &'static str,
    /// Number and words.
    status: String,
    text: String,
    code: String,
    request_id: String,
}

/// As much as a page shows of our problems, and of the sandbox's errors.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    detail: Option<String>,
    /// The sandbox's, in English.
    error: Option<String>,
    /// Where there is no sentence at all: the word of the sandbox's PortOne.
    #[serde(rename = "type")]
    kind: String,
    code: String,
    request_id: String,
}

/// Turns what is no page into one, where a browser asks for one. The API under `/api` answers everybody in JSON.
pub(crate) async fn show(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let asks = !request.path().starts_with("/api/") && wants_html(request.request());
    let answer = next.call(request).await?.map_into_boxed_body();
    let status = answer.status();
    let html = |value: &header::HeaderValue| value.as_bytes().starts_with(b"text/html");
    if !asks || status.as_u16() < 400 || answer.headers().get(header::CONTENT_TYPE).is_some_and(html) {
        return Ok(answer);
    }
    let (request, refusal) = answer.into_parts();
    let (mut refusal, body) = refusal.into_parts();
    let said: Said = body.try_into_bytes().ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let (lang, text) = match (said.detail, said.error) {
        (Some(detail), _) => ("ko", detail),
        (None, Some(error)) => ("en", error),
        (None, None) if said.kind.is_empty() && status == StatusCode::NOT_FOUND => ("ko", NOT_FOUND.detail.to_owned()),
        (None, None) => ("en", said.kind),
    };
    let page = page(&ErrorPage { lang, status: status.to_string(), text, code: said.code, request_id: said.request_id });
    // The refusal's own headers stay, as 405's `Allow`, and so does its error, for the log.
    let (page, html) = page.into_parts();
    for (name, value) in page.headers() {
        refusal.headers_mut().insert(name.clone(), value.clone());
    }
    Ok(ServiceResponse::new(request, refusal.set_body(html)))
}
