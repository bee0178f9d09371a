use actix_web::{HttpResponse, http::header, web};
use askama::Template;
use cheapbob_domain::shared::Clock;
use cheapbob_pages::page;

use super::{
    answers::kst_time,
    state::{Played, Sandbox},
};

#[derive(Template)]
#[template(path = "sandbox/index.html")]
struct Index {
    played: Played,
    now: String,
}

pub(super) async fn index(sandbox: web::Data<Sandbox>) -> HttpResponse {
    page(&Index { played: sandbox.played, now: kst_time(sandbox.clock.now()) })
}

/// The script of the front page, by which a person clicks through a purchase.
pub(super) async fn purchase() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/javascript; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(include_str!("purchase.js"))
}
