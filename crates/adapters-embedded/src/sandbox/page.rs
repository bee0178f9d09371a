//! Pages for people, from templates that stand beside the code and escape what they show.

use actix_web::{HttpResponse, http::header};
use askama::Template;
use cheapbob_domain::shared::Error;

use super::answers::broken;

/// The page as an answer.
pub(in crate::sandbox) fn page(template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8")).body(html),
        Err(error) => broken(&Error::internal(error)),
    }
}
