use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_domain::operators::DiscrepancyView;
use cheapbob_pages::page;

use super::{frame::Frame, words};
use crate::{error::Result, operator_session::CurrentOperator, state::App};

#[derive(Template)]
#[template(path = "operators/discrepancies.html")]
struct Page {
    frame: Frame,
    all: Vec<DiscrepancyView>,
}

/// Where our books and PortOne's differ, open ones first.
#[get("/operator/discrepancies")]
pub(super) async fn list(app: Data<App>, operator: CurrentOperator) -> Result<HttpResponse> {
    let all = app.services.console.discrepancies().await?;
    Ok(page(&Page { frame: Frame::of(&operator), all }))
}
