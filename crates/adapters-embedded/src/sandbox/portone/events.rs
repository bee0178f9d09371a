use actix_web::{HttpResponse, http::StatusCode, web};
use cheapbob_domain::shared::Clock;
use chrono::{DateTime, Utc};
use diesel::{sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::{
    super::{answers::broken, state::Sandbox},
    answers::{Merchant, error},
    books::{PaymentRow, amount, shown},
    list::ListQuery,
};
use crate::fakes::failed;

/// `GET /payment-events-by-cursor`: money that came and money that went back, by when it did, from the cursor on.
pub(in crate::sandbox) async fn events(_: Merchant, sandbox: web::Data<Sandbox>, query: web::Query<ListQuery>) -> HttpResponse {
    let Some(listing) = query.listing() else { return error(StatusCode::BAD_REQUEST, "INVALID_REQUEST") };
    let (from, until) = listing.range(sandbox.clock.now());
    let rows = async {
        let mut connection = sandbox.embedded.connection().await?;
        sql_query("SELECT payment FROM embedded.portone_payments WHERE $1 IS NULL OR payment->>'storeId' = $1")
            .bind::<t::Nullable<t::Text>, _>(&listing.store_id)
            .load::<PaymentRow>(&mut connection)
            .await
            .map_err(failed)
    };
    let mut found: Vec<(String, Value)> = match rows.await {
        Ok(rows) => rows.into_iter().flat_map(|row| events_of(&shown(row.payment))).collect(),
        Err(e) => return broken(&e),
    };
    let in_range = |event: &Value| {
        event["createdAt"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()).is_some_and(|at| from <= at && at < until)
    };
    found.retain(|(cursor, event)| in_range(event) && listing.cursor.as_ref().is_none_or(|after| cursor > after));
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let item = |(cursor, event): (String, Value)| json!({ "cursor": cursor, "paymentEvent": event });
    let items: Vec<_> = found.into_iter().take(listing.size()).map(item).collect();
    HttpResponse::Ok().json(json!({ "items": items }))
}

/// What happened to the payment's money, each with its cursor.
fn events_of(payment: &Value) -> Vec<(String, Value)> {
    let total = amount(payment, "total");
    let mut events = Vec::new();
    if payment["paidAt"].is_string() {
        events.push(event(payment, "PAID", &payment["paidAt"], total, None));
    }
    let mut left = total;
    let done = payment["cancellations"].as_array().into_iter().flatten().filter(|cancellation| cancellation["status"] == "SUCCEEDED");
    for cancellation in done {
        let sum = cancellation["totalAmount"].as_i64().unwrap_or_default();
        left -= sum;
        let kind = if left == 0 { "CANCELLED" } else { "PARTIAL_CANCELLED" };
        events.push(event(payment, kind, &cancellation["cancelledAt"], -sum, Some(cancellation)));
    }
    events
}

fn event(payment: &Value, kind: &str, at: &Value, sum: i64, cancellation: Option<&Value>) -> (String, Value) {
    let of_payment = [
        "transactionId",
        "merchantId",
        "storeId",
        "channel",
        "version",
        "requestedAt",
        "orderName",
        "currency",
        "customer",
        "origin",
        "method",
    ];
    let fields = of_payment.into_iter().filter(|name| !payment[*name].is_null()).map(|name| (name.to_owned(), payment[name].clone()));
    let mut event = Value::Object(fields.collect());
    let cause = cancellation.map_or(&payment["transactionId"], |cancellation| &cancellation["id"]);
    let id = format!("event-{}", cause.as_str().unwrap_or_default());
    event["type"] = json!(kind);
    event["id"] = json!(id);
    event["paymentId"] = payment["id"].clone();
    event["createdAt"] = at.clone();
    event["totalAmount"] = payment["amount"].clone();
    event["eventAmount"] = json!(sum);
    match cancellation {
        Some(cancellation) => event["cancellation"] = cancellation.clone(),
        None => event["disputes"] = json!([]),
    }
    (format!("{}{id}", at.as_str().unwrap_or_default()), event)
}
