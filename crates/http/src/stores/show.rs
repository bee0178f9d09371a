use actix_web::{HttpResponse, get, web::Data};

use super::dto::StoreBody;
use crate::{auth::Me, error::Result, state::App};

/// The seller's store.
#[utoipa::path(tag = "seller", responses((status = 200, body = StoreBody)))]
#[get("/seller/store")]
pub(super) async fn show(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let store = app.services.stores.store(&me.0).await?;
    Ok(HttpResponse::Ok().json(StoreBody::new(store, app.services.storage.as_ref(), app.services.clock.now())))
}
