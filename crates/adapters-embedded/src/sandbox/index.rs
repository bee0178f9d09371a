use actix_web::HttpResponse;

use super::page::page;

pub(super) async fn index() -> HttpResponse {
    page(
        "Sandbox",
        "<p>The other side of CheapBob, played by this server: the login providers, PortOne, the mail box, the clock.</p><table>\
         <tr><td><a href=\"/sandbox/portone/checkout\">Checkout</a></td><td>pay for a hold by hand</td></tr>\
         <tr><td><a href=\"/sandbox/portone/payments\">PortOne’s books</a></td><td>every payment with its cancellations</td></tr>\
         <tr><td><a href=\"/sandbox/portone/faults\">Faults</a></td><td><code>PUT</code> plays a bad day</td></tr>\
         <tr><td><a href=\"/sandbox/mail\">Mail</a></td><td>what was sent, newest first</td></tr>\
         <tr><td><a href=\"/sandbox/clock\">Clock</a></td><td><code>PUT {\"now\":…}</code> moves it, <code>DELETE</code> sets it right</td></tr>\
         <tr><td><a href=\"/sandbox/jobs\">Jobs</a></td><td><code>POST /sandbox/jobs/{name}</code> runs one now</td></tr></table>",
    )
}
