use actix_web::{
    HttpRequest, HttpResponse, post,
    web::{Data, Path, Payload},
};
use cheapbob_domain::orders::Delivery;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{body, error::Result, limits, request_id::request_id, state::App};

/// No message of PortOne's comes near this size.
const LARGEST: usize = 64 << 10;

#[derive(Serialize, ToSchema)]
struct Received {
    #[schema(example = "ok")]
    status: &'static str,
}

/// PortOne tells of a payment. Signed (Standard Webhooks) with the store's webhook secret; the same message again is no matter.
#[utoipa::path(
    tag = "webhooks",
    params(
        ("store_id" = String, Path), ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header),
        ("webhook-signature" = String, Header)
    ),
    responses((status = 200, body = Received))
)]
#[post("/webhooks/portone/{store_id}")]
pub(super) async fn receive(app: Data<App>, request: HttpRequest, store: Path<String>, body: Payload) -> Result<HttpResponse> {
    let header = |name: &str| single(&request, name);
    let mut delivery = Delivery {
        store: store.into_inner(),
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: Vec::new(),
    };
    // Before the body: whoever has signed nothing is not listened to.
    app.services.webhooks.glance(&delivery)?;
    delivery.body = body::collect(body, LARGEST).await?.to_vec();
    let (store, message) = app.services.webhooks.verify(&delivery).await?;
    limits::count_verified(&app, &store).await?;
    app.services.webhooks.take(&store, &message, &request_id()).await?;
    Ok(HttpResponse::Ok().json(Received { status: "ok" }))
}

/// A header that is there twice is none: who knows which was signed.
fn single(request: &HttpRequest, name: &str) -> Option<String> {
    let mut values = request.headers().get_all(name);
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| value.to_owned())
}
