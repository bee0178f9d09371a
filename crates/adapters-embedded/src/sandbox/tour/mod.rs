//! A small shop to click through: the customer's page and the store's, on the public API alone.

use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Path},
};
use askama::Template;
use cheapbob_pages::page;

use super::{answers::plain_error, state::Sandbox};

/// The pages' scripts, which they load as modules.
const SCRIPTS: [(&str, &str); 3] =
    [("app.js", include_str!("app.js")), ("shop.js", include_str!("shop.js")), ("store.js", include_str!("store.js"))];

#[derive(Template)]
#[template(path = "sandbox/tour/shop.html")]
struct Shop;

#[derive(Template)]
#[template(path = "sandbox/tour/store.html")]
struct Store;

/// The customer's page.
pub(super) async fn shop(sandbox: web::Data<Sandbox>) -> HttpResponse {
    of_the_tour(&sandbox, &Shop)
}

/// The store's page.
pub(super) async fn store(sandbox: web::Data<Sandbox>) -> HttpResponse {
    of_the_tour(&sandbox, &Store)
}

fn of_the_tour(sandbox: &Sandbox, template: &impl Template) -> HttpResponse {
    if sandbox.played.purchase() { page(template) } else { plain_error(404, "nobody can buy here in play: PortOne or the logins are real") }
}

/// A script.
pub(super) async fn script(name: Path<String>) -> HttpResponse {
    match SCRIPTS.iter().find(|(script, _)| *script == *name) {
        None => plain_error(404, "no such script"),
        Some((_, text)) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/javascript; charset=utf-8"))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .body(*text),
    }
}
