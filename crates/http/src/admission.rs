//! Who is let in when more comes than can be done, and how long a request may take.
//!
//! A worker thread has so much under way at most (`room.rs`). What comes beyond it is refused at once: a queue would only make everybody
//! late, and whoever waits too long comes again. What moves money that is promised already, or food that is waited for, has room of its
//! own.

use std::{pin::pin, time::Duration};

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use cheapbob_domain::shared::Error as DomainError;
use tokio::time::{Instant, timeout};

use crate::{
    access::is_upload,
    body::{Arriving, Patience},
    context::Routed,
    error::ApiError,
    room::{Admitted, Class, Place, refuse},
};

/// How long a request may take once its body is there. What it has begun by then is whole or not there: each step is one statement, and the jobs go on with
/// what is between two of them, as after a process' death.
const LIMIT: Duration = Duration::from_secs(10);

/// The same for pictures, which are looked at and stored one after another.
const UPLOAD_LIMIT: Duration = Duration::from_secs(120);

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

fn class(method: &Method, pattern: Option<&str>) -> Class {
    match pattern {
        Some(pattern) if PROMISED.contains(&(method.as_str(), pattern)) => Class::Promised,
        Some(pattern) if !pattern.starts_with("/api/v1/") => Class::Always,
        _ => Class::Ordinary,
    }
}

/// What `serving` gives, in `limit`; `None` where it takes longer. Waiting for the caller's body does not count.
async fn in_time<F: Future>(serving: F, limit: Duration, place: &Place) -> Option<F::Output> {
    let (begun, mut serving) = (Instant::now(), pin!(serving));
    loop {
        let left = (limit + place.waited()).checked_sub(begun.elapsed()).filter(|left| !left.is_zero())?;
        if let Ok(output) = timeout(left, serving.as_mut()).await {
            return Some(output);
        }
    }
}

/// Lets a request in, for as long as it may take.
pub(crate) async fn admit(mut request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let pattern = request.extensions().get::<Routed>().and_then(|routed| routed.0.clone());
    let class = class(request.method(), pattern.as_deref());
    if !class.has_room() {
        return Err(refuse(class).into());
    }
    if class == Class::Always {
        // Not everything there is quick: the sandbox waits for a job's run.
        return next.call(request).await;
    }
    let admitted = Admitted::new(class);
    let is_upload = is_upload(request.method().as_str(), request.path());
    // What comes over a WebSocket is no body; it has its own time.
    if !pattern.is_some_and(|pattern| pattern.ends_with("/qr/callback")) {
        let payload = request.take_payload();
        if !matches!(payload, Payload::None) {
            let patience = if is_upload { Patience::Upload } else { Patience::Ordinary };
            request.set_payload(Arriving::wrap(payload, patience, admitted.place()));
        }
    }
    let limit = if is_upload { UPLOAD_LIMIT } else { LIMIT };
    let late = || ApiError::Domain(DomainError::unavailable("cheapbob", format!("not done within {limit:?}")));
    in_time(next.call(request), limit, &admitted.place()).await.ok_or_else(late)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::ROUTES;

    #[tokio::test(start_paused = true)]
    async fn a_requests_time_runs_while_it_does_not_wait_for_its_body() {
        let admitted = Admitted::new(Class::Ordinary);
        let place = admitted.place();
        let serving = async {
            place.wait();
            tokio::time::sleep(LIMIT * 3).await;
            place.heard();
            tokio::time::sleep(LIMIT / 2).await;
        };
        assert_eq!(in_time(serving, LIMIT, &place).await, Some(()));
        assert_eq!(in_time(tokio::time::sleep(LIMIT * 2), LIMIT, &Admitted::new(Class::Ordinary).place()).await, None);
    }

    #[test]
    fn what_is_promised_are_routes_of_ours() {
        for promised in PROMISED {
            assert!(ROUTES.iter().any(|(method, pattern, ..)| (*method, *pattern) == promised), "{promised:?}");
        }
        assert_eq!(class(&Method::GET, Some("/health/ready")), Class::Always);
        assert_eq!(class(&Method::POST, Some("/api/v1/customer/payment/init")), Class::Ordinary);
        assert_eq!(class(&Method::PATCH, Some("/api/v1/seller/store/orders/{payment_id}/accept")), Class::Promised);
    }
}
