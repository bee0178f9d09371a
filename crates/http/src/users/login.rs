use actix_web::{
    HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    get,
    http::header,
    web::{Data, Path},
};
use cheapbob_domain::users::{Provider, Role};
use serde::Deserialize;

use crate::{
    error::{ApiError, Result},
    extract::Query,
    refusals::NOT_FOUND,
    state::App,
};

/// The browser's share of a login under way.
pub(super) const LOGIN_COOKIE: &str = "login";

#[derive(Deserialize)]
struct Asked {
    state: Option<String>,
}

pub(super) fn parse(provider: &str, role: &str) -> Result<(Provider, Role)> {
    Provider::parse(provider).zip(Role::parse(role)).ok_or(ApiError::from(NOT_FOUND))
}

/// For the provider's redirect back only: Lax lets that one through.
pub(super) fn login_cookie(secret: &str, life: Duration) -> Cookie<'static> {
    Cookie::build(LOGIN_COOKIE, secret.to_owned())
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Lax)
        .path("/api/v1/auth")
        .max_age(life)
        .finish()
}

/// To the provider's login page.
#[utoipa::path(
    tag = "auth",
    params(("provider" = String, Path, example = "google"), ("role" = String, Path, example = "customer"), ("state" = Option<String>, Query, description = "1004: come back to the local front end (development)")),
    responses((status = 302, description = "to the provider"))
)]
#[get("/auth/{provider}/login/{role}")]
pub(super) async fn login(app: Data<App>, path: Path<(String, String)>, query: Query<Asked>) -> Result<HttpResponse> {
    let (provider, role) = parse(&path.0, &path.1)?;
    let start = app.services.sign_in.start(provider, role, query.0.state.as_deref()).await?;
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, start.authorize_url))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .cookie(login_cookie(&start.browser, Duration::minutes(10)))
        .finish())
}
