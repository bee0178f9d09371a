//! The other side, played in development: login providers, PortOne, the mail box, the clock, and the demo stores.

mod answers;
mod clock;
pub mod demo;
mod index;
mod jobs;
mod login;
mod mail;
mod oauth;
mod portone;
mod qr;
mod state;

use actix_web::{guard, http::header, middleware::NormalizePath, web};

pub use oauth::user_id;
pub use portone::sign;
pub use state::{Played, Sandbox};

/// Mounts everything below `/sandbox`.
pub fn configure(config: &mut web::ServiceConfig, sandbox: web::Data<Sandbox>) {
    config.app_data(sandbox).service(
        web::scope("/sandbox")
            .wrap(NormalizePath::trim())
            .route("", web::get().to(index::index))
            .route("/purchase.js", web::get().to(index::purchase))
            .route("/login", web::post().to(login::log_in))
            .route("/qr.svg", web::get().to(qr::picture))
            .route("/oauth/{provider}/authorize", web::get().to(oauth::ask))
            .route("/oauth/{provider}/authorize", web::post().to(oauth::grant))
            .route("/oauth/{provider}/token", web::post().to(oauth::token))
            .route("/oauth/{provider}/unlink", web::post().to(oauth::unlink))
            .route("/oauth/{provider}/userinfo", web::get().to(oauth::userinfo))
            .route("/portone/checkout", web::get().to(portone::checkout_page))
            .route("/portone/checkout", web::post().to(portone::checkout))
            .route("/portone/faults", web::get().to(portone::faults))
            .route("/portone/faults", web::put().to(portone::set_faults))
            .route("/portone/faults", web::post().to(portone::add_fault))
            .route("/faults", web::get().to(portone::faults))
            .route("/faults", web::put().to(portone::set_faults))
            .route("/faults", web::post().to(portone::add_fault))
            .route("/portone/webhooks", web::put().to(portone::set_webhooks))
            .route("/portone/payments-by-cursor", web::get().to(portone::payments_by_cursor))
            .route("/portone/payments/{payment_id}/decide", web::post().to(portone::decide))
            // PortOne's list for whom it knows, else its books.
            .route(
                "/portone/payments",
                web::get().guard(guard::fn_guard(|c| c.head().headers().contains_key(header::AUTHORIZATION))).to(portone::payments),
            )
            .route("/portone/payments", web::get().to(portone::books))
            .route("/portone/payments/{payment_id}", web::get().to(portone::payment))
            .route("/portone/payments/{payment_id}/cancel", web::post().to(portone::cancel))
            .route("/mail", web::get().to(mail::list))
            .route("/mail/html", web::get().to(mail::html))
            .route("/clock", web::get().to(clock::read))
            .route("/clock", web::put().to(clock::set))
            .route("/clock", web::post().to(clock::push))
            .route("/clock", web::delete().to(clock::reset))
            .route("/jobs", web::get().to(jobs::list))
            .route("/jobs/{name}", web::post().to(jobs::run)),
    );
}
