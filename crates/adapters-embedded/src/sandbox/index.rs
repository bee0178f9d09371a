use actix_web::{HttpResponse, web};
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
