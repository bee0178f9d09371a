use std::io::SeekFrom;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    HttpResponse, delete, get, post, put,
    web::{self, Data},
};
use cheapbob_domain::{
    shared::{Error, Refusal, Result as DomainResult, StoreId},
    stores::{Image, LARGEST_IMAGE, Upload, error, is_object_key},
};
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use tokio::{
    fs::File,
    io::{AsyncSeekExt, AsyncWriteExt},
};
use utoipa::ToSchema;

use super::{dto::ImageBody, picture_process, uploads};
use crate::{
    auth::Me,
    body,
    error::{ApiError, Result},
    extract::{Id, PathId},
    refusals::{MALFORMED, UNKNOWN_FIELD},
    state::App,
};

/// What is read and thrown away after a refusal, so that the app hears the answer while it is still sending.
const DRAINED: usize = 200 << 20;

#[derive(Serialize, ToSchema)]
struct Images {
    store_id: String,
    /// The main one first.
    images: Vec<ImageBody>,
    total: usize,
}

impl Images {
    fn new((store, images): (StoreId, Vec<Image>), app: &App) -> Self {
        let images: Vec<_> = images.into_iter().map(|image| ImageBody::new(image, app.services.storage.as_ref())).collect();
        Self { store_id: store.to_string(), total: images.len(), images }
    }
}

/// JPEG, PNG or WebP by their bytes, 15 MB each.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form as the document describes it; it is read as a stream")]
pub(crate) struct ImageFiles {
    #[schema(value_type = Vec<String>, format = Binary, content_media_type = "application/octet-stream")]
    files: Vec<Vec<u8>>,
}

fn broken(error: MultipartError) -> ApiError {
    match error {
        MultipartError::Payload(error) => body::refusal(&error),
        _ => MALFORMED.into(),
    }
}

/// What cannot be written or read on this machine.
fn of_files(error: std::io::Error) -> ApiError {
    Error::unavailable("temporary files", error).into()
}

/// Reads and stores the pictures one after another: each is a file of its own until its turn comes.
async fn store(app: &App, upload: &mut Upload, form: &mut Multipart) -> Result<()> {
    loop {
        let mut field = match form.try_next().await {
            Ok(Some(field)) => field,
            Ok(None) => return Ok(()),
            // A form without a field, as some clients write it: not even its end.
            Err(MultipartError::Incomplete) if upload.count() == 0 => return Ok(()),
            Err(error) => return Err(broken(error)),
        };
        if field.name() != Some("files") {
            return Err(UNKNOWN_FIELD.into());
        }
        app.services.images.check_room(upload)?;
        let file = write(&mut field).await?;
        let _turn = uploads::turn().await?;
        let (kind, bytes) = picture_process::inspect(&app.switches.program, file).await?;
        app.services.images.add(upload, kind, bytes).await?;
    }
}

/// A file without a name has what the field has: it is gone with the last who has it open, however that ends.
async fn write(field: &mut Field) -> Result<std::fs::File> {
    let file = web::block(tempfile::tempfile).await.map_err(|e| ApiError::from(Error::internal(e)))?.map_err(of_files)?;
    let (mut file, mut written) = (File::from_std(file), 0);
    while let Some(chunk) = field.try_next().await.map_err(broken)? {
        written += chunk.len();
        if written > LARGEST_IMAGE {
            return Err(error::IMAGE_TOO_LARGE.into());
        }
        file.write_all(&chunk).await.map_err(of_files)?;
    }
    file.flush().await.map_err(of_files)?;
    file.seek(SeekFrom::Start(0)).await.map_err(of_files)?;
    Ok(file.into_std().await)
}

async fn drain(mut form: Multipart) {
    let mut left = DRAINED;
    while let Some(Ok(mut field)) = form.next().await {
        while let Some(Ok(chunk)) = field.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    }
}

/// Reads the form once the upload has a place among the others, and says no before that. In a task of its own: an app that goes away in the
/// middle must not leave objects behind. `finish` writes the rows.
pub(crate) async fn receive<T, F>(
    app: Data<App>,
    begun: DomainResult<Upload>,
    mut form: Multipart,
    finish: impl FnOnce(Data<App>, Upload) -> F + 'static,
) -> Result<T>
where
    T: 'static,
    F: Future<Output = DomainResult<T>> + 'static,
{
    let received = async move {
        let begun = begun.map_err(ApiError::from);
        let begun = begun.and_then(|upload| uploads::Place::take(upload.owner()).map(|place| (upload, place)));
        let (mut upload, _place) = match begun {
            Ok(begun) => begun,
            Err(refusal) => {
                drain(form).await;
                return Err(refusal);
            }
        };
        match store(&app, &mut upload, &mut form).await {
            Ok(()) => Ok(finish(app, upload).await?),
            Err(error) => {
                app.services.images.abandon(upload).await;
                // A broken form has nothing more to give, and must not be asked.
                if !matches!(&error, ApiError::Domain(e) if e.is(&MALFORMED)) {
                    drain(form).await;
                }
                Err(error)
            }
        }
    };
    actix_web::rt::spawn(received).await.map_err(|e| ApiError::from(Error::internal(e)))?
}

async fn upload(app: Data<App>, me: Me, form: Multipart, first: bool) -> Result<Images> {
    let begun = app.services.images.begin(&me.0, first).await;
    let stored = receive(app.clone(), begun, form, async move |app, upload| app.services.images.finish(upload, first).await).await?;
    Ok(Images::new(stored, &app))
}

/// The store's first pictures; the first of them becomes the main one.
#[utoipa::path(tag = "seller", request_body(content = ImageFiles, content_type = "multipart/form-data"), responses((status = 201, body = Images)))]
#[post("/seller/store/register/images")]
pub(super) async fn register(app: Data<App>, me: Me, form: Multipart) -> Result<HttpResponse> {
    Ok(HttpResponse::Created().json(upload(app, me, form, true).await?))
}

/// Adds pictures; gives the whole list.
#[utoipa::path(tag = "seller", request_body(content = ImageFiles, content_type = "multipart/form-data"), responses((status = 200, body = Images)))]
#[post("/seller/store/images")]
pub(super) async fn add(app: Data<App>, me: Me, form: Multipart) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(upload(app, me, form, false).await?))
}

/// The store's pictures, the main one first.
#[utoipa::path(tag = "seller", responses((status = 200, body = Images)))]
#[get("/seller/store/images")]
pub(super) async fn list(app: Data<App>, me: Me) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(Images::new(app.services.images.list(&me.0).await?, &app)))
}

/// A picture's id in a path: the key of its object, which may contain `/`.
pub(super) struct ImageId(String);

impl Id for ImageId {
    const NOT_FOUND: Refusal = error::IMAGE_NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        is_object_key(text).then(|| Self(text.to_owned()))
    }
}

/// Deletes a picture that is not the main one.
#[utoipa::path(tag = "seller", params(("image_id" = String, Path, description = "may contain /")), responses((status = 204)))]
#[delete("/seller/store/images/{image_id:.*}")]
pub(super) async fn remove(app: Data<App>, me: Me, id: PathId<ImageId>) -> Result<HttpResponse> {
    app.services.images.remove(&me.0, &id.0.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a picture the main one.
#[utoipa::path(tag = "seller", params(("image_id" = String, Path, description = "may contain /")), responses((status = 200, body = ImageBody)))]
#[put("/seller/store/images/main/{image_id:.*}")]
pub(super) async fn set_main(app: Data<App>, me: Me, id: PathId<ImageId>) -> Result<HttpResponse> {
    let image = app.services.images.set_main(&me.0, &id.0.0).await?;
    Ok(HttpResponse::Ok().json(ImageBody::new(image, app.services.storage.as_ref())))
}
