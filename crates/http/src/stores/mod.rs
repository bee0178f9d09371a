//! A seller's store; how customers find stores.

mod favorites;
mod payment;
mod products;
mod register;
mod search;
mod shapes;
mod show;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(search::newest)
        .service(search::by_location)
        .service(search::by_name)
        .service(search::by_location_name)
        .service(favorites::list)
        .service(favorites::add)
        .service(favorites::remove)
        .service(products::products)
        .service(register::register)
        .service(payment::register)
        .service(payment::exists)
        .service(show::show);
}
