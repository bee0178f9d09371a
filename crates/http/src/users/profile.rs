use actix_web::{HttpResponse, get, web::Data};

use super::dto::ProfileBody;
use crate::{auth::Me, error::Result, state::App};

/// The whole profile.
#[utoipa::path(tag = "customer", responses((status = 200, body = ProfileBody)))]
#[get("/customer/profile")]
pub(super) async fn profile(app: Data<App>, me: Me) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(ProfileBody::from(app.services.customers.profile(&me.0).await?)))
}
