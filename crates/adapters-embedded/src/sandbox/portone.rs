//! PortOne's V2 REST API as far as we call it, and its books. `.ci/run` checks its answers against PortOne's OpenAPI file.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web};
use cheapbob_domain::shared::{Clock, Error, Result};
use chrono::SecondsFormat;
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Sandbox, broken,
    page::{escape, page},
    plain_error, wants_html,
};
use crate::database::failed;

/// What the browser SDK asks PortOne for, and how it is to end.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checkout {
    payment_id: String,
    store_id: String,
    channel_key: String,
    #[serde(default)]
    order_name: String,
    total_amount: i64,
    /// Default `PAID`; any status of PortOne's, or one that is not.
    status: Option<String>,
    /// Default `KRW`.
    currency: Option<String>,
}

pub(super) fn error(status: StatusCode, kind: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "type": kind, "message": "sandbox" }))
}

#[derive(QueryableByName)]
pub(super) struct PaymentRow {
    #[diesel(sql_type = t::Jsonb)]
    pub(super) payment: Value,
}

pub(super) async fn find(connection: &mut AsyncPgConnection, id: &str, lock: bool) -> QueryResult<Option<Value>> {
    let lock = if lock { " FOR UPDATE" } else { "" };
    let query = sql_query(format!("SELECT payment FROM embedded.portone_payments WHERE id = $1{lock}")).bind::<t::Text, _>(id);
    Ok(query.get_result::<PaymentRow>(connection).await.optional()?.map(|row| row.payment))
}

pub(super) async fn store(connection: &mut AsyncPgConnection, id: &str, payment: &Value) -> QueryResult<()> {
    sql_query("INSERT INTO embedded.portone_payments (id, payment) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET payment = $2")
        .bind::<t::Text, _>(id)
        .bind::<t::Jsonb, _>(payment)
        .execute(connection)
        .await
        .map(|_| ())
}

/// The secrets are the sellers' affair: any is right but one that begins with `invalid`.
pub(super) fn unauthorized(request: &HttpRequest) -> bool {
    let secret = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("PortOne "));
    secret.is_none_or(|s| s.is_empty() || s.starts_with("invalid"))
}

pub(super) async fn payment(sandbox: web::Data<Sandbox>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
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

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cancel {
    reason: String,
    amount: Option<i64>,
    current_cancellable_amount: Option<i64>,
}

pub(super) async fn cancel(sandbox: web::Data<Sandbox>, request: HttpRequest, id: web::Path<String>, bytes: web::Bytes) -> HttpResponse {
    if unauthorized(&request) {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let Ok(cancel) = serde_json::from_slice::<Cancel>(&bytes) else { return error(StatusCode::BAD_REQUEST, "INVALID_REQUEST") };
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
    if let Some(payment) = changed {
        match outcome {
            "SUCCEEDED" => sandbox.tell(&payment, cancelled(&payment)).await,
            "REQUESTED" => sandbox.tell(&payment, "Transaction.CancelPending").await,
            _ => {}
        }
    }
    severed(fault.as_ref()).unwrap_or_else(|| HttpResponse::build(status).json(body))
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
                    None => (StatusCode::NOT_FOUND, json!({ "type": "PAYMENT_NOT_FOUND" }), None),
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

    /// The next fault for a call of this kind, counted down.
    pub(super) async fn fault(&self, call: &str) -> Result<Option<Fault>> {
        let mut connection = self.embedded.connection().await?;
        sql_query(
            "UPDATE embedded.portone_faults SET times = times - 1 WHERE id = (SELECT id FROM embedded.portone_faults
             WHERE on_call = $1 AND times > 0 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING action, delay_ms",
        )
        .bind::<t::Text, _>(call)
        .get_result(&mut connection)
        .await
        .optional()
        .map_err(failed)
    }
}

/// The name of what happened to a payment of which money went back.
pub(super) fn cancelled(payment: &Value) -> &'static str {
    if payment["status"] == "CANCELLED" { "Transaction.Cancelled" } else { "Transaction.PartialCancelled" }
}

fn amount(payment: &Value, name: &str) -> i64 {
    payment["amount"][name].as_i64().unwrap_or_default()
}

/// Books what went back.
fn give_back(payment: &mut Value, sum: i64, now: &str) {
    let (total, cancelled) = (amount(payment, "total"), amount(payment, "cancelled") + sum);
    payment["amount"]["cancelled"] = json!(cancelled);
    payment["status"] = json!(if cancelled == total { "CANCELLED" } else { "PARTIAL_CANCELLED" });
    payment["cancelledAt"] = json!(now);
    payment["statusChangedAt"] = json!(now);
}

/// Decides the cancellation that waits for it. `false`: none does.
pub(super) fn decide(payment: &mut Value, status: &str, now: &str) -> bool {
    let waiting = payment["cancellations"].as_array_mut().and_then(|all| all.iter_mut().find(|c| c["status"] == "REQUESTED"));
    let Some(cancellation) = waiting else { return false };
    cancellation["status"] = json!(status);
    let sum = cancellation["totalAmount"].as_i64().unwrap_or_default();
    if status == "SUCCEEDED" {
        cancellation["cancelledAt"] = json!(now);
        give_back(payment, sum, now);
    }
    payment["updatedAt"] = json!(now);
    true
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
    let number = payment["cancellations"].as_array().map_or(0, Vec::len) + 1;
    let mut cancellation = json!({
        "status": outcome, "id": format!("cancellation-{number}-{}", payment["id"].as_str().unwrap_or_default()),
        "totalAmount": sum, "taxFreeAmount": 0, "vatAmount": sum / 11, "reason": cancel.reason, "requestedAt": now, "trigger": "API",
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

#[derive(QueryableByName)]
pub(super) struct Fault {
    #[diesel(sql_type = t::Text)]
    pub(super) action: String,
    #[diesel(sql_type = t::BigInt)]
    pub(super) delay_ms: i64,
}

/// A fault that replaces the call; a delay only comes before it.
pub(super) async fn play(fault: Option<&Fault>) -> Option<HttpResponse> {
    let fault = fault?;
    match fault.action.as_str() {
        "error500" => Some(HttpResponse::InternalServerError().body("<html>500</html>")),
        "timeout" => {
            // Longer than any caller waits; it goes away first.
            tokio::time::sleep(Duration::from_secs(90)).await;
            Some(HttpResponse::GatewayTimeout().finish())
        }
        "delay_ms" => {
            tokio::time::sleep(Duration::from_millis(fault.delay_ms.unsigned_abs())).await;
            None
        }
        _ => None,
    }
}

/// The work is done, the answer breaks off.
pub(super) fn severed(fault: Option<&Fault>) -> Option<HttpResponse> {
    (fault?.action == "drop_response").then(|| {
        let broken = futures::stream::once(async { Err::<web::Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
        HttpResponse::Ok().no_chunking(1000).streaming(broken)
    })
}

#[derive(Deserialize, Serialize)]
struct FaultRule {
    on: String,
    #[serde(rename = "do")]
    action: String,
    #[serde(default = "once")]
    times: i32,
    /// For `delay_ms`.
    #[serde(default)]
    ms: i64,
}

fn once() -> i32 {
    1
}

#[derive(Deserialize)]
struct Faults {
    next: Vec<FaultRule>,
}

pub(super) async fn set_faults(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    const ACTIONS: [&str; 6] = ["error500", "timeout", "drop_response", "fail_200", "requested_200", "delay_ms"];
    let faults = match super::body::<Faults>(&request, &bytes) {
        Ok(faults) => faults.next,
        Err(e) => return plain_error(422, &e),
    };
    if let Some(wrong) =
        faults.iter().find(|f| !ACTIONS.contains(&f.action.as_str()) || !["get", "cancel", "webhook"].contains(&f.on.as_str()))
    {
        return plain_error(422, &format!("no such fault: {} on {}", wrong.action, wrong.on));
    }
    let stored = async {
        let mut connection = sandbox.embedded.connection().await?;
        sql_query("DELETE FROM embedded.portone_faults").execute(&mut connection).await.map_err(failed)?;
        for fault in &faults {
            sql_query("INSERT INTO embedded.portone_faults (on_call, action, delay_ms, times) VALUES ($1, $2, $3, $4)")
                .bind::<t::Text, _>(&fault.on)
                .bind::<t::Text, _>(&fault.action)
                .bind::<t::BigInt, _>(fault.ms)
                .bind::<t::Integer, _>(fault.times)
                .execute(&mut connection)
                .await
                .map_err(failed)?;
        }
        Result::Ok(())
    };
    match stored.await {
        Ok(()) => self::faults(sandbox).await,
        Err(e) => broken(&e),
    }
}

pub(super) async fn faults(sandbox: web::Data<Sandbox>) -> HttpResponse {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = t::Text)]
        on_call: String,
        #[diesel(sql_type = t::Text)]
        action: String,
        #[diesel(sql_type = t::BigInt)]
        delay_ms: i64,
        #[diesel(sql_type = t::Integer)]
        times: i32,
    }
    let rows = async {
        let mut connection = sandbox.embedded.connection().await?;
        sql_query("SELECT on_call, action, delay_ms, times FROM embedded.portone_faults WHERE times > 0 ORDER BY id")
            .load::<Row>(&mut connection)
            .await
            .map_err(failed)
    };
    match rows.await {
        Ok(rows) => {
            let next: Vec<_> =
                rows.into_iter().map(|r| FaultRule { on: r.on_call, action: r.action, times: r.times, ms: r.delay_ms }).collect();
            HttpResponse::Ok().json(json!({ "next": next }))
        }
        Err(e) => broken(&e),
    }
}

pub(super) async fn checkout(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let checkout = match super::body::<Checkout>(&request, &bytes) {
        Ok(checkout) => checkout,
        Err(e) => return plain_error(422, &e),
    };
    let now = sandbox.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let paid = async {
        let mut connection = sandbox.embedded.connection().await?;
        let paid = connection
            .transaction(async |c| {
                let old = find(c, &checkout.payment_id, true).await?;
                if old.is_some_and(|p| !matches!(p["status"].as_str(), Some("READY" | "FAILED" | "PAY_PENDING" | "VIRTUAL_ACCOUNT_ISSUED")))
                {
                    return Ok(None);
                }
                let payment = new_payment(&checkout, &now);
                store(c, &checkout.payment_id, &payment).await?;
                QueryResult::Ok(Some(payment))
            })
            .await;
        paid.map_err(failed)
    };
    let paid = paid.await;
    if let Ok(Some(payment)) = &paid {
        let kind = match payment["status"].as_str() {
            Some("PAID") => "Transaction.Paid",
            Some("FAILED") => "Transaction.Failed",
            Some("PAY_PENDING") => "Transaction.PayPending",
            Some("VIRTUAL_ACCOUNT_ISSUED") => "Transaction.VirtualAccountIssued",
            Some("CANCELLED") => "Transaction.Cancelled",
            _ => "Transaction.Ready",
        };
        sandbox.tell(payment, kind).await;
    }
    match paid {
        Ok(None) => error(StatusCode::CONFLICT, "ALREADY_PAID"),
        Ok(Some(payment)) if wants_html(&request) => page(
            "Paid",
            &format!(
                "<p>Payment <code>{}</code>: {} {} won. Now the app confirms it.</p><p><a href=\"/sandbox/portone/payments\">PortOne’s books</a></p>",
                escape(&checkout.payment_id),
                escape(payment["status"].as_str().unwrap_or_default()),
                checkout.total_amount
            ),
        ),
        Ok(Some(payment)) => HttpResponse::Ok().json(payment),
        Err(e) => broken(&e),
    }
}

/// A payment as `GET /payments/{id}` shows it, with every field that PortOne's schema requires of its status.
fn new_payment(checkout: &Checkout, now: &str) -> Value {
    let status = checkout.status.as_deref().unwrap_or("PAID");
    let total = checkout.total_amount;
    let paid = if status == "PAID" { total } else { 0 };
    let mut payment = json!({
        "status": status, "id": checkout.payment_id, "transactionId": format!("tx-{}", checkout.payment_id),
        "merchantId": "merchant-sandbox", "storeId": checkout.store_id, "version": "V2",
        "method": { "type": "PaymentMethodCard", "card": { "issuer": "SHINHAN_CARD", "brand": "LOCAL", "type": "CREDIT", "number": "123456******1234" } },
        "channel": { "type": "TEST", "id": "channel-id-sandbox", "key": checkout.channel_key, "name": "sandbox", "pgProvider": "TOSSPAYMENTS", "pgMerchantId": "sandbox" },
        "requestedAt": now, "updatedAt": now, "statusChangedAt": now, "orderName": checkout.order_name,
        "amount": { "total": total, "taxFree": 0, "vat": total / 11, "supply": total - total / 11, "discount": 0, "paid": paid, "cancelled": 0, "cancelledTaxFree": 0 },
        "currency": checkout.currency.as_deref().unwrap_or("KRW"), "customer": {}, "origin": { "platformType": "PC", "ipAddress": "127.0.0.1" },
    });
    match status {
        "PAID" => {
            payment["paidAt"] = json!(now);
            payment["pgTxId"] = json!(format!("pg-{}", checkout.payment_id));
            payment["disputes"] = json!([]);
        }
        "FAILED" => {
            payment["failedAt"] = json!(now);
            payment["failure"] = json!({ "reason": "sandbox" });
        }
        "CANCELLED" | "PARTIAL_CANCELLED" => {
            payment["cancelledAt"] = json!(now);
            payment["cancellations"] = json!([]);
        }
        _ => {}
    }
    payment
}

pub(super) async fn checkout_page(request: HttpRequest) -> HttpResponse {
    let query: std::collections::HashMap<String, String> = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    let field = |name: &str, label: &str, default: &str| {
        let value = escape(query.get(name).map_or(default, String::as_str));
        format!("<label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" value=\"{value}\" required>")
    };
    page(
        "Checkout",
        &format!(
            "<p>This plays PortOne’s payment window. Fill in what <code>POST /api/v1/customer/payment/init</code> answered.</p>\
             <form method=\"post\" action=\"/sandbox/portone/checkout\">{}{}{}{}{}\
             <label for=\"status\">How does it end?</label><select id=\"status\" name=\"status\"><option>PAID</option><option>FAILED</option><option>READY</option></select>\
             <button>Pay</button></form>",
            field("paymentId", "paymentId (payment_id)", ""),
            field("storeId", "storeId (store_id)", ""),
            field("channelKey", "channelKey (channel_id)", ""),
            field("orderName", "orderName", "CheapBob"),
            field("totalAmount", "totalAmount (total_amount)", ""),
        ),
    )
}

pub(super) async fn books(sandbox: web::Data<Sandbox>, request: HttpRequest) -> HttpResponse {
    let payments = async {
        let mut connection = sandbox.embedded.connection().await?;
        sql_query("SELECT payment FROM embedded.portone_payments ORDER BY created_at DESC, id DESC")
            .load::<PaymentRow>(&mut connection)
            .await
            .map_err(failed)
    };
    let payments: Vec<Value> = match payments.await {
        Ok(rows) => rows.into_iter().map(|row| row.payment).collect(),
        Err(e) => return broken(&e),
    };
    if !wants_html(&request) {
        return HttpResponse::Ok().json(json!({ "payments": payments }));
    }
    let rows: String = payments
        .iter()
        .map(|p| {
            let cell = |v: &Value| format!("<td>{}</td>", escape(v.as_str().map_or_else(|| v.to_string(), str::to_owned).as_str()));
            format!(
                "<tr>{}{}{}{}{}</tr>",
                cell(&p["id"]),
                cell(&p["status"]),
                cell(&p["amount"]["total"]),
                cell(&p["amount"]["cancelled"]),
                cell(&p["requestedAt"])
            )
        })
        .collect();
    page(
        "PortOne’s books",
        &format!("<table><tr><th>payment</th><th>status</th><th>total</th><th>cancelled</th><th>requested (UTC)</th></tr>{rows}</table>"),
    )
}
