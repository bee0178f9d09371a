//! PortOne's V2 REST API as far as we and the users of its SDKs call it, its webhooks, its books. `.ci/run` checks its answers against
//! PortOne's OpenAPI file, `just clients` runs its SDKs.

mod answers;
mod books;
mod cancel;
mod checkout;
mod decide;
mod events;
mod faults;
mod holds;
mod list;
mod login;
mod payment;
mod pre_register;
mod transactions;
mod virtual_account;
mod webhooks;

use actix_web::{guard::GuardContext, http::header, web};

pub(super) use books::books;
pub(super) use checkout::{checkout, checkout_page};
pub(super) use decide::decide;
pub(super) use faults::{add_fault, faults, set_faults};
pub(super) use webhooks::set_webhooks;
pub use webhooks::sign;

/// PortOne's API.
pub(super) fn api(config: &mut web::ServiceConfig) {
    config
        .route("/login/api-secret", web::post().to(login::login))
        .route("/token/refresh", web::post().to(login::refresh))
        .route("/payments", web::get().to(list::payments))
        .route("/payment-events-by-cursor", web::get().to(events::events))
        .route("/payments-by-cursor", web::get().to(list::payments_by_cursor))
        .route("/payments/{payment_id}", web::get().to(payment::payment))
        .route("/payments/{payment_id}/transactions", web::get().to(transactions::transactions))
        .route("/payments/{payment_id}/pre-register", web::post().to(pre_register::pre_register))
        .route("/payments/{payment_id}/cancel", web::post().to(cancel::cancel))
        .route("/payments/{payment_id}/cancellations/{cancellation_id}/stop", web::post().to(cancel::stop))
        .route("/payments/{payment_id}/virtual-account/close", web::post().to(virtual_account::close))
        .route("/payments/{payment_id}/resend-webhook", web::post().to(webhooks::resend));
}

/// Who shows no secret is not PortOne's client, but somebody who looks into the books.
pub(super) fn is_nobody(context: &GuardContext<'_>) -> bool {
    !context.head().headers().contains_key(header::AUTHORIZATION)
}
