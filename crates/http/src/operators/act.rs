//! What is done: asked first, done once, and its outcome shown.

use actix_web::{
    HttpResponse, ResponseError, get, post,
    web::{Data, Path},
};
use askama::Template;
use cheapbob_domain::{
    disputes::Decision,
    operators::{Acted, Ask, error, reason},
    shared::{Email, Error, FieldError, PaymentId, Result as DomainResult, ReviewId, StoreId},
};
use cheapbob_pages::page;
use serde::Deserialize;

use super::{action::Action, form::Posted, frame::Frame};
use crate::{
    error::{ApiError, Result},
    extract::Query,
    operator_session::CurrentOperator,
    state::App,
};

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    about: String,
}

#[derive(Template)]
#[template(path = "operators/act.html")]
struct Question {
    frame: Frame,
    action: Action,
    /// As the path names it.
    name: String,
    about: String,
    form: String,
    wrong: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "operators/acted.html")]
struct Answer {
    frame: Frame,
    title: &'static str,
    way: String,
    said: String,
    before: bool,
    failed: bool,
}

#[derive(Deserialize)]
struct Filled {
    about: String,
    form: String,
    reason: String,
}

/// Says what it will do, and asks why.
#[get("/operator/do/{action}")]
pub(super) async fn ask(app: Data<App>, operator: CurrentOperator, path: Path<String>, query: Query<Which>) -> Result<HttpResponse> {
    let action = Action::parse(&path).ok_or(ApiError::from(error::NOTHING_THERE))?;
    Ok(page(&question(&app, &operator, action, path.into_inner(), query.0.about, None)))
}

fn question(app: &App, operator: &CurrentOperator, action: Action, name: String, about: String, wrong: Option<&'static str>) -> Question {
    Question { frame: Frame::of(operator), action, name, about, form: app.services.ids.ulid(), wrong }
}

/// Does it, once for each question.
#[post("/operator/do/{action}")]
pub(super) async fn act(app: Data<App>, operator: CurrentOperator, path: Path<String>, form: Posted<Filled>) -> Result<HttpResponse> {
    let action = Action::parse(&path).ok_or(ApiError::from(error::NOTHING_THERE))?;
    let Filled { about, form, reason: typed } = form.0;
    if form.len() != 26 || !form.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(error::FOREIGN_FORM.into());
    }
    // Ids, e-mails and names of jobs: a store need not be asked about anything else.
    if about.len() > 300 || about.chars().any(char::is_control) {
        return Err(error::NOTHING_THERE.into());
    }
    let why = match reason(&typed) {
        Ok(why) => why,
        Err(rule) => {
            let mut response = page(&question(&app, &operator, action, path.into_inner(), about, Some(rule.message)));
            *response.status_mut() = ApiError::from(Error::Invalid(vec![FieldError { field: "reason".to_owned(), rule }])).status_code();
            return Ok(response);
        }
    };
    let asked = Ask { by: operator.by(), form, reason: why };
    let acted = perform(&app, action, &asked, &about).await;
    Ok(shown(&operator, action, &about, acted))
}

async fn perform(app: &App, action: Action, asked: &Ask<'_>, about: &str) -> DomainResult<Acted> {
    let actions = &app.services.actions;
    let payment = || PaymentId::parse(about).ok_or(error::NOTHING_THERE);
    let entry = || about.parse().map_err(|_| error::NOTHING_THERE);
    let review = || ReviewId::parse(about).ok_or(error::NOTHING_THERE);
    let store = || StoreId::parse(about).ok_or(error::NOTHING_THERE);
    match action {
        Action::Reconcile => actions.reconcile(asked, &payment()?).await,
        Action::Cancel => actions.cancel(asked, &payment()?).await,
        Action::Expedite => actions.expedite(asked, &payment()?).await,
        Action::Resend => actions.resend(asked, about).await,
        Action::RetryTask => actions.retry_task(asked, about).await,
        Action::DropTask => actions.drop_task(asked, about).await,
        Action::RunJob => {
            let attempts = cheapbob_jobs::attempts(about).ok_or(error::NOTHING_THERE)?;
            actions.run_job(asked, about, attempts).await
        }
        Action::Assign => actions.assign(asked, entry()?).await,
        Action::Close => actions.close(asked, entry()?).await,
        Action::HideReview => actions.hide_review(asked, &review()?, true).await,
        Action::ShowReview => actions.hide_review(asked, &review()?, false).await,
        Action::ApproveStore => actions.decide_approval(asked, &store()?, true).await,
        Action::RefuseStore => actions.decide_approval(asked, &store()?, false).await,
        Action::RefundDispute => actions.decide_dispute(asked, &payment()?, Decision::Refund).await,
        Action::DismissDispute => actions.decide_dispute(asked, &payment()?, Decision::Nothing).await,
        Action::EndSessions => {
            let email = Email::parse(about).map_err(|_| error::NOTHING_THERE)?;
            actions.end_sessions(asked, &email).await
        }
    }
}

fn shown(operator: &CurrentOperator, action: Action, about: &str, acted: DomainResult<Acted>) -> HttpResponse {
    let answer = |said: String, before, failed| {
        page(&Answer { frame: Frame::of(operator), title: action.title(), way: action.way(about), said, before, failed })
    };
    match acted {
        Ok(Acted::Now(said)) => answer(said, false, false),
        Ok(Acted::Before(said)) => {
            let unknown = || "아직 처리 중이거나, 끝났는지 알 수 없습니다. 지금 상태를 확인해 주세요.".to_owned();
            answer(said.unwrap_or_else(unknown), true, false)
        }
        Err(error) => {
            let error = ApiError::from(error);
            tracing::info!(%error, "what an operator asked for was not done");
            let mut response = answer(error.sentence().to_owned(), false, true);
            *response.status_mut() = error.status_code();
            response
        }
    }
}
