//! The other side, in development: see design.md, "Sandbox".

mod clock;
mod console;
mod jobs;
mod mail;
mod oauth;
mod page;
mod portone;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use cheapbob_domain::tasks::ports::JobRunner;

pub use console::sign;
pub use oauth::user_id;

use crate::{Embedded, clock::SandboxClock};

/// What the sandbox plays with.
#[derive(Clone)]
pub struct Sandbox {
    /// This server, as its own processes reach it.
    pub base: String,
    /// Its books.
    pub embedded: Embedded,
    /// The clock it moves.
    pub clock: Arc<SandboxClock>,
    /// The jobs it runs.
    pub jobs: Arc<dyn JobRunner>,
}

/// Mounts everything below `/sandbox`.
pub fn configure(config: &mut web::ServiceConfig, sandbox: web::Data<Sandbox>) {
    config.app_data(sandbox).service(
        web::scope("/sandbox")
            .route("", web::get().to(page::index))
            .route("/oauth/{provider}/authorize", web::get().to(oauth::ask))
            .route("/oauth/{provider}/authorize", web::post().to(oauth::grant))
            .route("/oauth/{provider}/token", web::post().to(oauth::token))
            .route("/oauth/{provider}/unlink", web::post().to(oauth::unlink))
            .route("/oauth/{provider}/userinfo", web::get().to(oauth::userinfo))
            .route("/portone/checkout", web::get().to(portone::checkout_page))
            .route("/portone/checkout", web::post().to(portone::checkout))
            .route("/portone/faults", web::get().to(portone::faults))
            .route("/portone/faults", web::put().to(portone::set_faults))
            .route("/portone/webhooks", web::put().to(console::set_webhooks))
            .route("/portone/payments-by-cursor", web::get().to(console::payments_by_cursor))
            .route("/portone/payments/{payment_id}/decide", web::post().to(console::decide))
            .route("/portone/payments", web::get().to(portone::books))
            .route("/portone/payments/{payment_id}", web::get().to(portone::payment))
            .route("/portone/payments/{payment_id}/cancel", web::post().to(portone::cancel))
            .route("/mail", web::get().to(mail::list))
            .route("/clock", web::get().to(clock::read))
            .route("/clock", web::put().to(clock::set))
            .route("/clock", web::delete().to(clock::reset))
            .route("/jobs", web::get().to(jobs::list))
            .route("/jobs/{name}", web::post().to(jobs::run)),
    );
}

/// Whether a browser asks, and not a program.
fn wants_html(request: &HttpRequest) -> bool {
    request.headers().get(header::ACCEPT).and_then(|a| a.to_str().ok()).is_some_and(|a| a.contains("text/html"))
}

fn plain_error(status: u16, text: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::BAD_REQUEST);
    HttpResponse::build(status).json(serde_json::json!({ "error": text }))
}

/// A failure of the sandbox itself.
fn broken(error: &cheapbob_domain::shared::Error) -> HttpResponse {
    tracing::error!(%error, "the sandbox failed");
    plain_error(500, "the sandbox failed; see the log")
}

/// A body as JSON or as a form, by its content type.
fn body<T: serde::de::DeserializeOwned>(request: &HttpRequest, bytes: &[u8]) -> Result<T, String> {
    let json = request.headers().get(header::CONTENT_TYPE).and_then(|t| t.to_str().ok()).is_some_and(|t| t.contains("json"));
    if json {
        serde_json::from_slice(bytes).map_err(|e| e.to_string())
    } else {
        serde_html_form::from_bytes(bytes).map_err(|e| e.to_string())
    }
}
