use actix_web::{HttpResponse, http::StatusCode, web};
use cheapbob_domain::shared::Clock;
use chrono::SecondsFormat;
use diesel::prelude::*;
use diesel_async::AsyncConnection;
use serde_json::json;

use super::{
    super::{answers::broken, state::Sandbox},
    answers::{Merchant, error},
    books::{event, find, store},
};
use crate::fakes::failed;

/// `POST /payments/{id}/virtual-account/close`: nobody can pay into the account any more.
pub(in crate::sandbox) async fn close(_: Merchant, sandbox: web::Data<Sandbox>, id: web::Path<String>) -> HttpResponse {
    let now = sandbox.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let closed = async {
        let mut connection = sandbox.embedded.connection().await?;
        let closed = connection
            .transaction(async |c| {
                let Some(mut payment) = find(c, &id, true).await? else { return Ok(Err((StatusCode::NOT_FOUND, "PAYMENT_NOT_FOUND"))) };
                if payment["status"] != "VIRTUAL_ACCOUNT_ISSUED" {
                    return Ok(Err((StatusCode::CONFLICT, "PAYMENT_NOT_WAITING_FOR_DEPOSIT")));
                }
                payment["status"] = json!("CANCELLED");
                payment["cancellations"] = json!([]);
                for name in ["cancelledAt", "statusChangedAt", "updatedAt"] {
                    payment[name] = json!(now);
                }
                store(c, &id, &payment).await?;
                QueryResult::Ok(Ok(payment))
            })
            .await;
        closed.map_err(failed)
    };
    match closed.await {
        Ok(Ok(payment)) => {
            sandbox.tell(&payment, event(&payment)).await;
            HttpResponse::Ok().json(json!({ "closedAt": now }))
        }
        Ok(Err((status, kind))) => error(status, kind),
        Err(e) => broken(&e),
    }
}
