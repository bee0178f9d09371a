use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_domain::reviews::Reported;
use cheapbob_pages::page;

use super::{frame::Frame, words};
use crate::{error::Result, operator_session::CurrentOperator, state::App};

/// As many as one page shows.
const ROWS: i64 = 100;

#[derive(Template)]
#[template(path = "operators/reviews.html")]
struct Page {
    frame: Frame,
    reviews: Vec<Reported>,
}

/// Reviews that were reported or are hidden, the most reported first.
#[get("/operator/reviews")]
pub(super) async fn list(app: Data<App>, operator: CurrentOperator) -> Result<HttpResponse> {
    let reviews = app.services.reviews.reported(ROWS).await?;
    Ok(page(&Page { frame: Frame::of(&operator), reviews }))
}
