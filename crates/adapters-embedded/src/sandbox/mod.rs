//! The other side, played in development: login providers, PortOne, the mail box, the clock, and the demo stores.

mod answers;
mod clock;
pub mod demo;
mod index;
mod jobs;
mod login;
mod mail;
mod oauth;
mod oauth_grants;
mod oauth_tokens;
mod oauth_users;
mod portone;
mod push;
mod qr;
mod state;
mod tour;

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::{StatusCode, header},
    middleware::{Next, NormalizePath, from_fn},
    web,
};

pub use oauth_grants::user_id;
pub use portone::sign;
pub use state::{Names, Played, Sandbox};

/// Mounts everything below `/sandbox`, the tour's two pages, and PortOne's API at the root as well: PortOne's SDK for JavaScript drops the path of its
/// base URL.
pub fn configure(config: &mut web::ServiceConfig, sandbox: web::Data<Sandbox>) {
    config
        .app_data(sandbox)
        .configure(portone::api)
        .route("/shop", web::get().to(tour::shop))
        .route("/store", web::get().to(tour::store))
        .service(
            web::scope("/sandbox")
                .wrap(NormalizePath::trim())
                .wrap(from_fn(under_our_name))
                .route("", web::get().to(index::index))
                .route("/tour/{script}", web::get().to(tour::script))
                .route("/login", web::post().to(login::log_in))
                .route("/qr.svg", web::get().to(qr::picture))
                .route("/oauth/{provider}/authorize", web::get().to(oauth::ask))
                .route("/oauth/{provider}/authorize", web::post().to(oauth::grant))
                .route("/oauth/{provider}/token", web::get().to(oauth_tokens::token))
                .route("/oauth/{provider}/token", web::post().to(oauth_tokens::token))
                .route("/oauth/{provider}/unlink", web::post().to(oauth_tokens::unlink))
                .route("/oauth/{provider}/userinfo", web::get().to(oauth_tokens::userinfo))
                .route("/oauth/{provider}/userinfo", web::post().to(oauth_tokens::userinfo))
                .route("/oauth/{provider}/{version}/userinfo", web::get().to(oauth_tokens::userinfo))
                .route("/faults", web::get().to(portone::faults))
                .route("/faults", web::put().to(portone::set_faults))
                .route("/faults", web::post().to(portone::add_fault))
                .service(
                    web::scope("/portone")
                        .route("/checkout", web::get().to(portone::checkout_page))
                        .route("/checkout", web::post().to(portone::checkout))
                        .route("/faults", web::get().to(portone::faults))
                        .route("/faults", web::put().to(portone::set_faults))
                        .route("/faults", web::post().to(portone::add_fault))
                        .route("/webhooks", web::put().to(portone::set_webhooks))
                        .route("/payments/{payment_id}/decide", web::post().to(portone::decide))
                        .route("/payments", web::get().guard(guard::fn_guard(portone::is_nobody)).to(portone::books))
                        .configure(portone::api),
                )
                .route("/mail", web::get().to(mail::list))
                .route("/mail/html", web::get().to(mail::html))
                .route("/push", web::get().to(push::list))
                .route("/clock", web::get().to(clock::read))
                .route("/clock", web::put().to(clock::set))
                .route("/clock", web::post().to(clock::push))
                .route("/clock", web::delete().to(clock::reset))
                .route("/jobs", web::get().to(jobs::list))
                .route("/jobs/{name}", web::post().to(jobs::run)),
        );
}

/// Serves nobody who calls it by a name that is not its own ([`Names::has_host`]).
async fn under_our_name(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_ours = request.app_data::<web::Data<Sandbox>>().is_some_and(|sandbox| sandbox.names.has_host(host));
    if is_ours {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let refused = HttpResponse::build(StatusCode::MISDIRECTED_REQUEST).json(serde_json::json!({
        "error": "the sandbox is not called so: use localhost, an address, or the host of OAUTH_REDIRECT_BASE_URL"
    }));
    Ok(request.into_response(refused))
}
