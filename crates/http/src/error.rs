//! From kinds of error to `application/problem+json` (RFC 9457).

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use cheapbob_domain::{
    orders::error as orders,
    shared::{Error, ErrorKind, Refusal, TOO_MANY_REQUESTS},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    refusals::{INTERNAL, INVALID, UNAVAILABLE},
    request_id::request_id,
};

/// Refusals of what comes in floods: calls beyond a limit, and webhooks that nobody has signed.
const SAMPLED: [Refusal; 3] = [TOO_MANY_REQUESTS, orders::WEBHOOK_HEADERS_MISSING, orders::WEBHOOK_UNVERIFIED];

/// Result of a handler.
pub(crate) type Result<T> = std::result::Result<T, ApiError>;

/// The contract's status for a withdrawn account.
pub(crate) const WITHDRAWN: u16 = 439;

/// A problem's media type (RFC 9457).
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// 439 has no name of its own.
pub(crate) const WITHDRAWN_TITLE: &str = "Account Withdrawn";

/// Every error's body.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the code says what it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    #[schema(example = 404)]
    status: u16,
    /// A Korean sentence for people, safe to insert as HTML: both apps show nothing else. At 422 it is the first error's message.
    detail: &'static str,
    /// Stable word for programs; never translated.
    #[schema(example = "order_not_found")]
    code: &'static str,
    /// Also in the header `x-request-id` and in the log.
    request_id: String,
    /// Present at 422: every field that does not parse.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldProblem>>,
}

/// One field that does not parse.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Path of the field.
    field: String,
    /// Stable word for programs; never translated.
    code: &'static str,
    /// A Korean sentence for people.
    message: &'static str,
}

/// An error on its way out.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// A use case said no.
    Domain(Error),
    /// The request itself is wrong: unknown path, wrong method, malformed body.
    Request(StatusCode, Refusal),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Domain(refusal.into())
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Domain(error) => error.fmt(f),
            Self::Request(_, refusal) => f.write_str(refusal.code),
        }
    }
}

/// The one table.
pub(crate) fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::Refused => 400,
        ErrorKind::Unauthenticated => 401,
        ErrorKind::Forbidden => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::Timeout => 408,
        ErrorKind::Conflict => 409,
        ErrorKind::TooLarge => 413,
        ErrorKind::MediaType => 415,
        ErrorKind::Invalid => 422,
        ErrorKind::TooMany => 429,
        ErrorKind::Withdrawn => WITHDRAWN,
        ErrorKind::Internal => 500,
        ErrorKind::Unavailable => 503,
    }
}

impl ApiError {
    /// For a panic.
    pub(crate) fn panicked() -> Self {
        Self::Domain(Error::internal("a handler panicked"))
    }

    /// There is no room for the request (`room.rs`).
    pub(crate) fn overload() -> Self {
        Self::Request(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
    }

    /// Whether a flood of it is to be expected: then whoever refuses logs a sample, with the number of those that were left out.
    pub(crate) fn is_sampled(&self) -> bool {
        match self {
            Self::Request(status, _) => *status == StatusCode::SERVICE_UNAVAILABLE,
            Self::Domain(error) => SAMPLED.iter().any(|refusal| error.is(refusal)),
        }
    }

    /// In whole seconds, after which the same call may succeed.
    fn retry_after(&self) -> Option<i64> {
        match self {
            Self::Domain(Error::TooMany { retry_after, .. }) => Some((retry_after.num_milliseconds().max(1) + 999) / 1_000),
            _ => (self.status_code() == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        }
    }

    /// The Korean sentence for a person.
    pub(crate) fn sentence(&self) -> &'static str {
        self.refusal().detail
    }

    fn refusal(&self) -> Refusal {
        match self {
            Self::Domain(Error::Refused(refusal) | Error::TooMany { refusal, .. }) | Self::Request(_, refusal) => *refusal,
            Self::Domain(Error::Invalid(fields)) => {
                fields.first().map_or(INVALID, |first| Refusal { detail: first.rule.message, ..INVALID })
            }
            Self::Domain(Error::Unavailable { .. }) => UNAVAILABLE,
            Self::Domain(Error::Internal { .. }) => INTERNAL,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Domain(error) => StatusCode::from_u16(status(error.kind())).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Self::Request(status, _) => *status,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let (status, refusal) = (self.status_code(), self.refusal());
        let errors = match self {
            Self::Domain(Error::Invalid(fields)) => {
                Some(fields.iter().map(|e| FieldProblem { field: e.field.clone(), code: e.rule.code, message: e.rule.message }).collect())
            }
            _ => None,
        };
        let problem = Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or(WITHDRAWN_TITLE),
            status: status.as_u16(),
            detail: refusal.detail,
            code: refusal.code,
            request_id: request_id(),
            errors,
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CONTENT_TYPE, CONTENT_TYPE));
        if status.as_u16() == WITHDRAWN {
            response.insert_header(("x-account-status", "inactive"));
        }
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        // The struct has nothing that cannot be JSON.
        response.body(serde_json::to_vec(&problem).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use cheapbob_domain::shared::{FieldError, Rule};

    use super::*;

    #[test]
    fn an_invalid_request_says_what_is_wrong_first_and_the_fixed_sentence_only_without_an_error() {
        let field = |message| FieldError { field: "f".to_owned(), rule: Rule { code: "too_long", message } };
        let detail = |fields| ApiError::from(Error::Invalid(fields)).refusal().detail;
        assert_eq!(detail(vec![field("첫째"), field("둘째")]), "첫째");
        assert_eq!(detail(vec![]), INVALID.detail);
    }
}
