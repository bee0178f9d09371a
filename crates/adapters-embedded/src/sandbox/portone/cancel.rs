//! Money goes back.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use cheapbob_domain::shared::{Clock, Error, Result};
use chrono::SecondsFormat;
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    super::{
        answers::{NUL_IN_JSON, broken, has_nul},
        state::Sandbox,
    },
    answers::{Merchant, error},
    books::{amount, cancelled, find, give_back, store},
    faults::{play, severed},
};
use crate::fakes::failed;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cancel {
    reason: String,
    amount: Option<i64>,
    current_cancellable_amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_free_amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vat_amount: Option<i64>,
    #[serde(default, skip_serializing)]
    skip_webhook: bool,
}

pub(in crate::sandbox) async fn cancel(
    _: Merchant,
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    id: web::Path<String>,
    bytes: web::Bytes,
) -> HttpResponse {
    let cancel = match serde_json::from_slice::<Cancel>(&bytes) {
        Ok(cancel) if !has_nul(&bytes, NUL_IN_JSON) => cancel,
        _ => return error(StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
    };
    let fault = match sandbox.fault("cancel").await {
        Ok(fault) => fault,
        Err(e) => return broken(&e),
    };
    if let Some(answer) = play(fault.as_ref()).await {
        return answer;
    }
    let key = request.headers().get("idempotency-key").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let outcome = match fault.as_ref().map(|f| f.action.as_str()) {
        Some("fail_200") => "FAILED",
        Some("requested_200") => "REQUESTED",
        _ => "SUCCEEDED",
    };
    let (status, body, changed) = match sandbox.cancel(&id, &cancel, &key, outcome).await {
        Ok(answer) => answer,
        Err(e) => return broken(&e),
    };
    if let Some(payment) = changed.filter(|_| !cancel.skip_webhook) {
        match outcome {
            "SUCCEEDED" => sandbox.tell(&payment, cancelled(&payment)).await,
            "REQUESTED" => sandbox.tell(&payment, "Transaction.CancelPending").await,
            _ => {}
        }
    }
    severed(fault.as_ref()).unwrap_or_else(|| HttpResponse::build(status).json(body))
}

/// `POST …/cancellations/{id}/stop`: a cancellation that the provider has only taken is not carried out.
pub(in crate::sandbox) async fn stop(_: Merchant, sandbox: web::Data<Sandbox>, path: web::Path<(String, String)>) -> HttpResponse {
    let (id, cancellation_id) = &*path;
    let now = sandbox.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let stopped = async {
        let mut connection = sandbox.embedded.connection().await?;
        let stopped = connection
            .transaction(async |c| {
                let Some(mut payment) = find(c, id, true).await? else { return Ok(Some((StatusCode::NOT_FOUND, "PAYMENT_NOT_FOUND"))) };
                let mut all = payment["cancellations"].as_array_mut().into_iter().flatten();
                match all.find(|cancellation| cancellation["id"] == *cancellation_id) {
                    None => return Ok(Some((StatusCode::NOT_FOUND, "PAYMENT_CANCELLATION_NOT_FOUND"))),
                    Some(one) if one["status"] != "REQUESTED" => {
                        return Ok(Some((StatusCode::CONFLICT, "PAYMENT_CANCELLATION_NOT_PENDING")));
                    }
                    Some(one) => one["status"] = json!("FAILED"),
                }
                payment["updatedAt"] = json!(now);
                store(c, id, &payment).await?;
                QueryResult::Ok(None)
            })
            .await;
        stopped.map_err(failed)
    };
    match stopped.await {
        Ok(None) => HttpResponse::Ok().json(json!({ "stoppedAt": now })),
        Ok(Some((status, kind))) => error(status, kind),
        Err(e) => broken(&e),
    }
}

impl Sandbox {
    /// Cancels, or repeats the answer that this key had. With the payment where it changed.
    async fn cancel(&self, id: &str, cancel: &Cancel, key: &str, outcome: &str) -> Result<(StatusCode, Value, Option<Value>)> {
        #[derive(QueryableByName)]
        struct Answer {
            #[diesel(sql_type = t::Text)]
            request: String,
            #[diesel(sql_type = t::Nullable<t::Integer>)]
            status: Option<i32>,
            #[diesel(sql_type = t::Nullable<t::Jsonb>)]
            body: Option<Value>,
        }
        let request = format!("{id} {}", serde_json::to_string(cancel).map_err(Error::internal)?);
        let now = self.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut connection = self.embedded.connection().await?;
        let answer = connection
            .transaction(async |c| {
                if !key.is_empty() {
                    let fresh = sql_query("INSERT INTO embedded.portone_answers (key, request) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                        .bind::<t::Text, _>(key)
                        .bind::<t::Text, _>(&request)
                        .execute(c)
                        .await?
                        == 1;
                    if !fresh {
                        let old: Answer = sql_query("SELECT request, status, body FROM embedded.portone_answers WHERE key = $1")
                            .bind::<t::Text, _>(key)
                            .get_result(c)
                            .await?;
                        return Ok(match old {
                            Answer { request: first, .. } if first != request => {
                                (StatusCode::BAD_REQUEST, json!({ "type": "INVALID_REQUEST" }), None)
                            }
                            Answer { status: Some(status), body: Some(body), .. } => (
                                u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK),
                                body,
                                None,
                            ),
                            Answer { .. } => (StatusCode::CONFLICT, json!({ "type": "IDEMPOTENCY_OUTSTANDING_REQUEST" }), None),
                        });
                    }
                }
                let (status, body, changed) = match find(c, id, true).await? {
                    None => (StatusCode::NOT_FOUND, json!({ "type": "PAYMENT_NOT_FOUND", "message": "sandbox" }), None),
                    Some(mut payment) => {
                        let (status, body) = apply(&mut payment, cancel, &now, outcome);
                        store(c, id, &payment).await?;
                        (status, body, (status == StatusCode::OK).then_some(payment))
                    }
                };
                if !key.is_empty() {
                    sql_query("UPDATE embedded.portone_answers SET status = $2, body = $3 WHERE key = $1")
                        .bind::<t::Text, _>(key)
                        .bind::<t::Integer, _>(i32::from(status.as_u16()))
                        .bind::<t::Jsonb, _>(&body)
                        .execute(c)
                        .await?;
                }
                QueryResult::Ok((status, body, changed))
            })
            .await;
        answer.map_err(failed)
    }
}

fn apply(payment: &mut Value, cancel: &Cancel, now: &str, outcome: &str) -> (StatusCode, Value) {
    let conflict = |kind: &str| (StatusCode::CONFLICT, json!({ "type": kind, "message": "sandbox" }));
    match payment["status"].as_str() {
        Some("PAID" | "PARTIAL_CANCELLED") => {}
        Some("CANCELLED") => return conflict("PAYMENT_ALREADY_CANCELLED"),
        _ => return conflict("PAYMENT_NOT_PAID"),
    }
    let waiting: i64 = payment["cancellations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|c| c["status"] == "REQUESTED")
        .filter_map(|c| c["totalAmount"].as_i64())
        .sum();
    let left = amount(payment, "total") - amount(payment, "cancelled") - waiting;
    let sum = cancel.amount.unwrap_or(left);
    if cancel.current_cancellable_amount.is_some_and(|expected| expected != left) {
        return conflict("CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN");
    }
    if sum > left || sum <= 0 {
        return conflict("CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT");
    }
    let tax_free = cancel.tax_free_amount.unwrap_or_default();
    let vat = cancel.vat_amount.unwrap_or((sum - tax_free) / 11);
    if tax_free + vat > sum {
        return conflict("SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT");
    }
    if tax_free > amount(payment, "taxFree") - amount(payment, "cancelledTaxFree") {
        return conflict("CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT");
    }
    let number = payment["cancellations"].as_array().map_or(0, Vec::len) + 1;
    let mut cancellation = json!({
        "status": outcome, "id": format!("cancellation-{number}-{}", payment["id"].as_str().unwrap_or_default()),
        "totalAmount": sum, "taxFreeAmount": tax_free, "vatAmount": vat, "reason": cancel.reason, "requestedAt": now, "trigger": "API",
    });
    if outcome == "SUCCEEDED" {
        cancellation["pgCancellationId"] = json!(format!("pgc-{number}"));
        cancellation["cancelledAt"] = json!(now);
        give_back(payment, sum, now);
    }
    payment["updatedAt"] = json!(now);
    match payment["cancellations"].as_array_mut() {
        Some(list) => list.push(cancellation.clone()),
        None => payment["cancellations"] = json!([cancellation]),
    }
    (StatusCode::OK, json!({ "cancellation": cancellation }))
}
