//! Payments, orders, handing out.

mod accept;
mod cancel;
mod close_store;
mod complete;
mod history;
mod list;
mod payment_confirm;
mod payment_give_up;
mod payment_init;
mod qr;
mod qr_callback;
mod settlement;
mod shapes;
mod show;
mod today;
mod today_alarm;
mod webhook;

pub(crate) use qr_callback::NO_WEBSOCKET;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(payment_init::init)
        .service(payment_confirm::confirm)
        .service(payment_give_up::give_up)
        .service(list::of_customer)
        .service(today::of_customer)
        .service(today_alarm::today_alarm)
        .service(show::show)
        .service(complete::complete)
        .service(cancel::by_customer)
        .service(list::of_store)
        .service(today::of_store)
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
