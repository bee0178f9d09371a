use actix_web::{HttpResponse, get, web::Data};

use super::shapes::ProfileBody;
use crate::{
    auth::Me,
    error::{Problem, Result},
    server::App,
};

/// The whole profile.
#[utoipa::path(tag = "customer", security(("cookie" = []), ("bearer" = [])), responses((status = 200, body = ProfileBody), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/customer/profile")]
pub(super) async fn profile(app: Data<App>, me: Me) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(ProfileBody::from(app.services.customers.profile(&me.0).await?)))
}
