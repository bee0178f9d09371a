//! Who the operators are.

use actix_web::{HttpResponse, get, http::header, post, web::Data};
use askama::Template;
use cheapbob_domain::{
    operators::{Operator, OperatorRole, reason},
    shared::{Email, Validation},
};
use cheapbob_pages::page;
use serde::Deserialize;

use super::{form::Posted, frame::Frame, words};
use crate::{
    error::{ApiError, Result},
    operator_session::CurrentOperator,
    refusals::INVALID,
    state::App,
};

#[derive(Template)]
#[template(path = "operators/team.html")]
struct Page {
    frame: Frame,
    operators: Vec<Operator>,
    roles: Vec<OperatorRole>,
}

#[derive(Deserialize)]
struct Invited {
    email: String,
    role: String,
    reason: String,
}

#[derive(Deserialize)]
struct Removed {
    email: String,
    reason: String,
}

/// Everybody who may log in.
#[get("/operator/team")]
pub(super) async fn list(app: Data<App>, operator: CurrentOperator) -> Result<HttpResponse> {
    let operators = app.services.team.list().await?;
    Ok(page(&Page { frame: Frame::of(&operator), operators, roles: OperatorRole::all().collect() }))
}

/// Invites somebody, or gives them another role.
#[post("/operator/team/invite")]
pub(super) async fn invite(app: Data<App>, operator: CurrentOperator, form: Posted<Invited>) -> Result<HttpResponse> {
    let (email, why) = parsed(&form.0.email, &form.0.reason)?;
    let role = OperatorRole::parse(&form.0.role).ok_or(ApiError::from(INVALID))?;
    app.services.team.invite(&email, role, &why, Some(&operator.by())).await?;
    Ok(back())
}

/// Removes somebody; their sessions end with it.
#[post("/operator/team/remove")]
pub(super) async fn remove(app: Data<App>, operator: CurrentOperator, form: Posted<Removed>) -> Result<HttpResponse> {
    let (email, why) = parsed(&form.0.email, &form.0.reason)?;
    app.services.team.remove(&email, &why, Some(&operator.by())).await?;
    Ok(back())
}

fn parsed(email: &str, why: &str) -> Result<(Email, String)> {
    let mut check = Validation::default();
    let email = check.check("email", Email::parse(email));
    let why = check.check("reason", reason(why));
    Ok(check.finish(|| email.zip(why))?)
}

fn back() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, "/operator/team")).finish()
}
