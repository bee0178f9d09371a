use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_domain::operators::{RunView, WorkView};
use cheapbob_pages::page;

use super::{frame::Frame, words};
use crate::{error::Result, operator_session::CurrentOperator, state::App};

#[derive(Template)]
#[template(path = "operators/work.html")]
struct Page {
    frame: Frame,
    view: WorkView,
    jobs: Vec<(&'static str, &'static str)>,
}

impl Page {
    fn last(&self, job: &str) -> Option<&RunView> {
        self.view.runs.iter().find(|run| run.job == job)
    }
}

/// Jobs with their last runs, what waits, and what waits for a person.
#[get("/operator/work")]
pub(super) async fn work(app: Data<App>, operator: CurrentOperator) -> Result<HttpResponse> {
    let view = app.services.console.work().await?;
    Ok(page(&Page { frame: Frame::of(&operator), view, jobs: cheapbob_jobs::schedules().collect() }))
}
