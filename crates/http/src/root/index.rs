use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_pages::page;
use cheapbob_wiring::Played;

use crate::state::App;

#[derive(Template)]
#[template(path = "root/index.html")]
struct Index {
    /// What the sandbox plays; `None`: it is not mounted.
    sandbox: Option<Played>,
}

/// What this is and where to go.
#[utoipa::path(tag = "root", responses((status = 200, content_type = "text/html", body = String)))]
#[get("/")]
pub(crate) async fn index(app: Data<App>) -> HttpResponse {
    page(&Index { sandbox: app.switches.sandbox })
}
