use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::users::Account;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::CurrentCaller, error::Result, state::App};

#[derive(Serialize, ToSchema)]
struct RoleBody {
    email: String,
    #[schema(example = "customer")]
    user_type: &'static str,
    is_active: bool,
    #[schema(example = "complete")]
    status: &'static str,
}

/// Who am I.
#[utoipa::path(tag = "auth", responses((status = 200, body = RoleBody)))]
#[get("/user/role")]
pub(super) async fn role(app: Data<App>, caller: CurrentCaller) -> Result<HttpResponse> {
    let Account { email, role, is_active, .. } = &caller.0.account;
    let status = app.services.sessions.registration(&caller.0).await?;
    let body = RoleBody { email: email.to_string(), user_type: role.as_str(), is_active: *is_active, status: status.as_str() };
    Ok(HttpResponse::Ok().json(body))
}
