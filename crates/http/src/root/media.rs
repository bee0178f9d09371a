use actix_web::{
    HttpResponse, get,
    http::header,
    web::{Data, Path},
};

use crate::{
    error::{ApiError, Result},
    refusals::NOT_FOUND,
    state::App,
};

/// A store's picture, where no object storage of its own serves them.
#[utoipa::path(tag = "root", params(("key" = String, Path)), responses((status = 200, content_type = "image/jpeg", body = Vec<u8>)))]
#[get("/media/{key:.*}")]
pub(crate) async fn media(app: Data<App>, key: Path<String>) -> Result<HttpResponse> {
    let (content_type, bytes) = app.services.storage.get(&key).await?.ok_or(ApiError::from(NOT_FOUND))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        // A key is never used for another picture.
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(bytes))
}
