use actix_web::{HttpResponse, get, http::header, web::Data};
use cheapbob_domain::{shared::Refusal, stores::is_object_key};

use crate::{
    error::{ApiError, Result},
    extract::{Id, PathId},
    refusals::NOT_FOUND,
    state::App,
};

/// An object's key, which may contain `/`.
pub(crate) struct MediaKey(String);

impl Id for MediaKey {
    const NOT_FOUND: Refusal = NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        is_object_key(text).then(|| Self(text.to_owned()))
    }
}

/// A store's picture, where no object storage of its own serves them.
#[utoipa::path(tag = "root", params(("key" = String, Path)), responses((status = 200, content_type = "image/jpeg", body = Vec<u8>)))]
#[get("/media/{key:.*}")]
pub(crate) async fn media(app: Data<App>, key: PathId<MediaKey>) -> Result<HttpResponse> {
    let (content_type, bytes) = app.services.storage.get(&key.0.0).await?.ok_or(ApiError::from(NOT_FOUND))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        // A key is never used for another picture.
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(bytes))
}
