//! What a customer says was wrong with an order, and what the store answers.

mod answer;
mod dto;
mod list;
mod open;
mod pictures;
mod show;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(open::open).service(show::show).service(pictures::upload).service(list::list).service(answer::answer);
}
