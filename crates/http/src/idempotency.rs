//! The header `Idempotency-Key` around the calls that move money: the same key and request, the same answer.

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    body::MessageBody,
    dev::Payload,
    http::{StatusCode, header},
};
use cheapbob_domain::{
    orders::{KeyedCall, KeyedOutcome, KeyedRequest, StoredAnswer},
    shared::{Error, FieldError, Rule},
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    auth::Me,
    error::{self, ApiError, Result},
    state::App,
};

/// The header's name.
pub(crate) const HEADER: &str = "Idempotency-Key";

/// Says that an answer is an earlier one.
const REPLAYED: header::HeaderName = header::HeaderName::from_static("idempotent-replayed");

const BAD_KEY: Rule = Rule { code: "bad_key", message: "요청 키는 1~255자의 영문, 숫자, 기호여야 합니다." };

/// The key, where one was sent; with or without the quotes of RFC 8941.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(parse(request))
    }
}

fn parse(request: &HttpRequest) -> Result<IdempotencyKey> {
    let Some(value) = request.headers().get(HEADER) else { return Ok(IdempotencyKey(None)) };
    let key = value.to_str().unwrap_or_default().trim();
    let key = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(key);
    if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(IdempotencyKey(Some(key.to_owned())))
    } else {
        Err(Error::Invalid(vec![FieldError { field: HEADER.to_owned(), rule: BAD_KEY }]).into())
    }
}

/// Does `work`, once for each key; `request` says what is asked, path included. Answers 200 with what it gives. Refusals are answers
/// too; what failed (5xx) or came too often (429) is not kept, so that it can be tried again under the same key.
pub(crate) async fn once<T: Serialize>(
    app: &App,
    me: &Me,
    key: IdempotencyKey,
    request: &Value,
    work: impl AsyncFnOnce(Option<&KeyedCall>) -> Result<T>,
) -> Result<HttpResponse> {
    let fingerprint: String = Sha256::digest(request.to_string()).iter().map(|byte| format!("{byte:02x}")).collect();
    let call = key.0.as_deref().map(|key| KeyedRequest { account: &me.0, key, request: &fingerprint });
    match app.services.idempotency.run(call, work, answer).await? {
        KeyedOutcome::Done(body) => Ok(HttpResponse::Ok().json(body)),
        KeyedOutcome::Replayed(answer) => Ok(replay(answer)),
    }
}

/// What is stored of a call under a key.
fn answer<T: Serialize>(done: &Result<T>) -> Option<StoredAnswer> {
    match done {
        // A body that cannot be written fails its own answer as well.
        Ok(body) => serde_json::to_string(body).ok().map(|body| StoredAnswer { status: 200, body }),
        Err(refused) if refused.status_code() == StatusCode::TOO_MANY_REQUESTS => None,
        Err(refused) if refused.status_code().as_u16() < 500 => Some(stored(refused)),
        Err(_) => None,
    }
}

fn stored(refused: &ApiError) -> StoredAnswer {
    let response = refused.error_response();
    let status = i32::from(response.status().as_u16());
    // A problem is made of bytes that are there: it cannot fail to be read.
    let bytes = response.into_body().try_into_bytes().unwrap_or_default();
    StoredAnswer { status, body: String::from_utf8_lossy(&bytes).into_owned() }
}

fn replay(StoredAnswer { status, body }: StoredAnswer) -> HttpResponse {
    let status = u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK);
    let content_type = if status == StatusCode::OK { "application/json" } else { error::CONTENT_TYPE };
    HttpResponse::build(status).insert_header((header::CONTENT_TYPE, content_type)).insert_header((REPLAYED, "true")).body(body)
}
