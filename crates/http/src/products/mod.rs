//! A seller's products.

mod change;
mod dashboard;
mod register;
mod shapes;
mod show;
mod stock;

pub(crate) use shapes::ProductBody;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(register::register)
        .service(show::show)
        .service(change::change)
        .service(stock::up)
        .service(stock::down)
        .service(dashboard::dashboard);
}
