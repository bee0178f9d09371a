use actix_web::{HttpResponse, get, web::Data};
use askama::Template;

use super::page::page;
use crate::{error::Result, state::App};

#[derive(Template)]
#[template(path = "root/index.html")]
struct Index {
    /// The sandbox is mounted.
    sandbox: bool,
}

/// What this is and where to go.
#[utoipa::path(tag = "root", responses((status = 200, content_type = "text/html", body = String)))]
#[get("/")]
pub(crate) async fn index(app: Data<App>) -> Result<HttpResponse> {
    page(&Index { sandbox: app.switches.sandbox })
}
