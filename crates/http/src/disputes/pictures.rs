use actix_multipart::Multipart;
use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::shared::PaymentId;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::PictureBody;
use crate::{
    auth::Me,
    error::Result,
    extract::PathId,
    state::App,
    stores::{ImageFiles, receive},
};

#[derive(Serialize, ToSchema)]
struct Uploaded {
    pictures: Vec<PictureBody>,
}

/// Uploads pictures for an order's dispute, before it is opened.
#[utoipa::path(tag = "disputes", params(("payment_id" = String, Path)), request_body(content = ImageFiles, content_type = "multipart/form-data"), responses((status = 201, body = Uploaded)))]
#[post("/customer/orders/{payment_id}/dispute/pictures")]
pub(super) async fn upload(app: Data<App>, me: Me, id: PathId<PaymentId>, form: Multipart) -> Result<HttpResponse> {
    let begun = app.services.disputes.begin_pictures(&me.0, &id.0).await;
    let keys = receive(app.clone(), begun, form, async move |app, upload| app.services.disputes.finish_pictures(&upload)).await?;
    let pictures = keys.into_iter().map(|key| PictureBody::new(key, app.services.storage.as_ref())).collect();
    Ok(HttpResponse::Created().json(Uploaded { pictures }))
}
