use actix_web::{HttpResponse, get, web::Data};

use super::shapes::StoreBody;
use crate::{
    auth::Me,
    error::{Problem, Result},
    server::App,
};

/// The seller's store.
#[utoipa::path(tag = "seller", security(("cookie" = []), ("bearer" = [])), responses((status = 200, body = StoreBody), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/seller/store")]
pub(super) async fn show(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let store = app.services.stores.store(&me.0).await?;
    Ok(HttpResponse::Ok().json(StoreBody::new(store, app.services.storage.as_ref(), app.services.clock.now())))
}
