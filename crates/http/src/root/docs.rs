//! `/docs/`: Swagger UI in a page of ours.

use actix_web::{HttpResponse, http::header, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Swagger UI has pictures in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page, the files that it loads, and the way to it without a slash.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    // The badge would be asked for elsewhere, with the address of our document.
    let settings = Config::from("/openapi.json").validator_url("none").use_base_layout();
    config
        .route("/docs/", web::get().to(page))
        .route("/docs/index.html", web::get().to(page))
        .route("/docs/page.css", web::get().to(style))
        .service(SwaggerUi::new("/docs/{_:.*}").config(settings))
        .service(web::redirect("/docs", "/docs/"));
}

async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(include_str!("docs.html"))
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/css; charset=utf-8")).body(include_str!("docs.css"))
}
