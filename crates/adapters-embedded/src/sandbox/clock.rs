use actix_web::{HttpRequest, HttpResponse, web};
use cheapbob_domain::shared::{Clock, kst};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;

use super::{
    answers::{body, broken, plain_error},
    state::Sandbox,
};

#[derive(Deserialize)]
struct SetClock {
    now: DateTime<Utc>,
}

fn answer(sandbox: &Sandbox) -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "now": kst::local(sandbox.clock.now()).to_rfc3339_opts(SecondsFormat::Millis, false) }))
}

pub(super) async fn read(sandbox: web::Data<Sandbox>) -> HttpResponse {
    answer(&sandbox)
}

pub(super) async fn set(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    match body::<SetClock>(&request, &bytes) {
        Ok(SetClock { now }) => moved(&sandbox, Some(now)).await,
        Err(e) => plain_error(422, &format!("{e}; expected {{\"now\":\"2026-11-24T04:00:00+09:00\"}}")),
    }
}

pub(super) async fn reset(sandbox: web::Data<Sandbox>) -> HttpResponse {
    moved(&sandbox, None).await
}

async fn moved(sandbox: &Sandbox, now: Option<DateTime<Utc>>) -> HttpResponse {
    match sandbox.clock.set(&sandbox.embedded, now).await {
        Ok(()) => answer(sandbox),
        Err(e) => broken(&e),
    }
}
