//! Every route, feature by feature.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{common, disputes, notices, operators, orders, products, reviews, root, stores, users};

/// Every route, as `utoipa` collects it.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    // actix tries one after the other: what the rush calls comes first.
    config
        .service(
            utoipa_actix_web::scope("/api/v1")
                .configure(orders::configure)
                .configure(stores::configure)
                .configure(products::configure)
                .configure(reviews::configure)
                .configure(disputes::configure)
                .configure(notices::configure)
                .route(operators::CALLBACK, operators::callback())
                .configure(users::configure)
                .configure(common::configure),
        )
        .service(root::index::index)
        .service(root::license::license)
        .service(root::health::health)
        .service(root::health::live)
        .service(root::health::ready)
        .service(root::media::media)
        .service(root::auth_pages::success)
        .service(root::auth_pages::fail);
}
