use actix_web::{HttpResponse, patch, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Me, error::Result, state::App};

#[derive(Serialize, ToSchema)]
struct Closed {
    success: bool,
    message: &'static str,
    refunded_orders: usize,
}

/// Closes the store for today; open orders are canceled and refunded.
#[utoipa::path(tag = "seller", responses((status = 200, body = Closed)))]
#[patch("/seller/store/close")]
pub(super) async fn close(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let refunded_orders = app.services.cancel.close_store(&me.0, &me.actor()).await?;
    Ok(HttpResponse::Ok().json(Closed { success: true, message: "오늘 영업을 마감했습니다.", refunded_orders }))
}
