use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::App;

#[derive(Serialize, ToSchema)]
struct PushKeyBody {
    /// `applicationServerKey` for `pushManager.subscribe`: base64url.
    #[schema(example = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU")]
    public_key: String,
}

/// Our VAPID key, by which browsers subscribe (RFC 8292).
#[utoipa::path(tag = "common", responses((status = 200, body = PushKeyBody)))]
#[get("/common/push-key")]
pub(super) async fn push_key(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(PushKeyBody { public_key: app.services.notices.push_key().to_owned() })
}
