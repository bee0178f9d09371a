use actix_web::{
    HttpRequest, HttpResponse,
    cookie::time::Duration,
    get,
    http::header,
    web::{Data, Path},
};
use cheapbob_domain::{
    shared::{Error, ErrorKind},
    users::{Callback, SignedIn},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::login::{LOGIN_COOKIE, login_cookie, parse};
use crate::{
    auth,
    error::{ApiError, Result},
    extract::{Query, wants_html},
    state::App,
};

#[derive(Deserialize)]
struct Brought {
    code: Option<SecretString>,
    state: Option<String>,
    error: Option<String>,
}

/// Back from the provider.
#[utoipa::path(
    tag = "auth",
    params(("provider" = String, Path, example = "google"), ("role" = String, Path, example = "customer"), ("code" = Option<String>, Query), ("state" = Option<String>, Query), ("error" = Option<String>, Query)),
    responses((status = 302, description = "to the front end's /auth/success or /auth/fail"))
)]
#[get("/auth/{provider}/callback/{role}")]
pub(super) async fn callback(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
    query: Query<Brought>,
) -> Result<HttpResponse> {
    let (provider, role) = parse(&path.0, &path.1)?;
    let Brought { code, state, error } = query.0;
    let browser = request.cookie(LOGIN_COOKIE).map(|c| c.value().to_owned());
    let finished = app.services.sign_in.finish(&Callback { provider, role, code, state, error, browser }).await;
    match finished {
        Ok(signed_in) => success(&app, &signed_in),
        Err(failure) => fail(&app, &request, failure.error, failure.local),
    }
}

/// The front end's address: the local one where the login began there.
fn frontend(app: &App, local: bool) -> String {
    let switches = &app.switches;
    let local = switches.frontend_local_url.as_ref().filter(|_| local);
    local.or(switches.frontend_url.as_ref()).cloned().unwrap_or_default()
}

fn success(app: &App, signed_in: &SignedIn) -> Result<HttpResponse> {
    let account = &signed_in.account;
    let token = app.services.sessions.begin(account, signed_in.local)?;
    let target = format!(
        "{}/auth/success?status={}&conflict={}",
        frontend(app, signed_in.local),
        signed_in.status.as_str(),
        u8::from(signed_in.conflict)
    );
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, target))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .cookie(auth::cookie(Some(&token), signed_in.local, app))
        .cookie(login_cookie("", Duration::ZERO))
        .finish())
}

fn fail(app: &App, request: &HttpRequest, error: Error, local: bool) -> Result<HttpResponse> {
    let code = match &error {
        Error::Refused(refusal) => refusal.code,
        Error::Unavailable { .. } => "provider_unavailable",
        Error::Invalid(_) | Error::Internal { .. } => "internal",
    };
    tracing::warn!(code, %error, "login failed");
    if wants_html(request) {
        let target = format!("{}/auth/fail?code={code}", frontend(app, local));
        return Ok(HttpResponse::Found()
            .insert_header((header::LOCATION, target))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish());
    }
    // The contract: 400 for a provider error as well.
    match error.kind() {
        ErrorKind::Unavailable => Err(ApiError::from(cheapbob_domain::users::error::PROVIDER_REFUSED)),
        _ => Err(error.into()),
    }
}
