//! What PortOne knows of payments.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use cheapbob_domain::shared::Won;
use cheapbob_pages::{page, wants_html};
use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

use super::super::{
    answers::{broken, kst_time},
    state::Sandbox,
};
use crate::fakes::failed;

/// A field of the stored payment: the attempts before this one, which failed.
pub(super) const ATTEMPTS: &str = "sandboxAttempts";

/// A field of the stored payment: what was registered of it before the window opened.
pub(super) const REGISTERED: &str = "sandboxRegistered";

#[derive(QueryableByName)]
pub(in crate::sandbox) struct PaymentRow {
    #[diesel(sql_type = t::Jsonb)]
    pub(in crate::sandbox) payment: Value,
}

pub(in crate::sandbox) async fn find(connection: &mut AsyncPgConnection, id: &str, lock: bool) -> QueryResult<Option<Value>> {
    if id.contains('\0') {
        return Ok(None);
    }
    let lock = if lock { " FOR UPDATE" } else { "" };
    let query = sql_query(format!("SELECT payment FROM embedded.portone_payments WHERE id = $1{lock}")).bind::<t::Text, _>(id);
    Ok(query.get_result::<PaymentRow>(connection).await.optional()?.map(|row| row.payment))
}

pub(in crate::sandbox) async fn store(connection: &mut AsyncPgConnection, id: &str, payment: &Value) -> QueryResult<()> {
    sql_query("INSERT INTO embedded.portone_payments (id, payment) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET payment = $2")
        .bind::<t::Text, _>(id)
        .bind::<t::Jsonb, _>(payment)
        .execute(connection)
        .await
        .map(|_| ())
}

/// The payment as PortOne's API shows it: without what the sandbox keeps beside it.
pub(super) fn shown(mut payment: Value) -> Value {
    if let Some(fields) = payment.as_object_mut() {
        fields.retain(|name, _| ![ATTEMPTS, REGISTERED].contains(&name.as_str()));
    }
    payment
}

/// The name of what has happened to a payment that is as it is now.
pub(super) fn event(payment: &Value) -> &'static str {
    match payment["status"].as_str() {
        Some("PAID") => "Transaction.Paid",
        Some("FAILED") => "Transaction.Failed",
        Some("PAY_PENDING") => "Transaction.PayPending",
        Some("VIRTUAL_ACCOUNT_ISSUED") => "Transaction.VirtualAccountIssued",
        Some("PARTIAL_CANCELLED") => "Transaction.PartialCancelled",
        Some("CANCELLED") => "Transaction.Cancelled",
        _ => "Transaction.Ready",
    }
}

/// The name of what happened to a payment of which money went back.
pub(in crate::sandbox) fn cancelled(payment: &Value) -> &'static str {
    if payment["status"] == "CANCELLED" { "Transaction.Cancelled" } else { "Transaction.PartialCancelled" }
}

pub(super) fn amount(payment: &Value, name: &str) -> i64 {
    payment["amount"][name].as_i64().unwrap_or_default()
}

/// Books what went back.
pub(super) fn give_back(payment: &mut Value, sum: i64, now: &str) {
    let (total, cancelled) = (amount(payment, "total"), amount(payment, "cancelled") + sum);
    payment["amount"]["cancelled"] = json!(cancelled);
    payment["status"] = json!(if cancelled == total { "CANCELLED" } else { "PARTIAL_CANCELLED" });
    payment["cancelledAt"] = json!(now);
    payment["statusChangedAt"] = json!(now);
}

/// Decides the cancellation that waits for it. `false`: none does.
pub(in crate::sandbox) fn decide(payment: &mut Value, status: &str, now: &str) -> bool {
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

#[derive(Template)]
#[template(path = "sandbox/portone/books.html")]
struct Books {
    payments: Vec<Payment>,
    /// PortOne is real.
    real: bool,
}

struct Payment {
    id: String,
    name: String,
    status: String,
    total: Won,
    cancelled: Won,
    requested: String,
    cancellations: Vec<Cancellation>,
}

struct Cancellation {
    status: String,
    sum: Won,
    reason: String,
}

impl From<&Value> for Payment {
    fn from(payment: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let requested = text(&payment["requestedAt"]);
        Self {
            id: text(&payment["id"]),
            name: text(&payment["orderName"]),
            status: text(&payment["status"]),
            total: Won(amount(payment, "total")),
            cancelled: Won(amount(payment, "cancelled")),
            requested: requested.parse::<DateTime<Utc>>().map_or(requested, kst_time),
            cancellations: payment["cancellations"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|c| Cancellation {
                    status: text(&c["status"]),
                    sum: Won(c["totalAmount"].as_i64().unwrap_or_default()),
                    reason: text(&c["reason"]),
                })
                .collect(),
        }
    }
}

pub(in crate::sandbox) async fn books(sandbox: web::Data<Sandbox>, request: HttpRequest) -> HttpResponse {
    let payments = async {
        let mut connection = sandbox.embedded.connection().await?;
        sql_query("SELECT payment FROM embedded.portone_payments ORDER BY created_at DESC, id DESC")
            .load::<PaymentRow>(&mut connection)
            .await
            .map_err(failed)
    };
    let payments: Vec<Value> = match payments.await {
        Ok(rows) => rows.into_iter().map(|row| shown(row.payment)).collect(),
        Err(e) => return broken(&e),
    };
    if !wants_html(&request) {
        return HttpResponse::Ok().json(json!({ "payments": payments }));
    }
    page(&Books { payments: payments.iter().map(Payment::from).collect(), real: !sandbox.played.portone })
}
