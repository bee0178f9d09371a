use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, get, http::StatusCode, web::Data};
use cheapbob_domain::shared::Error;
use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::App;

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

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
    /// Each part by name; in production it is nobody's business which of them is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<BTreeMap<&'static str, Part>>,
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
    // All at once, and none for longer than whoever asks waits.
    let asked = app.probes.iter().map(|(name, probe)| async move {
        let begin = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, probe()).await.unwrap_or_else(|_| Err(Error::unavailable(name, "no answer in time")));
        if let Err(error) = &answer {
            tracing::warn!(part = name, %error, "a part is down");
        }
        metrics::gauge!("cheapbob_part_up", "part" => *name).set(f64::from(u8::from(answer.is_ok())));
        (*name, Part { status: if answer.is_ok() { "ok" } else { "down" }, ms: begin.elapsed().as_millis() as u64 })
    });
    let parts: BTreeMap<_, _> = join_all(asked).await.into_iter().collect();
    let whole = parts.values().all(|part| part.status == "ok");
    let status = if whole { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let parts = Some(parts).filter(|_| !app.switches.production);
    HttpResponse::build(status).json(Readiness { status: if whole { "ok" } else { "down" }, parts })
}
