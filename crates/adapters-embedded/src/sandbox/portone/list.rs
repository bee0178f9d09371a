use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use cheapbob_domain::shared::Clock;
use chrono::{DateTime, Utc};
use diesel::{sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{answers::broken, state::Sandbox},
    answers::{error, unauthorized},
    books::PaymentRow,
    faults::{play, severed},
};
use crate::fakes::failed;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    store_id: Option<String>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    cursor: Option<String>,
    size: Option<i64>,
}

#[derive(Deserialize)]
pub(in crate::sandbox) struct ListQuery {
    #[serde(rename = "requestBody", default)]
    request_body: String,
}

/// `GET /payments-by-cursor`: by creation, from the cursor on.
pub(in crate::sandbox) async fn payments_by_cursor(
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    query: web::Query<ListQuery>,
) -> HttpResponse {
    const LARGEST: i64 = 1_000;
    if unauthorized(&request) {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let text = if query.request_body.is_empty() { "{}" } else { &query.request_body };
    let listing = match serde_json::from_str::<Listing>(text) {
        Ok(listing) if (1..=LARGEST).contains(&listing.size.unwrap_or(10)) => listing,
        _ => return error(StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
    };
    let fault = match sandbox.fault("get").await {
        Ok(fault) => fault,
        Err(e) => return broken(&e),
    };
    if let Some(answer) = play(fault.as_ref()).await {
        return answer;
    }
    let page = async {
        let until = listing.until.unwrap_or_else(|| sandbox.clock.now());
        let from = listing.from.unwrap_or(until - chrono::Duration::days(90));
        let mut connection = sandbox.embedded.connection().await?;
        sql_query(
            "SELECT payment FROM embedded.portone_payments
             WHERE ($1 IS NULL OR payment->>'storeId' = $1) AND (payment->>'requestedAt')::timestamptz >= $2
               AND (payment->>'requestedAt')::timestamptz < $3 AND ((payment->>'requestedAt') || id) > coalesce($4, '')
             ORDER BY (payment->>'requestedAt') || id LIMIT $5",
        )
        .bind::<t::Nullable<t::Text>, _>(&listing.store_id)
        .bind::<t::Timestamptz, _>(from)
        .bind::<t::Timestamptz, _>(until)
        .bind::<t::Nullable<t::Text>, _>(&listing.cursor)
        .bind::<t::BigInt, _>(listing.size.unwrap_or(10))
        .load::<PaymentRow>(&mut connection)
        .await
        .map_err(failed)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let answer = match page.await {
        Ok(rows) => {
            let item = |PaymentRow { payment }: PaymentRow| json!({ "cursor": text(&payment["requestedAt"]) + &text(&payment["id"]), "payment": payment });
            HttpResponse::Ok().json(json!({ "items": rows.into_iter().map(item).collect::<Vec<_>>() }))
        }
        Err(e) => return broken(&e),
    };
    severed(fault.as_ref()).unwrap_or(answer)
}
