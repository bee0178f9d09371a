use actix_web::{HttpResponse, get, web::Data};
use serde::Deserialize;

use super::page::page;
use crate::{
    auth,
    error::{ApiError, Result},
    extract::Query,
    refusals::NOT_FOUND,
    state::App,
};

#[derive(Deserialize)]
struct Failed {
    code: Option<String>,
}

/// The login succeeded; the front end's page of this path, while there is no front end.
#[utoipa::path(tag = "root", responses((status = 200, content_type = "text/html", body = String)))]
#[get("/auth/success")]
pub(crate) async fn success(app: Data<App>, request: actix_web::HttpRequest) -> Result<HttpResponse> {
    only_without_frontend(&app)?;
    let sessions = &app.services.sessions;
    let who = match sessions.authenticate(auth::token(&request).as_deref()).await {
        Err(_) => "Nobody is logged in.".to_owned(),
        Ok(caller) => format!(
            "Logged in as <b>{}</b> ({}), registration: {}.",
            escape(caller.session.email.as_str()),
            caller.session.role.as_str(),
            sessions.registration(&caller).await?.as_str()
        ),
    };
    Ok(page(
        "Logged in",
        &format!(
            "<p>{who}</p><p>The cookie is set: <a href=\"/docs/\">/docs</a> calls the API as this account. <a href=\"/sandbox\">Sandbox</a> · <a href=\"/\">Start</a></p>"
        ),
    ))
}

/// The login failed.
#[utoipa::path(tag = "root", responses((status = 200, content_type = "text/html", body = String)))]
#[get("/auth/fail")]
pub(crate) async fn fail(app: Data<App>, query: Query<Failed>) -> Result<HttpResponse> {
    only_without_frontend(&app)?;
    let code = query.0.code.unwrap_or_default();
    Ok(page("Not logged in", &format!("<p>The login ended with <code>{}</code>.</p><p><a href=\"/\">Start again</a></p>", escape(&code))))
}

fn only_without_frontend(app: &App) -> Result<()> {
    if app.switches.frontend_url.is_some() || app.switches.production { Err(ApiError::from(NOT_FOUND)) } else { Ok(()) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
