//! Around every request: its log line, its measure, its panics.

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{Method, StatusCode, header},
    middleware::Next,
    web::Data,
};
use cheapbob_domain::shared::ErrorKind;
use cheapbob_wiring::traces;
use futures::FutureExt;
use tracing::{Instrument, Span};

use crate::{
    error::ApiError,
    headers,
    request_id::{self, request_id},
    state::App,
};

/// The pattern of the request's route, "/orders/{id}", if it has one. To find it walks through all routes: done once, kept in the
/// request's extensions.
#[derive(Clone)]
pub(crate) struct Routed(pub(crate) Option<std::rc::Rc<str>>);

impl Routed {
    fn label(&self) -> &str {
        self.0.as_deref().unwrap_or(OTHER)
    }
}

/// In the extensions of a HEAD, which handlers see as GET: an answer that does not end is of no use to it.
pub(crate) struct IsHead;

/// The methods that something of ours answers: OPTIONS is CORS'.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What metrics and traces call all that is not ours: a name that a caller may choose would be a series for each that they think of.
const OTHER: &str = "other";

fn method_label(method: &Method) -> &'static str {
    METHODS.into_iter().find(|ours| *ours == method.as_str()).unwrap_or(OTHER)
}

/// The outermost middleware. (It must not keep a clone of the request: actix routes only a request that nobody else holds.)
pub(crate) async fn around(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(app) = request.app_data::<Data<App>>().cloned() else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let id = app.services.ids.ulid();
    let span = tracing::info_span!("request", request_id = id, caller_request_id = request_id::of_caller(&request));
    let routed = Routed(request.match_pattern().map(Into::into));
    request.extensions_mut().insert(routed.clone());
    let traced = traces::request(&id, method_label(request.method()), routed.label());
    request_id::scope(id, serve(request, next, &app, routed, traced.clone()).instrument(traced).instrument(span)).await
}

async fn serve(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    app: &App,
    routed: Routed,
    traced: Span,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begin = Instant::now();
    let measured = Measured { begin, method: method_label(request.method()), routed };
    // Without its query: codes and search texts are nobody's business. Nor is a text that is searched for, or
    // an e-mail, which stands in the path.
    let of_text = measured.routed.0.as_deref().filter(|pattern| ["{search_name", "{email"].iter().any(|name| pattern.contains(name)));
    let (method, path) = (request.method().clone(), of_text.unwrap_or(request.path()).to_owned());
    // HEAD is GET, whose answer the connection sends without its body.
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(IsHead);
    }
    let answered = AssertUnwindSafe(next.call(request)).catch_unwind().await.unwrap_or_else(|_| Err(ApiError::panicked().into()));
    match answered {
        Ok(response) => {
            let mut response = response.map_into_boxed_body();
            log(&method, &path, response.status(), response.response().error(), begin);
            measured.end(response.status());
            traces::answered(&traced, response.status().as_u16());
            tag(response.response_mut(), app);
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            log(&method, &path, response.status(), Some(&error), begin);
            measured.end(response.status());
            traces::answered(&traced, response.status().as_u16());
            tag(&mut response, app);
            // Rendered here, where the request's id is known.
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// A request for the metrics.
struct Measured {
    begin: Instant,
    method: &'static str,
    /// Not the path: one of its own for each order would be a series of its own.
    routed: Routed,
}

impl Measured {
    fn end(self, status: StatusCode) {
        let labels =
            [("method", self.method.to_owned()), ("route", self.routed.label().to_owned()), ("status", status.as_str().to_owned())];
        metrics::histogram!("cheapbob_http_request_duration_seconds", &labels).record(self.begin.elapsed());
    }
}

fn tag<B>(response: &mut HttpResponse<B>, app: &App) {
    headers::add(response, app);
    if let Ok(value) = header::HeaderValue::try_from(request_id()) {
        response.headers_mut().insert(request_id::HEADER, value);
    }
}

fn log(method: &Method, path: &str, status: StatusCode, error: Option<&Error>, begin: Instant) {
    let (status, ms) = (status.as_u16(), begin.elapsed().as_millis() as u64);
    match error.and_then(|e| e.as_error::<ApiError>()) {
        Some(ApiError::Domain(e)) if matches!(e.kind(), ErrorKind::Internal | ErrorKind::Unavailable) => {
            tracing::error!(%method, path, status, ms, error = %e, "request failed");
        }
        // Said elsewhere, once a second.
        Some(e) if e.is_sampled() => {}
        Some(e) => tracing::info!(%method, path, status, ms, code = %e, "request refused"),
        None if status >= 500 => tracing::error!(%method, path, status, ms, error = error.map(ToString::to_string), "request failed"),
        None if path.starts_with("/health") => tracing::trace!(%method, path, status, ms, "request"),
        None => tracing::debug!(%method, path, status, ms, "request"),
    }
}
