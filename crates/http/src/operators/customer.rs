use actix_web::{
    HttpResponse, get,
    web::{Data, Path},
};
use askama::Template;
use cheapbob_domain::{
    operators::{CustomerView, OperatorLogEntry, error},
    shared::Email,
};
use cheapbob_pages::page;

use super::{frame::Frame, words};
use crate::{
    error::{ApiError, Result},
    operator_session::CurrentOperator,
    state::App,
};

#[derive(Template)]
#[template(path = "operators/customer.html")]
struct Page {
    frame: Frame,
    view: CustomerView,
    log: Vec<OperatorLogEntry>,
}

/// A person with an account.
#[get("/operator/customers/{email}")]
pub(super) async fn customer(app: Data<App>, operator: CurrentOperator, email: Path<String>) -> Result<HttpResponse> {
    let email = Email::parse(&email).map_err(|_| ApiError::from(error::NOTHING_THERE))?;
    let (view, log) = app.services.console.customer(&operator.by(), &email).await?;
    Ok(page(&Page { frame: Frame::of(&operator), view, log }))
}
