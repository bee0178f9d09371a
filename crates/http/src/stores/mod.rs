//! A seller's store; how customers find stores.

mod address;
mod approval;
mod dto;
mod favorites;
mod history;
mod hours;
mod images;
mod map;
mod nearby;
mod nearby_page;
mod page;
mod payment;
mod picture;
pub(crate) mod picture_process;
mod products;
mod profile;
mod register;
mod search;
mod show;
mod sns;
mod texts;
mod uploads;

pub(crate) use images::{ImageFiles, receive};
pub(crate) use texts::StoreTexts;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(search::newest)
        .service(search::by_location)
        .service(search::by_name)
        .service(search::by_location_name)
        .service(nearby::nearby)
        .service(map::on_map)
        .service(favorites::list)
        .service(favorites::add)
        .service(favorites::remove)
        .service(products::products)
        .service(register::register)
        .service(payment::register)
        .service(payment::exists)
        .service(show::show)
        .service(history::list)
        .service(history::clear)
        .service(history::forget)
        .service(images::register)
        .service(profile::name)
        .service(profile::introduction)
        .service(profile::phone)
        .service(address::change)
        .service(payment::show)
        .service(payment::change)
        .service(hours::current)
        .service(hours::reserved)
        .service(hours::reserve)
        .service(hours::cancel)
        .service(sns::show)
        .service(sns::change)
        .service(sns::remove)
        .service(approval::show)
        .service(approval::give_number)
        .service(approval::give_licence)
        .service(images::list)
        .service(images::add)
        // Before the pattern that takes any image id.
        .service(images::set_main)
        .service(images::remove);
}
