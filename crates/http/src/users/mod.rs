//! Logging in and out, who am I, customers' profiles.

mod callback;
mod change_detail;
mod detail;
mod dto;
mod export;
mod flow;
mod login;
mod logout;
mod me;
mod preferences;
mod profile;
mod register;
mod role;
mod takeover;
mod unlink;
mod withdraw;

pub(crate) use dto::NutritionWord;
pub(crate) use flow::Flow;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(login::login)
        .service(callback::callback)
        .service(takeover::takeover)
        .service(export::customer)
        .service(export::seller)
        .service(export::download)
        .service(logout::logout)
        .service(unlink::kakao)
        .service(unlink::kakao_form)
        .service(unlink::naver)
        .service(role::role)
        .service(register::register)
        .service(profile::profile)
        .service(me::customer)
        .service(me::seller)
        .service(detail::detail)
        .service(change_detail::change_detail)
        .configure(preferences::configure)
        .service(withdraw::customer)
        .service(withdraw::cancel_customer)
        .service(withdraw::seller)
        .service(withdraw::cancel_seller);
}
