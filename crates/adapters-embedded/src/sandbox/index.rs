use actix_web::HttpResponse;
use askama::Template;

use super::page::page;

#[derive(Template)]
#[template(path = "sandbox/index.html")]
struct Index;

pub(super) async fn index() -> HttpResponse {
    page(&Index)
}
