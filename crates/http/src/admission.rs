//! Who is let in when more comes than can be done, and how long a request may take.
//!
//! A worker thread has so much under way at most. What comes beyond it is refused at once: a queue would only make everybody late, and
//! whoever waits too long comes again. What moves money that is promised already, or food that is waited for, has room of its own.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use cheapbob_domain::shared::Error as DomainError;
use tokio::time::timeout;

use crate::{context::Routed, error::ApiError};

/// Requests under way in a worker thread beyond which searches, lists and checkouts are refused. At a thousand answers a second and
/// thread, the last of them has waited an eighth of a second.
const ROOM: usize = 128;

/// So many more, for what [`Class::Promised`] is.
const ROOM_FOR_PROMISES: usize = 128;

/// How long a request may take. What it has begun by then is whole or not there: each step is one statement, and the jobs go on with
/// what is between two of them, as after a process' death.
const LIMIT: Duration = Duration::from_secs(10);

/// The same for pictures, which come over a phone's network.
const UPLOAD_LIMIT: Duration = Duration::from_secs(120);

/// How often a worker thread says that it refuses.
const SAID_EVERY: Duration = Duration::from_secs(1);

/// What a request is, when not everybody can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Never refused, and in no hurry: whether this process lives, its documentation, the sandbox.
    Always,
    /// Refused last: somebody has paid, cooks, stands at the counter, or wants their money.
    Promised,
    /// Refused first.
    Ordinary,
}

/// The routes of [`Class::Promised`].
const PROMISED: [(&str, &str); 9] = [
    ("POST", "/api/v1/customer/payment/confirm"),
    ("DELETE", "/api/v1/customer/payment/init/{payment_id}"),
    ("PATCH", "/api/v1/customer/orders/{payment_id}/complete"),
    ("DELETE", "/api/v1/customer/orders/{payment_id}/cancel"),
    ("PATCH", "/api/v1/seller/store/orders/{payment_id}/accept"),
    ("DELETE", "/api/v1/seller/store/orders/{payment_id}/cancel"),
    ("GET", "/api/v1/seller/store/orders/{payment_id}/qr"),
    ("GET", "/api/v1/seller/store/orders/{payment_id}/qr/callback"),
    ("POST", "/api/v1/webhooks/portone/{store_id}"),
];

impl Class {
    fn of(method: &Method, pattern: Option<&str>) -> Self {
        match pattern {
            Some(pattern) if PROMISED.contains(&(method.as_str(), pattern)) => Self::Promised,
            Some(pattern) if !pattern.starts_with("/api/v1/") => Self::Always,
            _ => Self::Ordinary,
        }
    }

    /// Whether one more is let in where `under_way` are.
    fn fits(self, under_way: usize) -> bool {
        match self {
            Self::Always => true,
            Self::Promised => under_way < ROOM + ROOM_FOR_PROMISES,
            Self::Ordinary => under_way < ROOM,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Promised => "promised",
            Self::Ordinary => "ordinary",
        }
    }
}

thread_local! {
    static UNDER_WAY: Cell<usize> = const { Cell::new(0) };
    /// Since when requests were refused without a line, and how many.
    static REFUSED: Cell<(Option<Instant>, u64)> = const { Cell::new((None, 0)) };
}

/// One of those under way.
struct Admitted;

impl Admitted {
    fn new() -> Self {
        UNDER_WAY.set(UNDER_WAY.get() + 1);
        Self
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        UNDER_WAY.set(UNDER_WAY.get() - 1);
    }
}

fn refuse(class: Class) -> Error {
    metrics::counter!("cheapbob_http_refused_total", "class" => class.as_str()).increment(1);
    let (said, number) = REFUSED.get();
    if said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
        tracing::warn!(refused = number + 1, "more requests come than this process can serve; refused until there is room");
        REFUSED.set((Some(Instant::now()), 0));
    } else {
        REFUSED.set((said, number + 1));
    }
    ApiError::overload().into()
}

/// Lets a request in, for as long as it may take.
pub(crate) async fn admit(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let class = Class::of(request.method(), request.extensions().get::<Routed>().and_then(|routed| routed.0.as_deref()));
    if !class.fits(UNDER_WAY.get()) {
        return Err(refuse(class));
    }
    if class == Class::Always {
        // Not everything there is quick: the sandbox waits for a job's run.
        return next.call(request).await;
    }
    let _admitted = Admitted::new();
    let upload = request.method() == Method::POST && request.path().ends_with("/images");
    let limit = if upload { UPLOAD_LIMIT } else { LIMIT };
    let late = |_| ApiError::Domain(DomainError::unavailable("cheapbob", format!("not done within {limit:?}")));
    timeout(limit, next.call(request)).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::ROUTES;

    #[test]
    fn what_is_promised_is_refused_last() {
        assert!(Class::Ordinary.fits(ROOM - 1) && !Class::Ordinary.fits(ROOM));
        assert!(Class::Promised.fits(ROOM + ROOM_FOR_PROMISES - 1) && !Class::Promised.fits(ROOM + ROOM_FOR_PROMISES));
        assert!(Class::Always.fits(usize::MAX));
    }

    #[test]
    fn what_is_promised_are_routes_of_ours() {
        for promised in PROMISED {
            assert!(ROUTES.iter().any(|(method, pattern, ..)| (*method, *pattern) == promised), "{promised:?}");
        }
        assert_eq!(Class::of(&Method::GET, Some("/health/ready")), Class::Always);
        assert_eq!(Class::of(&Method::POST, Some("/api/v1/customer/payment/init")), Class::Ordinary);
        assert_eq!(Class::of(&Method::PATCH, Some("/api/v1/seller/store/orders/{payment_id}/accept")), Class::Promised);
    }
}
