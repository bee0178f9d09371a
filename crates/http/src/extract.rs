//! Bodies and queries.

use std::{fmt, marker::PhantomData};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use cheapbob_domain::{
    orders, products,
    shared::{Error, FieldError, PaymentId, ProductId, Refusal, Rule, StoreId},
    stores,
};
use futures::future::LocalBoxFuture;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{
    body,
    error::ApiError,
    refusals::{MALFORMED, NOT_JSON},
};

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

/// A JSON object. serde would read a list as well, its items in the order in which our code happens to name the fields.
#[derive(Debug, Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// A whole number, also as JSON may write it: `3.0`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole(pub(crate) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The largest float below which every whole number is one.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match serde_json::Number::deserialize(deserializer)? {
            n if n.is_i64() => n.as_i64(),
            n => n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() <= EXACT).map(|f| f as i64),
        }
        .map(Self)
        .ok_or_else(|| D::Error::custom("no whole number"))
    }
}

/// A field that may be absent, `null` or a value: the three are different.
pub(crate) fn sent<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

fn read(request: &HttpRequest, payload: &mut Payload) -> LocalBoxFuture<'static, Result<web::Bytes, ApiError>> {
    let payload = web::Payload::from_request(request, payload);
    let is_json = matches!(request.mime_type(), Ok(Some(mime)) if mime.essence_str() == "application/json");
    Box::pin(async move {
        let bytes = body::collect(payload.await.map_err(|_| malformed())?, LIMIT).await?;
        // Where there is none, its type says nothing: axios gives an empty POST that of a form.
        if bytes.is_empty() || is_json { Ok(bytes) } else { Err(NOT_JSON.into()) }
    })
}

fn malformed() -> ApiError {
    MALFORMED.into()
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<Json<T>, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let Object(value) = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
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

/// An id in a path.
pub(crate) trait Id: Sized + 'static {
    /// How a path without such an id, and an id that nothing has, are refused.
    const NOT_FOUND: Refusal;

    /// Reads it. `None`: no id is written so.
    fn parse(text: &str) -> Option<Self>;
}

impl Id for PaymentId {
    const NOT_FOUND: Refusal = orders::error::ORDER_NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Id for ProductId {
    const NOT_FOUND: Refusal = products::error::PRODUCT_NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Id for StoreId {
    const NOT_FOUND: Refusal = stores::error::STORE_NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// The one id in the path, or whatever else is looked for by it. What cannot be one (with a NUL, without an end) is not found, as an id
/// that nothing has, and no store is asked.
#[derive(Debug)]
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: Id> FromRequest for PathId<T> {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = web::Path::<String>::extract(request).into_inner();
        std::future::ready(text.ok().and_then(|text| T::parse(&text)).map(Self).ok_or_else(|| T::NOT_FOUND.into()))
    }
}
