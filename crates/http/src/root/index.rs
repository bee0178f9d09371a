use actix_web::{HttpResponse, get, web::Data};

use super::page::page;
use crate::state::App;

/// What this is and where to go.
#[utoipa::path(tag = "root", responses((status = 200, content_type = "text/html", body = String)))]
#[get("/")]
pub(crate) async fn index(app: Data<App>) -> HttpResponse {
    let sandbox = if app.switches.sandbox {
        "<h2>Try it</h2><p>This server plays all parts: the login providers, PortOne, the mail box. Log in on the page that opens, any e-mail will do; \
         <code>customer@cheapbob.example</code> and <code>seller@cheapbob.example</code> are there already.</p>\
         <p><a class=\"go\" href=\"/api/v1/auth/google/login/customer\">Log in as a customer</a>\
         <a class=\"go\" href=\"/api/v1/auth/google/login/seller\">Log in as a seller</a></p>\
         <p>The <a href=\"/sandbox\">sandbox</a> has a checkout, the mails sent, PortOne’s books, a clock to move.</p>"
    } else {
        ""
    };
    page(
        "CheapBob",
        &format!(
            "<p>마감 할인 – stores with food left near closing sell it at a discount. Customers find a store nearby, pay at once and collect it in \
             the pickup window by scanning the store’s QR code. This is the back end of the customer app and the seller app.</p>{sandbox}\
             <h2>For developers</h2><table><tr><td><a href=\"/docs/\">/docs</a></td><td>every endpoint, to try in the browser</td></tr>\
             <tr><td><a href=\"/openapi.json\">/openapi.json</a></td><td>the same for programs</td></tr>\
             <tr><td><a href=\"/health/ready\">/health/ready</a></td><td>what this server depends on, and how it is</td></tr></table>"
        ),
    )
}
