use actix_web::{HttpResponse, web};
use serde_json::json;

use super::{
    answers::{broken, plain_error},
    state::Sandbox,
};

pub(super) async fn list(sandbox: web::Data<Sandbox>) -> HttpResponse {
    let mut jobs = Vec::new();
    for (name, schedule) in sandbox.jobs.jobs() {
        match sandbox.jobs.last_runs(name).await {
            Ok(runs) => jobs.push(json!({ "name": name, "schedule": schedule, "last_runs": runs })),
            Err(e) => return broken(&e),
        }
    }
    HttpResponse::Ok().json(json!({ "jobs": jobs }))
}

pub(super) async fn run(sandbox: web::Data<Sandbox>, name: web::Path<String>) -> HttpResponse {
    match sandbox.jobs.run_once(&name, None).await {
        Ok(Some(run)) => HttpResponse::Ok().json(run),
        Ok(None) => plain_error(404, "no such job"),
        Err(e) => broken(&e),
    }
}
