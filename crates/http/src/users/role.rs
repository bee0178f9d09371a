use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::CurrentCaller;

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
pub(super) async fn role(caller: CurrentCaller) -> HttpResponse {
    let found = &caller.0.account;
    HttpResponse::Ok().json(RoleBody {
        email: found.account.email.to_string(),
        user_type: found.account.role.as_str(),
        is_active: found.account.is_active,
        status: found.status.as_str(),
    })
}
