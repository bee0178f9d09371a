//! Pages from their templates, which stand beside this file and escape what they show.

use actix_web::HttpResponse;
use askama::Template;
use cheapbob_domain::shared::Error;

use crate::error::Result;

/// The page as an answer.
pub(crate) fn page(template: &impl Template) -> Result<HttpResponse> {
    let html = template.render().map_err(Error::internal)?;
    Ok(HttpResponse::Ok().insert_header(("content-type", "text/html; charset=utf-8")).body(html))
}
