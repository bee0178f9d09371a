use actix_web::{HttpResponse, http::StatusCode, web};

use super::{
    super::{answers::broken, state::Sandbox},
    answers::{Merchant, error},
    books::{find, shown},
    faults::{play, severed},
};
use crate::fakes::failed;

/// `GET /payments/{id}`.
pub(in crate::sandbox) async fn payment(_: Merchant, sandbox: web::Data<Sandbox>, id: web::Path<String>) -> HttpResponse {
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
        Ok(Some(payment)) => HttpResponse::Ok().json(shown(payment)),
        Ok(None) => error(StatusCode::NOT_FOUND, "PAYMENT_NOT_FOUND"),
        Err(e) => return broken(&e),
    };
    severed(fault.as_ref()).unwrap_or(answer)
}
