use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    cookie::{Cookie, time::Duration},
    get,
    http::header,
    web::{Data, Path},
};
use cheapbob_domain::{
    shared::{Error, ErrorKind},
    users::{Callback, SignInFailure, SignedIn, TAKEOVER_LIFE},
};
use cheapbob_pages::wants_html;
use secrecy::SecretString;
use serde::Deserialize;

use super::{flow::Flow, login::parse};
use crate::{
    auth,
    error::{ApiError, Result},
    extract::Query,
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
    let browser = state.as_deref().and_then(|state| Flow::Login.secret(&request, state));
    let end = state.as_deref().and_then(|state| Flow::Login.end(state));
    let finished = app.services.sign_in.finish(&Callback { provider, role, code, state, error, browser }).await;
    match finished {
        Ok(signed_in) => success(&app, &request, &signed_in, end).await,
        Err(failure) => fail(&app, &request, failure, end.as_ref()),
    }
}

/// The front end's address: the local one where the login began there.
fn frontend(app: &App, local: bool) -> String {
    let switches = &app.switches;
    let local = switches.frontend_local_url.as_ref().filter(|_| local);
    local.or(switches.frontend_url.as_ref()).cloned().unwrap_or_default()
}

/// Somebody is in; `end` takes away the cookie of the flow that led here. The session that this browser had before is over.
pub(super) async fn success(app: &App, request: &HttpRequest, signed_in: &SignedIn, end: Option<Cookie<'static>>) -> Result<HttpResponse> {
    if let Err(error) = app.services.sessions.end(auth::token(request).as_deref()).await {
        tracing::warn!(%error, "the session before a login was not ended; it goes on until it expires");
    }
    let account = &signed_in.account;
    let token = app.services.sessions.begin(account, signed_in.local)?;
    tracing::info!(role = account.role.as_str(), "somebody logged in");
    let target = format!(
        "{}/auth/success?status={}&conflict={}",
        frontend(app, signed_in.local),
        signed_in.status.as_str(),
        u8::from(signed_in.conflict)
    );
    let mut response = HttpResponse::Found();
    response.insert_header((header::LOCATION, target)).cookie(auth::cookie(&token));
    if let Some(end) = end {
        response.cookie(end);
    }
    Ok(response.finish())
}

/// Nobody is in: a browser is sent to the page that says why, a program is told.
pub(super) fn fail(app: &App, request: &HttpRequest, failure: SignInFailure, end: Option<&Cookie<'static>>) -> Result<HttpResponse> {
    let SignInFailure { error, local, takeover } = failure;
    let code = match &error {
        Error::Refused(refusal) | Error::TooMany { refusal, .. } => refusal.code,
        Error::Unavailable { .. } => "provider_unavailable",
        Error::Invalid(_) | Error::Internal { .. } => "internal",
    };
    match &error {
        // A person's doing, as pressing "deny": nobody need look at it.
        Error::Refused(_) | Error::TooMany { .. } => tracing::info!(code, "a login was not completed"),
        Error::Unavailable { .. } | Error::Invalid(_) | Error::Internal { .. } => tracing::warn!(code, %error, "login failed"),
    }
    let takeover =
        takeover.and_then(|secrets| Flow::Takeover.cookie(&secrets.token, secrets.browser, Duration::minutes(TAKEOVER_LIFE.num_minutes())));
    let mut response = if wants_html(request) {
        HttpResponse::Found().insert_header((header::LOCATION, format!("{}/auth/fail?code={code}", frontend(app, local)))).finish()
    } else {
        match error.kind() {
            ErrorKind::Refused => ApiError::from(error).error_response(),
            // The contract: 400 for a provider error as well.
            ErrorKind::Unavailable => return Err(ApiError::from(cheapbob_domain::users::error::PROVIDER_REFUSED)),
            _ => return Err(error.into()),
        }
    };
    for cookie in takeover.iter().chain(end) {
        // Fails only for a name that is no cookie name.
        let _ = response.add_cookie(cookie);
    }
    Ok(response)
}
