//! The books, as PortOne's API lists them: by cursor, and by page.

use actix_web::{HttpResponse, http::StatusCode, web};
use cheapbob_domain::shared::Clock;
use chrono::{DateTime, Utc};
use diesel::{sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{answers::broken, state::Sandbox},
    answers::{Merchant, error},
    books::{PaymentRow, shown},
    faults::{play, severed},
};
use crate::fakes::failed;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    pub(super) store_id: Option<String>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    pub(super) cursor: Option<String>,
    size: Option<usize>,
}

impl Listing {
    /// From when until when: the last 90 days, unless it is said.
    pub(super) fn range(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let until = self.until.unwrap_or(now);
        (self.from.unwrap_or(until - chrono::Duration::days(90)), until)
    }

    pub(super) fn size(&self) -> usize {
        self.size.unwrap_or(10)
    }
}

#[derive(Deserialize)]
pub(in crate::sandbox) struct ListQuery {
    #[serde(rename = "requestBody", default)]
    request_body: String,
}

impl ListQuery {
    fn text(&self) -> &str {
        if self.request_body.is_empty() { "{}" } else { &self.request_body }
    }

    /// What is to be listed by cursor. `None`: that is no request.
    pub(super) fn listing(&self) -> Option<Listing> {
        const LARGEST: usize = 1_000;
        serde_json::from_str::<Listing>(self.text()).ok().filter(|listing| (1..=LARGEST).contains(&listing.size()))
    }
}

/// `GET /payments-by-cursor`: by creation, from the cursor on.
pub(in crate::sandbox) async fn payments_by_cursor(_: Merchant, sandbox: web::Data<Sandbox>, query: web::Query<ListQuery>) -> HttpResponse {
    let Some(listing) = query.listing() else { return error(StatusCode::BAD_REQUEST, "INVALID_REQUEST") };
    let fault = match sandbox.fault("get").await {
        Ok(fault) => fault,
        Err(e) => return broken(&e),
    };
    if let Some(answer) = play(fault.as_ref()).await {
        return answer;
    }
    let page = async {
        let (from, until) = listing.range(sandbox.clock.now());
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
        .bind::<t::BigInt, _>(i64::try_from(listing.size()).unwrap_or(i64::MAX))
        .load::<PaymentRow>(&mut connection)
        .await
        .map_err(failed)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let answer = match page.await {
        Ok(rows) => {
            let item = |PaymentRow { payment }: PaymentRow| json!({ "cursor": text(&payment["requestedAt"]) + &text(&payment["id"]), "payment": shown(payment) });
            HttpResponse::Ok().json(json!({ "items": rows.into_iter().map(item).collect::<Vec<_>>() }))
        }
        Err(e) => return broken(&e),
    };
    severed(fault.as_ref()).unwrap_or(answer)
}

/// The largest `(number + 1) * size`.
const FARTHEST: u64 = 60_000;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Paged {
    page: PageInput,
    filter: Filter,
}

#[derive(Deserialize)]
#[serde(default)]
struct PageInput {
    number: u32,
    size: u32,
}

impl Default for PageInput {
    fn default() -> Self {
        Self { number: 0, size: 10 }
    }
}

/// What of PortOne's filter the sandbox's payments can differ in.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    store_id: Option<String>,
    timestamp_type: TimestampType,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    status: Option<Vec<Status>>,
    methods: Option<Vec<String>>,
    is_test: Option<bool>,
    currency: Option<String>,
    sort_by: SortBy,
    sort_order: SortOrder,
    text_search: Vec<TextSearch>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TimestampType {
    CreatedAt,
    #[default]
    StatusChangedAt,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum SortBy {
    #[default]
    RequestedAt,
    StatusChangedAt,
}

#[derive(Deserialize, Default, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum SortOrder {
    #[default]
    Desc,
    Asc,
}

/// A filter's word for a status: the payment itself says `PAY_PENDING` where this says `PENDING`.
#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Ready,
    #[serde(alias = "PAY_PENDING")]
    Pending,
    VirtualAccountIssued,
    Paid,
    Failed,
    PartialCancelled,
    Cancelled,
}

#[derive(Deserialize)]
struct TextSearch {
    field: String,
    value: String,
}

impl Filter {
    fn fits(&self, payment: &Value, until: DateTime<Utc>) -> bool {
        let from = self.from.unwrap_or(until - chrono::Duration::days(90));
        let at = match self.timestamp_type {
            TimestampType::CreatedAt => "requestedAt",
            TimestampType::StatusChangedAt => "statusChangedAt",
        };
        let is = |name: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| payment[name] == *wanted);
        let status = || Status::deserialize(&payment["status"]).ok();
        is("storeId", &self.store_id)
            && is("currency", &self.currency)
            && payment[at].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()).is_some_and(|at| from <= at && at <= until)
            && self.status.as_ref().is_none_or(|wanted| status().is_some_and(|status| wanted.contains(&status)))
            && self.methods.as_ref().is_none_or(|wanted| wanted.iter().any(|wanted| method(payment) == Some(wanted)))
            && self.is_test.is_none_or(|is_test| is_test)
            && self.text_search.iter().all(|search| search.finds(payment))
    }
}

/// The filter's word for how it is paid.
fn method(payment: &Value) -> Option<&'static str> {
    match payment["method"]["type"].as_str() {
        Some("PaymentMethodCard") => Some("CARD"),
        Some("PaymentMethodVirtualAccount") => Some("VIRTUAL_ACCOUNT"),
        _ => None,
    }
}

impl TextSearch {
    fn finds(&self, payment: &Value) -> bool {
        let holds = |name: &str| payment[name].as_str().is_some_and(|text| text.contains(&self.value));
        match self.field.as_str() {
            "ALL" => ["id", "transactionId", "orderName", "pgTxId"].into_iter().any(holds),
            "PAYMENT_ID" => holds("id"),
            "TX_ID" => holds("transactionId"),
            "ORDER_NAME" => holds("orderName"),
            "PG_TX_ID" => holds("pgTxId"),
            _ => false,
        }
    }
}

/// `GET /payments`: a page of what a filter finds, newest first.
pub(in crate::sandbox) async fn payments(_: Merchant, sandbox: web::Data<Sandbox>, query: web::Query<ListQuery>) -> HttpResponse {
    let Paged { page, filter } = match serde_json::from_str::<Paged>(query.text()) {
        Ok(asked) if asked.page.size > 0 && (u64::from(asked.page.number) + 1) * u64::from(asked.page.size) <= FARTHEST => asked,
        _ => return error(StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
    };
    let rows = async {
        let mut connection = sandbox.embedded.connection().await?;
        sql_query("SELECT payment FROM embedded.portone_payments").load::<PaymentRow>(&mut connection).await.map_err(failed)
    };
    let until = filter.until.unwrap_or_else(|| sandbox.clock.now());
    let mut found: Vec<Value> = match rows.await {
        Ok(rows) => rows.into_iter().map(|row| row.payment).filter(|payment| filter.fits(payment, until)).collect(),
        Err(e) => return broken(&e),
    };
    let by = match filter.sort_by {
        SortBy::RequestedAt => "requestedAt",
        SortBy::StatusChangedAt => "statusChangedAt",
    };
    // One format, one zone: their order as texts is that of the instants.
    found.sort_by_cached_key(|payment| [by, "id"].map(|name| payment[name].as_str().unwrap_or_default().to_owned()));
    if filter.sort_order == SortOrder::Desc {
        found.reverse();
    }
    let (total, skipped) = (found.len(), page.number as usize * page.size as usize);
    let items: Vec<_> = found.into_iter().skip(skipped).take(page.size as usize).map(shown).collect();
    HttpResponse::Ok().json(json!({ "items": items, "page": { "number": page.number, "size": page.size, "totalCount": total } }))
}
