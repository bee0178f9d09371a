use actix_web::{HttpResponse, http::header, web};
use qrcode::{QrCode, render::svg};
use serde::Deserialize;

use super::answers::plain_error;

#[derive(Deserialize)]
pub(super) struct Asked {
    text: String,
}

/// A text as the picture that the seller app would show.
pub(super) async fn picture(asked: web::Query<Asked>) -> HttpResponse {
    match QrCode::new(&asked.text) {
        Ok(code) => HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "image/svg+xml")).body(code.render::<svg::Color<'_>>().build()),
        Err(e) => plain_error(422, &e.to_string()),
    }
}
