#![doc = include_str!("../README.md")]

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, Header, Quality},
};
use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// The style of every page, which the frame holds.
pub const STYLE: &str = include_str!("style.css");

/// Nothing from elsewhere, no script but our own files, no style but the frame's.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
         frame-src 'self'; base-uri 'none'"
    )
});

/// Whether a browser asks for a page, and not a program for JSON: by `Accept`, which must name `text/html` and not prefer JSON.
pub fn wants_html(request: &HttpRequest) -> bool {
    let Ok(accept) = header::Accept::parse(request) else { return false };
    let quality = |kind: &str| accept.iter().filter(|range| range.item.essence_str() == kind).map(|range| range.quality).max();
    quality("text/html").is_some_and(|html| html > Quality::ZERO && Some(html) >= quality("application/json"))
}

/// The template as a page whose forms lead to this server only, and that no other page shows in a frame.
pub fn page(template: &impl Template) -> HttpResponse {
    answer(template, &format!("{}; form-action 'self'; frame-ancestors 'none'", *POLICY))
}

/// The template as a page that pages of this server may show in a frame.
pub fn page_for_a_frame(template: &impl Template) -> HttpResponse {
    answer(template, &format!("{}; form-action 'self'; frame-ancestors 'self'", *POLICY))
}

/// The template as a page whose form may lead elsewhere: browsers hold a policy on forms against every redirect that follows.
pub fn page_that_leads_out(template: &impl Template) -> HttpResponse {
    answer(template, &format!("{}; frame-ancestors 'none'", *POLICY))
}

fn answer(template: &impl Template, policy: &str) -> HttpResponse {
    match template.render() {
        Ok(html) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CONTENT_SECURITY_POLICY, policy))
            .insert_header((header::VARY, "accept"))
            .body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn html_is_for_whoever_prefers_it() {
        for (accept, html) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true),
            ("text/html", true),
            ("TEXT/HTML;charset=utf-8", true),
            ("application/json;q=0.9, text/html", true),
            ("text/html, application/json", true),
            ("application/json, text/html;q=0.9", false),
            ("text/html;q=0", false),
            ("application/json", false),
            ("text/htmlx", false),
            ("image/avif,image/webp,*/*;q=0.8", false),
            ("*/*", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request();
            assert_eq!(wants_html(&request), html, "{accept}");
        }
        assert!(!wants_html(&TestRequest::default().to_http_request()));
    }
}
