//! Payments, orders, pickup.

mod accept;
mod cancel;
mod checkout;
mod close_store;
mod complete;
mod confirm;
mod dto;
mod history;
mod list;
mod live;
mod qr;
mod qr_callback;
mod release;
mod settlement;
mod show;
mod stream;
mod today;
mod today_alarm;
mod webhook;

pub(crate) use live::Hub;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(checkout::checkout)
        .service(confirm::confirm)
        .service(release::release)
        .service(list::of_customer)
        .service(today::of_customer)
        .service(today_alarm::today_alarm)
        .service(stream::of_customer)
        .service(show::show)
        .service(complete::complete)
        .service(cancel::by_customer)
        .service(list::of_store)
        .service(today::of_store)
        .service(stream::of_store)
        .service(accept::accept)
        .service(history::history)
        .service(qr::qr)
        .service(qr_callback::wait)
        .service(cancel::by_store)
        .service(close_store::close)
        .service(settlement::days)
        .service(settlement::weekly_revenue)
        .service(webhook::receive);
}
