use actix_web::{
    HttpRequest, HttpResponse,
    cookie::time::Duration,
    get,
    http::header,
    web::{Data, Path},
};
use cheapbob_domain::users::{Provider, Role};
use serde::Deserialize;

use super::flow::Flow;
use crate::{
    error::{ApiError, Result},
    extract::Query,
    refusals::NOT_FOUND,
    state::App,
};

#[derive(Deserialize)]
struct Asked {
    state: Option<String>,
}

pub(super) fn parse(provider: &str, role: &str) -> Result<(Provider, Role)> {
    Provider::parse(provider).zip(Role::parse(role)).ok_or(ApiError::from(NOT_FOUND))
}

/// To the provider's login page.
#[utoipa::path(
    tag = "auth",
    params(("provider" = String, Path, example = "google"), ("role" = String, Path, example = "customer"), ("state" = Option<String>, Query, description = "1004: come back to the local front end (development)")),
    responses((status = 302, description = "to the provider"))
)]
#[get("/auth/{provider}/login/{role}")]
pub(super) async fn login(app: Data<App>, request: HttpRequest, path: Path<(String, String)>, query: Query<Asked>) -> Result<HttpResponse> {
    let (provider, role) = parse(&path.0, &path.1)?;
    let start = app.services.sign_in.start(provider, role, app.is_local(query.0.state.as_deref())).await?;
    let mut response = HttpResponse::Found();
    response.insert_header((header::LOCATION, start.authorize_url));
    for cookie in Flow::Login.cookie(&start.state, start.browser, Duration::minutes(10)).into_iter().chain(Flow::Login.left(&request)) {
        response.cookie(cookie);
    }
    Ok(response.finish())
}
