//! The operators' console at `/operator`: pages for people, no part of the apps' contract and so not in the OpenAPI document. No script.

mod act;
mod action;
mod code;
mod customer;
mod discrepancies;
mod find;
mod form;
mod frame;
mod index;
mod log;
mod login;
mod logout;
mod payment;
mod plot;
mod reviews;
mod settings;
mod store;
mod team;
mod undecided;
mod webhooks;
pub(crate) mod words;
mod work;

pub(crate) use login::{CALLBACK, callback};

use actix_web::web::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(index::index)
        .service(login::login)
        .service(login::start)
        .service(code::show)
        .service(code::confirm)
        .service(code::recover)
        .service(logout::logout)
        .service(find::find)
        .service(payment::payment)
        .service(act::ask)
        .service(act::act)
        .service(discrepancies::list)
        .service(work::work)
        .service(webhooks::list)
        .service(reviews::list)
        .service(undecided::list)
        .service(store::store)
        .service(customer::customer)
        .service(settings::settings)
        .service(team::list)
        .service(team::invite)
        .service(team::remove)
        .service(log::log);
}
