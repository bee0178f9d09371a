use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_pages::page;
use serde::Deserialize;

use crate::{
    auth,
    error::{ApiError, Result},
    extract::Query,
    refusals::NOT_FOUND,
    state::App,
};

#[derive(Template)]
#[template(path = "root/auth_success.html")]
struct Success {
    /// `None`: the cookie names no session.
    who: Option<Who>,
    /// The sandbox is mounted.
    sandbox: bool,
}

struct Who {
    email: String,
    role: &'static str,
    registration: &'static str,
}

#[derive(Template)]
#[template(path = "root/auth_fail.html")]
struct Fail {
    code: String,
}

#[derive(Deserialize)]
struct Failed {
    code: Option<String>,
}

/// The login succeeded; the front end's page of this path, while there is no front end.
#[utoipa::path(tag = "root", responses((status = 200, content_type = "text/html", body = String)))]
#[get("/auth/success")]
pub(crate) async fn success(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    only_without_frontend(&app)?;
    let sessions = &app.services.sessions;
    let who = match sessions.authenticate(auth::token(&request).as_deref()).await {
        Err(_) => None,
        Ok(caller) => Some(Who {
            email: caller.session.email.to_string(),
            role: caller.session.role.as_str(),
            registration: sessions.registration(&caller).await?.as_str(),
        }),
    };
    Ok(page(&Success { who, sandbox: app.switches.sandbox.is_some() }))
}

/// The login failed.
#[utoipa::path(tag = "root", responses((status = 200, content_type = "text/html", body = String)))]
#[get("/auth/fail")]
pub(crate) async fn fail(app: Data<App>, query: Query<Failed>) -> Result<HttpResponse> {
    only_without_frontend(&app)?;
    Ok(page(&Fail { code: query.0.code.unwrap_or_default() }))
}

fn only_without_frontend(app: &App) -> Result<()> {
    if app.switches.frontend_url.is_some() || app.switches.production { Err(ApiError::from(NOT_FOUND)) } else { Ok(()) }
}
