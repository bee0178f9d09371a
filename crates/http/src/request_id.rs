//! The id of the request being served: in its answer, its log lines, its tasks.

use actix_web::{dev::ServiceRequest, http::header};
use cheapbob_domain::shared::Ids;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Carries the id, in and out.
pub(crate) const HEADER: header::HeaderName = header::HeaderName::from_static("x-request-id");

/// The id of the request being served; empty outside of one.
pub(crate) fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// The proxy's id where it sent a plausible one, else ours.
pub(crate) fn choose(request: &ServiceRequest, ids: &dyn Ids) -> String {
    let given = request.headers().get(&HEADER).and_then(|v| v.to_str().ok());
    let plausible = |id: &&str| (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    given.filter(plausible).map_or_else(|| ids.ulid(), str::to_owned)
}

/// Serves a request under its id.
pub(crate) async fn scope<F: Future>(id: String, serving: F) -> F::Output {
    REQUEST_ID.scope(id, serving).await
}
