use actix_web::{HttpResponse, get};

/// The licence.
#[utoipa::path(tag = "root", responses((status = 200, content_type = "text/plain", body = String)))]
#[get("/license")]
pub(crate) async fn license() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(include_str!("../../../../LICENSE"))
}
