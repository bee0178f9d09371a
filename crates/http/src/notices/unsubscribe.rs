use actix_web::{HttpRequest, HttpResponse, get, post, web::Data};
use askama::Template;
use cheapbob_pages::{page, wants_html};
use serde::Deserialize;

use crate::{error::Result, extract::Query, state::App};

#[derive(Deserialize)]
struct Followed {
    #[serde(default)]
    token: String,
}

#[derive(Template)]
#[template(path = "notices/unsubscribe.html")]
struct Page {
    done: bool,
}

/// The link in a mail: asks whether to send no more. Mail programs and their scanners follow links, so that this alone ends nothing.
#[utoipa::path(
    tag = "notices",
    params(("token" = Option<String>, Query)),
    responses((status = 200, content_type = "text/html", body = String))
)]
#[get("/notices/unsubscribe")]
pub(super) async fn ask() -> HttpResponse {
    page(&Page { done: false })
}

/// No more notices by mail: the page's button, and the one click of mail programs (RFC 8058), which send a form that says so and need no login.
#[utoipa::path(tag = "notices", params(("token" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
#[post("/notices/unsubscribe")]
pub(super) async fn end(app: Data<App>, request: HttpRequest, query: Query<Followed>) -> Result<HttpResponse> {
    app.services.notices.end_mails(&query.0.token).await?;
    Ok(if wants_html(&request) { page(&Page { done: true }) } else { HttpResponse::Ok().finish() })
}
