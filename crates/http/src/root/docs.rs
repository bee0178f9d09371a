//! `/docs/`: Swagger UI in a page of ours.

use std::{borrow::Cow, convert::Infallible, sync::Arc};

use actix_web::{
    HttpResponse,
    body::SizedStream,
    http::header,
    web::{self, Bytes},
};
use cheapbob_domain::shared::Error;
use futures::stream;
use utoipa_swagger_ui::{Config, serve};

use crate::{error::ApiError, refusals::NOT_FOUND};

/// Swagger UI has pictures in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page, the files that it loads, and the way to it without a slash.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    // The badge would be asked for elsewhere, with the address of our document.
    let settings: Arc<Config<'static>> = Arc::new(Config::from("/openapi.json").validator_url("none").use_base_layout());
    config
        .route("/docs/", web::get().to(page))
        .route("/docs/index.html", web::get().to(page))
        .route("/docs/page.css", web::get().to(style))
        .route("/docs/{file}", web::get().to(move |path| file(path, Arc::clone(&settings))))
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

/// One of Swagger UI's own files, in pieces of what lies in this program: the largest has 1.4 MB, of which Swagger UI's own handler makes
/// a copy for each caller, also for those who do not read.
async fn file(path: web::Path<String>, settings: Arc<Config<'static>>) -> Result<HttpResponse, ApiError> {
    const PIECE: usize = 4 << 10;
    let file = serve(&path, settings).map_err(|error| Error::internal(error.to_string()))?.ok_or(NOT_FOUND)?;
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let mut response = HttpResponse::Ok();
    if file.gzpipped {
        response.insert_header(header::ContentEncoding::Gzip);
    }
    let length = bytes.len();
    let pieces = (0..length).step_by(PIECE).map(move |from| Ok::<_, Infallible>(bytes.slice(from..length.min(from + PIECE))));
    Ok(response.content_type(file.content_type).body(SizedStream::new(length as u64, stream::iter(pieces))))
}
