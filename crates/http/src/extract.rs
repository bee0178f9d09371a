//! Bodies and queries.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use cheapbob_domain::shared::{Error, ErrorKind, FieldError, Refusal, Rule};
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

pub(crate) const MALFORMED: Refusal = Refusal::new(ErrorKind::Refused, "malformed_json", "요청 형식이 올바르지 않습니다.");
pub(crate) const TOO_LARGE: Refusal = Refusal::new(ErrorKind::TooLarge, "body_too_large", "요청이 너무 큽니다.");
const BAD_QUERY: Rule = Rule { code: "invalid", message: "값이 올바르지 않습니다." };
const MISSING: Rule = Rule { code: "missing", message: "필수 항목입니다." };

/// The largest JSON body: a store's registration is the largest of ours, with a few KB.
const LIMIT: usize = 256 << 10;

/// A JSON body. Malformed: 400. Another shape than asked for: 422 with the field. Unknown fields are ignored.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload);
        Box::pin(async move { parse(&bytes.await?) })
    }
}

/// A JSON body that may be left out, with DELETE: no body is the default.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload);
        Box::pin(async move {
            let bytes = bytes.await?;
            if bytes.is_empty() { Ok(Self(T::default())) } else { parse(&bytes).map(|Json(value)| Self(value)) }
        })
    }
}

/// A field that may be absent, `null` or a value: the three are different.
pub(crate) fn sent<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}

fn read(request: &HttpRequest, payload: &mut Payload) -> LocalBoxFuture<'static, Result<web::Bytes, ApiError>> {
    let payload = web::Payload::from_request(request, payload);
    Box::pin(async move {
        let payload = payload.await.map_err(|_| malformed())?;
        let bytes = payload.to_bytes_limited(LIMIT).await.map_err(|_| TOO_LARGE)?;
        bytes.map_err(|_| malformed())
    })
}

fn malformed() -> ApiError {
    MALFORMED.into()
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<Json<T>, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        if e.inner().classify() == serde_json::error::Category::Data && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
            invalid(&e.path().to_string(), &e.inner().to_string())
        } else {
            malformed()
        }
    })?;
    reader.end().map_err(|_| malformed())?;
    Ok(Json(value))
}

/// A field that is not what it should be. serde names a missing one only in its text.
fn invalid(path: &str, text: &str) -> ApiError {
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let base = if path == "." { "" } else { path };
    let (field, rule) = match missing {
        Some(name) if base.is_empty() => (name.to_owned(), MISSING),
        Some(name) => (format!("{base}.{name}"), MISSING),
        None => (if base.is_empty() { "body".to_owned() } else { base.to_owned() }, BAD_QUERY),
    };
    Error::Invalid(vec![FieldError { field, rule }]).into()
}

/// Query parameters; a repeated name is a list. Another shape than asked for: 422.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let reader = serde_html_form::Deserializer::new(form_urlencoded(request.query_string()));
        let parsed = serde_path_to_error::deserialize(reader).map(Self).map_err(|e| invalid(&e.path().to_string(), &e.inner().to_string()));
        std::future::ready(parsed)
    }
}

fn form_urlencoded(query: &str) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(query.as_bytes())
}

/// Whether a browser asks, and not a program.
pub(crate) fn wants_html(request: &HttpRequest) -> bool {
    request.headers().get(header::ACCEPT).and_then(|a| a.to_str().ok()).is_some_and(|a| a.contains("text/html"))
}
