//! Payments, orders, handing out.

mod accept;
mod complete;
mod payment_confirm;
mod payment_give_up;
mod payment_init;
mod qr;
mod qr_callback;
mod shapes;
mod show;
mod today;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(payment_init::init)
        .service(payment_confirm::confirm)
        .service(payment_give_up::give_up)
        .service(today::of_customer)
        .service(show::show)
        .service(complete::complete)
        .service(today::of_store)
        .service(accept::accept)
        .service(qr::qr)
        .service(qr_callback::wait);
}
