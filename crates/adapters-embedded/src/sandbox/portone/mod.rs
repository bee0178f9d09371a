//! PortOne's V2 REST API as far as we call it, and its books. `.ci/run` checks its answers against PortOne's OpenAPI file.

mod books;
mod cancel;
mod checkout;
mod faults;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web};
use serde_json::json;

pub(super) use books::{PaymentRow, books, cancelled, decide, find, store};
pub(super) use cancel::cancel;
pub(super) use checkout::{checkout, checkout_page};
pub(super) use faults::{faults, play, set_faults, severed};

use super::{Sandbox, broken};
use crate::database::failed;

pub(in crate::sandbox) fn error(status: StatusCode, kind: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "type": kind, "message": "sandbox" }))
}

/// The secrets are the sellers' affair: any is right but one that begins with `invalid`.
pub(in crate::sandbox) fn unauthorized(request: &HttpRequest) -> bool {
    let secret = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("PortOne "));
    secret.is_none_or(|s| s.is_empty() || s.starts_with("invalid"))
}

pub(in crate::sandbox) async fn payment(sandbox: web::Data<Sandbox>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    if unauthorized(&request) {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let fault = match sandbox.fault("get").await {
        Ok(fault) => fault,
        Err(e) => return broken(&e),
    };
    if let Some(answer) = play(fault.as_ref()).await {
        return answer;
    }
    let found = async {
        let mut connection = sandbox.embedded.connection().await?;
        find(&mut connection, &id, false).await.map_err(failed)
    };
    let answer = match found.await {
        Ok(Some(payment)) => HttpResponse::Ok().json(payment),
        Ok(None) => error(StatusCode::NOT_FOUND, "PAYMENT_NOT_FOUND"),
        Err(e) => return broken(&e),
    };
    severed(fault.as_ref()).unwrap_or(answer)
}
