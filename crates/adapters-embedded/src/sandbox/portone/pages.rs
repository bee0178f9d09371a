use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use cheapbob_domain::shared::Clock;
use chrono::{DateTime, Utc};
use diesel::{sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{answers::broken, state::Sandbox},
    answers::{error, unauthorized},
    books::PaymentRow,
    faults::{play, severed},
};
use crate::fakes::failed;

#[derive(Deserialize)]
pub(in crate::sandbox) struct PageQuery {
    #[serde(rename = "requestBody")]
    request_body: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Listing {
    page: PageInput,
    filter: Filter,
}

#[derive(Deserialize)]
#[serde(default)]
struct PageInput {
    number: i64,
    size: i64,
}

impl Default for PageInput {
    fn default() -> Self {
        Self { number: 0, size: 10 }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    store_id: Option<String>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    status: Option<Vec<String>>,
}

/// `GET /payments`: by the last change of the status, the oldest first, in numbered pages.
pub(in crate::sandbox) async fn payments(sandbox: web::Data<Sandbox>, request: HttpRequest, query: web::Query<PageQuery>) -> HttpResponse {
    const FARTHEST: i64 = 60_000;
    if unauthorized(&request) {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let Listing { page, filter } = match serde_json::from_str::<Listing>(&query.request_body) {
        Ok(listing) if listing.page.number >= 0 && listing.page.size > 0 && (listing.page.number + 1) * listing.page.size <= FARTHEST => {
            listing
        }
        _ => return error(StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
    };
    let fault = match sandbox.fault("get").await {
        Ok(fault) => fault,
        Err(e) => return broken(&e),
    };
    if let Some(answer) = play(fault.as_ref()).await {
        return answer;
    }
    let rows = async {
        let until = filter.until.unwrap_or_else(|| sandbox.clock.now());
        let mut connection = sandbox.embedded.connection().await?;
        sql_query(
            "SELECT payment FROM embedded.portone_payments
             WHERE ($1 IS NULL OR payment->>'storeId' = $1) AND (payment->>'statusChangedAt')::timestamptz >= $2
               AND (payment->>'statusChangedAt')::timestamptz <= $3 AND ($4 IS NULL OR payment->>'status' = ANY ($4))
             ORDER BY payment->>'statusChangedAt', id LIMIT $5 OFFSET $6",
        )
        .bind::<t::Nullable<t::Text>, _>(&filter.store_id)
        .bind::<t::Timestamptz, _>(filter.from.unwrap_or(until - chrono::Duration::days(90)))
        .bind::<t::Timestamptz, _>(until)
        .bind::<t::Nullable<t::Array<t::Text>>, _>(&filter.status)
        .bind::<t::BigInt, _>(page.size)
        .bind::<t::BigInt, _>(page.number * page.size)
        .load::<PaymentRow>(&mut connection)
        .await
        .map_err(failed)
    };
    let items: Vec<_> = match rows.await {
        Ok(rows) => rows.into_iter().map(|row| row.payment).collect(),
        Err(e) => return broken(&e),
    };
    let page = json!({ "number": page.number, "size": page.size, "totalCount": items.len() });
    severed(fault.as_ref()).unwrap_or_else(|| HttpResponse::Ok().json(json!({ "items": items, "page": page })))
}
