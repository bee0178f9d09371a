//! What customers say of what they picked up, and what stores reply.

mod change;
mod delete;
mod dto;
mod list;
mod reply;
mod report;
mod write;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(write::write)
        .service(change::change)
        .service(delete::delete)
        .service(list::of_store)
        .service(list::of_seller)
        .service(report::report)
        .service(reply::reply)
        .service(reply::remove);
}
