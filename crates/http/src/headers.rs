//! What every answer says to browsers, errors too (OWASP Secure Headers). What a handler has said itself stays.

use actix_web::{
    HttpResponse,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};

use crate::state::App;

/// An answer is data, not a page: nothing in it runs, loads or is framed, however a browser comes to show it.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");

/// A year, as browsers' lists of such hosts ask.
const ONLY_HTTPS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds them. Answers are kept by nobody unless their handler knows better: most are some person's.
pub(crate) fn add<B>(response: &mut HttpResponse<B>, app: &App) {
    let headers = response.headers_mut();
    let unless_said = |headers: &mut HeaderMap, name: HeaderName, value: HeaderValue| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    unless_said(headers, header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    unless_said(headers, header::CONTENT_SECURITY_POLICY, NO_PAGE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: with it browsers name no origin even to ourselves, and a form of our own pages would be a stranger's.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if app.switches.public_base.starts_with("https://") {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_HTTPS);
    }
}
