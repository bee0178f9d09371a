//! Around every request: its id, its log line, its panics.

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web::Data,
};
use cheapbob_domain::shared::ErrorKind;
use futures::FutureExt;
use tracing::Instrument;

use crate::{
    error::ApiError,
    server::App,
};

tokio::task_local! {
    static REQUEST_ID: String;
}

const HEADER: header::HeaderName = header::HeaderName::from_static("x-request-id");

/// The id of the request being served.
pub(crate) fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// The proxy's id where it sent a plausible one, else ours.
fn choose_id(request: &ServiceRequest, app: &App) -> String {
    let given = request.headers().get(&HEADER).and_then(|v| v.to_str().ok());
    let plausible = |id: &&str| (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    given.filter(plausible).map_or_else(|| app.services.ids.ulid(), str::to_owned)
}

/// The outermost middleware.
pub(crate) async fn around(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(app) = request.app_data::<Data<App>>().cloned() else { return next.call(request).await.map(ServiceResponse::map_into_boxed_body) };
    let id = choose_id(&request, &app);
    let span = tracing::info_span!("request", request_id = id);
    let scoped = REQUEST_ID.scope(id.clone(), serve(request, next).instrument(span));
    let mut response = scoped.await?;
    if let Ok(value) = header::HeaderValue::try_from(id) {
        response.headers_mut().insert(HEADER, value);
    }
    Ok(response)
}

async fn serve(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let begin = Instant::now();
    let (method, http_request) = (request.method().clone(), request.request().clone());
    // Without its query: codes and search texts are nobody's business.
    let path = request.path().to_owned();
    let answered = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let response = match answered {
        Ok(Ok(response)) => response.map_into_boxed_body(),
        Ok(Err(error)) => {
            let response = error.error_response();
            ServiceResponse::new(http_request, with_error(response, error))
        }
        Err(_) => {
            let error = ApiError::panicked();
            ServiceResponse::new(http_request, with_error(error.error_response(), error.into()))
        }
    };
    log(&method, &path, &response, begin);
    Ok(response)
}

/// Keeps the error beside its answer, for the log.
fn with_error(response: HttpResponse, error: Error) -> HttpResponse {
    let (head, body) = response.into_parts();
    let mut response = HttpResponse::from_error(error).set_body(body);
    *response.headers_mut() = head.headers().clone();
    response
}

fn log(method: &actix_web::http::Method, path: &str, response: &ServiceResponse<BoxBody>, begin: Instant) {
    let (status, ms) = (response.status().as_u16(), begin.elapsed().as_millis() as u64);
    let error = response.response().error();
    let domain = error.and_then(|e| e.as_error::<ApiError>());
    match domain {
        Some(ApiError::Domain(e)) if matches!(e.kind(), ErrorKind::Internal | ErrorKind::Unavailable) => {
            tracing::error!(%method, path, status, ms, error = %e, "request failed");
        }
        Some(e) => tracing::info!(%method, path, status, ms, code = %e, "request refused"),
        None if response.status() >= StatusCode::INTERNAL_SERVER_ERROR => {
            tracing::error!(%method, path, status, ms, error = error.map(ToString::to_string), "request failed");
        }
        None if path.starts_with("/health") => tracing::trace!(%method, path, status, ms, "request"),
        None => tracing::debug!(%method, path, status, ms, "request"),
    }
}
