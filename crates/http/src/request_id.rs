//! The id of the request being served: in its answer, its log lines, its tasks, the audit log.

use actix_web::{dev::ServiceRequest, http::header};

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Carries the id, in and out.
pub(crate) const HEADER: header::HeaderName = header::HeaderName::from_static("x-request-id");

/// The id of the request being served; empty outside of one.
pub(crate) fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// What the caller calls the request. It never becomes ours: whoever chooses an id could choose another request's. `None` unless it is
/// of 1 to 128 letters, digits and `-_.:/+=@`: it goes into the log as it is.
pub(crate) fn of_caller(request: &ServiceRequest) -> Option<String> {
    let given = request.headers().get(&HEADER)?.to_str().ok()?;
    let plausible = (1..=128).contains(&given.len()) && given.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&b));
    plausible.then(|| given.to_owned())
}

/// Serves a request under its id.
pub(crate) async fn scope<F: Future>(id: String, serving: F) -> F::Output {
    REQUEST_ID.scope(id, serving).await
}
