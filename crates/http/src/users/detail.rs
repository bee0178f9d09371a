use actix_web::{HttpResponse, get, web::Data};

use super::dto::CustomerDetailBody;
use crate::{auth::Me, error::Result, state::App};

/// Nickname and phone number.
#[utoipa::path(tag = "customer", responses((status = 200, body = CustomerDetailBody)))]
#[get("/customer/profile/detail")]
pub(super) async fn detail(app: Data<App>, me: Me) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(CustomerDetailBody::from(app.services.customers.detail(&me.0).await?)))
}
