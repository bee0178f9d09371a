//! To a provider and back.

use actix_web::{
    HttpRequest, HttpResponse, Route,
    cookie::{SameSite, time::Duration},
    get,
    guard::{self, GuardContext},
    http::header,
    web::{self, Data, Path},
};
use askama::Template;
use cheapbob_domain::users::{Callback, OPERATOR_STATE, Provider, Role};
use cheapbob_pages::{page, page_that_leads_out};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    error::{ApiError, Result},
    extract::Query,
    operator_session,
    refusals::NOT_FOUND,
    state::App,
    users::Flow,
};

#[derive(Template)]
#[template(path = "operators/login.html")]
struct Page {
    providers: [Provider; 2],
}

/// Which provider. Naver is none of them: it vouches for nobody's e-mail.
#[get("/operator/login")]
pub(super) async fn login() -> HttpResponse {
    page_that_leads_out(&Page { providers: [Provider::Google, Provider::Kakao] })
}

/// To the provider's login page.
#[get("/operator/start/{provider}")]
pub(super) async fn start(app: Data<App>, provider: Path<String>) -> Result<HttpResponse> {
    let provider = Provider::parse(&provider).ok_or(ApiError::from(NOT_FOUND))?;
    let start = app.services.operator_sign_in.start(provider).await?;
    let mut response = HttpResponse::Found();
    response.insert_header((header::LOCATION, start.authorize_url));
    if let Some(cookie) = Flow::Login.cookie(&start.state, start.browser, Duration::minutes(10)) {
        response.cookie(cookie);
    }
    Ok(response.finish())
}

/// The customers' address, inside of the API's scope: providers know it already.
pub(crate) const CALLBACK: &str = "/auth/{provider}/callback/{role}";

/// Operators' logins come back here; everybody else's pass by.
pub(crate) fn callback() -> Route {
    web::get().guard(guard::fn_guard(is_operators)).to(finish)
}

fn is_operators(context: &GuardContext<'_>) -> bool {
    let query = context.head().uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "state" && value.starts_with(OPERATOR_STATE))
}

#[derive(Deserialize)]
struct Brought {
    code: Option<SecretString>,
    state: Option<String>,
    error: Option<String>,
}

async fn finish(app: Data<App>, request: HttpRequest, path: Path<(String, String)>, query: Query<Brought>) -> Result<HttpResponse> {
    let (provider, role) = Provider::parse(&path.0).zip(Role::parse(&path.1)).ok_or(ApiError::from(NOT_FOUND))?;
    let Brought { code, state, error } = query.0;
    let browser = state.as_deref().and_then(|state| Flow::Login.secret(&request, state));
    let end = state.as_deref().and_then(|state| Flow::Login.end(state));
    let finished = app.services.operator_sign_in.finish(&Callback { provider, role, code, state, error, browser }).await;
    let session = match finished {
        Ok(session) => session,
        Err(error) => return Ok(failed(&ApiError::from(error))),
    };
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, "/operator/code")).cookie(operator_session::cookie(&app, &session, SameSite::Lax));
    if let Some(end) = end {
        response.cookie(end);
    }
    Ok(response.finish())
}

#[derive(Template)]
#[template(path = "operators/refused.html")]
struct Refused {
    text: &'static str,
}

/// Under the API's path, where refusals are JSON; this one is for a person.
fn failed(error: &ApiError) -> HttpResponse {
    use actix_web::ResponseError;
    tracing::info!(%error, "an operator's login was not completed");
    let mut response = page(&Refused { text: error.sentence() });
    *response.status_mut() = error.status_code();
    response
}
