use std::{collections::BTreeMap, time::Instant};

use actix_web::{HttpResponse, get, http::StatusCode, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::App;

#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
struct Part {
    /// `ok` or `down`.
    status: &'static str,
    /// How long its answer took.
    ms: u64,
}

#[derive(Serialize, ToSchema)]
struct Readiness {
    /// `ok` or `down`.
    status: &'static str,
    /// Each part by name.
    parts: BTreeMap<&'static str, Part>,
}

/// Requests are served.
#[utoipa::path(tag = "root", responses((status = 200, body = Health)))]
#[get("/health")]
pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// The process lives.
#[utoipa::path(tag = "root", responses((status = 200, body = Health)))]
#[get("/health/live")]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Everything that requests need answers.
#[utoipa::path(tag = "root", responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
#[get("/health/ready")]
pub(crate) async fn ready(app: Data<App>) -> HttpResponse {
    let mut parts = BTreeMap::new();
    let mut whole = true;
    for (name, probe) in &app.probes {
        let begin = Instant::now();
        let answer = probe().await;
        if let Err(error) = &answer {
            tracing::warn!(part = name, %error, "a part is down");
        }
        whole &= answer.is_ok();
        parts.insert(*name, Part { status: if answer.is_ok() { "ok" } else { "down" }, ms: begin.elapsed().as_millis() as u64 });
    }
    let status = if whole { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    HttpResponse::build(status).json(Readiness { status: if whole { "ok" } else { "down" }, parts })
}
