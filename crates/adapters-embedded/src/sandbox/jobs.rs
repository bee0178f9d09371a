use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use cheapbob_domain::tasks::JobRun;
use cheapbob_pages::{page, wants_html};
use serde_json::json;

use super::{
    answers::{broken, kst_time, plain_error, see},
    state::Sandbox,
};

#[derive(Template)]
#[template(path = "sandbox/jobs.html")]
struct JobsPage {
    jobs: Vec<Job>,
}

struct Job {
    name: &'static str,
    schedule: String,
    /// The latest, newest first.
    runs: Vec<Run>,
}

struct Run {
    status: String,
    due: String,
    error: String,
}

impl From<JobRun> for Run {
    fn from(run: JobRun) -> Self {
        Self { status: run.status, due: kst_time(run.due_at), error: run.last_error.unwrap_or_default() }
    }
}

/// A schedule (cron with seconds, KST) as a person reads it; one that is not known stays as it is.
fn in_words(schedule: &str) -> String {
    let fields: Vec<_> = schedule.split(' ').collect();
    let [second, minute, hour, "*", "*", weekday] = fields[..] else { return schedule.to_owned() };
    let every = |field: &str, unit: &str| field.strip_prefix("*/").map(|n| format!("every {n} {unit}"));
    if let Some(words) = every(second, "seconds").or_else(|| every(minute, "minutes")) {
        return words;
    }
    match (minute.parse::<u8>(), hour.parse::<u8>(), weekday) {
        (Ok(m), Ok(h), "*") => format!("each day at {h:02}:{m:02} KST"),
        (Ok(m), Ok(h), "SUN") => format!("each Sunday at {h:02}:{m:02} KST"),
        (Ok(m), Err(_), "*") if hour == "*" => format!("each hour at minute {m}"),
        (Err(_), Err(_), "*") if (minute, hour) == ("*", "*") => "every minute".to_owned(),
        _ => schedule.to_owned(),
    }
}

pub(super) async fn list(sandbox: web::Data<Sandbox>, request: HttpRequest) -> HttpResponse {
    let mut jobs = Vec::new();
    for (name, schedule) in sandbox.jobs.jobs() {
        match sandbox.jobs.last_runs(name).await {
            Ok(runs) => jobs.push((name, schedule, runs)),
            Err(e) => return broken(&e),
        }
    }
    if !wants_html(&request) {
        let jobs: Vec<_> =
            jobs.iter().map(|(name, schedule, runs)| json!({ "name": name, "schedule": schedule, "last_runs": runs })).collect();
        return HttpResponse::Ok().json(json!({ "jobs": jobs }));
    }
    let job = |(name, schedule, runs): (_, &str, Vec<JobRun>)| Job {
        name,
        schedule: in_words(schedule),
        runs: runs.into_iter().take(3).map(Run::from).collect(),
    };
    page(&JobsPage { jobs: jobs.into_iter().map(job).collect() })
}

pub(super) async fn run(sandbox: web::Data<Sandbox>, request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    match sandbox.jobs.run_once(&name, None).await {
        Ok(Some(run)) if wants_html(&request) => see(&format!("/sandbox/jobs#{}", run.job)),
        Ok(Some(run)) => HttpResponse::Ok().json(run),
        Ok(None) => plain_error(404, "no such job"),
        Err(e) => broken(&e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_in_words() {
        for (schedule, words) in [
            ("*/2 * * * * *", "every 2 seconds"),
            ("0 * * * * *", "every minute"),
            ("30 */10 * * * *", "every 10 minutes"),
            ("0 30 * * * *", "each hour at minute 30"),
            ("0 10 4 * * *", "each day at 04:10 KST"),
            ("0 55 5 * * SUN", "each Sunday at 05:55 KST"),
            ("0 0 4 1 * *", "0 0 4 1 * *"),
        ] {
            assert_eq!(in_words(schedule), words);
        }
    }
}
