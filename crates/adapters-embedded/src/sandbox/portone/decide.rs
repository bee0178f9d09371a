use actix_web::{HttpRequest, HttpResponse, web};
use cheapbob_domain::shared::Clock;
use cheapbob_pages::wants_html;
use chrono::SecondsFormat;
use diesel::prelude::*;
use diesel_async::AsyncConnection;
use serde::Deserialize;

use super::{
    super::{
        answers::{body, broken, plain_error, see},
        state::Sandbox,
    },
    books::{self, cancelled, find, shown, store},
};
use crate::fakes::failed;

#[derive(Deserialize)]
struct Decision {
    status: String,
}

/// The provider decides about the cancellation that it had only taken: `SUCCEEDED` or `FAILED`.
pub(in crate::sandbox) async fn decide(
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    id: web::Path<String>,
    bytes: web::Bytes,
) -> HttpResponse {
    let decision = match body::<Decision>(&request, &bytes) {
        Ok(decision) if matches!(decision.status.as_str(), "SUCCEEDED" | "FAILED") => decision,
        Ok(_) => return plain_error(422, "status is SUCCEEDED or FAILED"),
        Err(e) => return plain_error(422, &e),
    };
    let now = sandbox.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let decided = async {
        let mut connection = sandbox.embedded.connection().await?;
        let decided = connection
            .transaction(async |c| {
                let Some(mut payment) = find(c, &id, true).await? else { return Ok(None) };
                if !books::decide(&mut payment, &decision.status, &now) {
                    return Ok(None);
                }
                store(c, &id, &payment).await?;
                QueryResult::Ok(Some(payment))
            })
            .await;
        decided.map_err(failed)
    };
    match decided.await {
        Ok(Some(payment)) => {
            if decision.status == "SUCCEEDED" {
                sandbox.tell(&payment, cancelled(&payment)).await;
            }
            if wants_html(&request) { see("/sandbox/portone/payments") } else { HttpResponse::Ok().json(shown(payment)) }
        }
        Ok(None) => plain_error(404, "no cancellation of this payment waits for a decision"),
        Err(e) => broken(&e),
    }
}
