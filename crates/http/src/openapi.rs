//! The OpenAPI document, made from the handlers.

use actix_web::{HttpResponse, get, web::Data};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_actix_web::AppExt;

use crate::{auth::COOKIE, error::Problem, server};

#[derive(OpenApi)]
#[openapi(
    info(title = "CheapBob", description = "Food left near closing, at a discount. The wire contract of the customer app and the seller app."),
    components(schemas(Problem)),
    modifiers(&Security)
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE))));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// The document of every route.
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, document) = actix_web::App::new().into_utoipa_app().openapi(Document::openapi()).configure(server::routes).split_for_parts();
    document
}

/// This document.
#[get("/openapi.json")]
pub(crate) async fn json(document: Data<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.get_ref().clone())
}
