//! Notices of favourites: what somebody wants to hear, and where.

mod choices;
mod push_key;
mod subscriptions;
mod unsubscribe;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(choices::show)
        .service(choices::choose)
        .service(subscriptions::subscribe)
        .service(subscriptions::unsubscribe)
        .service(push_key::push_key)
        .service(unsubscribe::ask)
        .service(unsubscribe::end);
}
