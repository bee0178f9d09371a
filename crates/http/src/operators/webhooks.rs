use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_domain::operators::MessageView;
use cheapbob_pages::page;

use super::{frame::Frame, words};
use crate::{error::Result, operator_session::CurrentOperator, state::App};

#[derive(Template)]
#[template(path = "operators/webhooks.html")]
struct Page {
    frame: Frame,
    messages: Vec<MessageView>,
}

/// What PortOne has sent that was believed. What was not is in the log alone: nobody has signed it.
#[get("/operator/webhooks")]
pub(super) async fn list(app: Data<App>, operator: CurrentOperator) -> Result<HttpResponse> {
    let messages = app.services.console.messages().await?;
    Ok(page(&Page { frame: Frame::of(&operator), messages }))
}
