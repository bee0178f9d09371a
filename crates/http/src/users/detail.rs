use actix_web::{HttpResponse, get, web::Data};

use super::shapes::CustomerDetailBody;
use crate::{
    auth::Me,
    error::{Problem, Result},
    server::App,
};

/// Nickname and phone number.
#[utoipa::path(tag = "customer", security(("cookie" = []), ("bearer" = [])), responses((status = 200, body = CustomerDetailBody), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
#[get("/customer/profile/detail")]
pub(super) async fn detail(app: Data<App>, me: Me) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(CustomerDetailBody::from(app.services.customers.detail(&me.0).await?)))
}
