//! What every call of PortOne's API begins and ends with.

use std::future::{Ready, ready};

use actix_web::{
    Error, FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    error::InternalError,
    http::{StatusCode, header},
    web,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_domain::shared::Clock;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::state::Sandbox;

pub(super) fn error(status: StatusCode, kind: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "type": kind, "message": "sandbox" }))
}

/// The secrets are the sellers' affair: any is right but one that begins with `invalid`.
pub(super) fn is_secret(secret: &str) -> bool {
    !secret.is_empty() && !secret.starts_with("invalid")
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Access,
    Refresh,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Access => "sandbox-access-",
            Self::Refresh => "sandbox-refresh-",
        }
    }

    /// A token that is good until then (Unix seconds).
    pub(super) fn token(self, until: i64) -> String {
        let prefix = self.prefix();
        format!("{prefix}{until}-{}", URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{prefix}{until}"))))
    }

    pub(super) fn is_good(self, token: &str, sandbox: &Sandbox) -> bool {
        let until = token.strip_prefix(self.prefix()).and_then(|rest| rest.split_once('-')?.0.parse().ok());
        until.is_some_and(|until| sandbox.clock.now().timestamp() < until && token == self.token(until))
    }
}

/// Whoever shows a secret (`PortOne …`) or an access token (`Bearer …`).
pub(in crate::sandbox) struct Merchant;

impl FromRequest for Merchant {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let said = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.split_once(' '));
        let known = said.zip(request.app_data::<web::Data<Sandbox>>()).is_some_and(|((scheme, credentials), sandbox)| {
            match scheme.to_ascii_lowercase().as_str() {
                "portone" => is_secret(credentials),
                "bearer" => Kind::Access.is_good(credentials, sandbox),
                _ => false,
            }
        });
        let refused =
            || InternalError::from_response("no secret and no token of a merchant", error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED")).into();
        ready(if known { Ok(Self) } else { Err(refused()) })
    }
}
