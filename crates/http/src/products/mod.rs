//! A seller's products.

mod change;
mod dashboard;
mod dto;
mod nutrition;
mod price_steps;
mod register;
mod show;
mod stock;
mod stock_reservation;

pub(crate) use dto::ProductBody;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(register::register)
        .service(show::show)
        .service(change::change)
        .service(price_steps::show)
        .service(price_steps::set)
        .service(stock::up)
        .service(stock::down)
        .service(stock_reservation::show)
        .service(stock_reservation::reserve)
        .service(stock_reservation::cancel)
        .service(nutrition::add)
        .service(nutrition::remove)
        .service(dashboard::dashboard);
}
