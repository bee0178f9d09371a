use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_domain::operators::OperatorLogEntry;
use cheapbob_pages::page;

use super::{frame::Frame, words};
use crate::{error::Result, operator_session::CurrentOperator, state::App};

#[derive(Template)]
#[template(path = "operators/log.html")]
struct Page {
    frame: Frame,
    entries: Vec<OperatorLogEntry>,
}

/// What operators looked at and did.
#[get("/operator/log")]
pub(super) async fn log(app: Data<App>, operator: CurrentOperator) -> Result<HttpResponse> {
    let entries = app.services.console.log().await?;
    Ok(page(&Page { frame: Frame::of(&operator), entries }))
}
