use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, get,
    http::header::{self, HeaderName},
    web::Data,
};
use cheapbob_domain::orders::Listener;

use super::live::{Hub, Place, Session};
use crate::{
    auth::{Me, Standing},
    context::IsHead,
    error::Result,
    state::App,
};

/// A header of the HTML standard (Server-sent events).
const LAST_EVENT_ID: &str = "Last-Event-ID";

const MISSED: &str = "The last event's id: what was missed since, of the last hour, comes first. One that is not ours says that all was.";

/// A proxy passes each event on at once.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The customer's orders as they happen: Server-Sent Events `order_placed`, `order_accepted`, `order_completed`, `order_canceled`, whose data is the
/// order as it was then. It ends with the session; an account has ten streams and WebSockets open at most.
#[utoipa::path(tag = "orders",
    params(("Last-Event-ID" = Option<String>, Header, description = MISSED)),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
#[get("/customer/orders/stream")]
pub(super) async fn of_customer(app: Data<App>, hub: Data<Hub>, me: Me, standing: Standing, request: HttpRequest) -> Result<HttpResponse> {
    let listener = Listener::Customer(me.0.clone());
    open(app, hub, me, standing, request, listener).await
}

/// The store's orders as they happen: Server-Sent Events `order_placed`, `order_accepted`, `order_completed`, `order_canceled`, whose data is the
/// order as it was then. It ends with the session; an account has ten streams and WebSockets open at most.
#[utoipa::path(tag = "seller",
    params(("Last-Event-ID" = Option<String>, Header, description = MISSED)),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
#[get("/seller/store/orders/stream")]
pub(super) async fn of_store(app: Data<App>, hub: Data<Hub>, me: Me, standing: Standing, request: HttpRequest) -> Result<HttpResponse> {
    let listener = app.services.live.of_seller(&me.0).await?;
    open(app, hub, me, standing, request, listener).await
}

async fn open(
    app: Data<App>,
    hub: Data<Hub>,
    me: Me,
    standing: Standing,
    request: HttpRequest,
    listener: Listener,
) -> Result<HttpResponse> {
    let mut response = HttpResponse::Ok();
    response.content_type("text/event-stream");
    // Compressed, an event would wait for more.
    response.insert_header((header::CONTENT_ENCODING, "identity")).insert_header((UNBUFFERED, "no"));
    if request.extensions().get::<IsHead>().is_some() {
        return Ok(response.finish());
    }
    let last_id = request.headers().get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default().to_owned());
    let place = Place::new(&app.services.streams, app.services.streams.open(&me.0).await?);
    let feed = hub.into_inner().listen(listener).await?;
    Ok(response.streaming(Session::new(app, standing, place, feed, last_id.as_deref()).await?.into_body()))
}
