use actix_web::{HttpResponse, get};

use super::shapes::EmailBody;
use crate::{auth::Me, error::Problem};

/// The customer's e-mail.
#[utoipa::path(tag = "customer", security(("cookie" = []), ("bearer" = [])), responses((status = 200, body = EmailBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/customer/profile/me")]
pub(super) async fn customer(me: Me) -> HttpResponse {
    HttpResponse::Ok().json(EmailBody { email: me.0.to_string() })
}

/// The seller's e-mail.
#[utoipa::path(tag = "seller", security(("cookie" = []), ("bearer" = [])), responses((status = 200, body = EmailBody), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/seller/store/profile/me")]
pub(super) async fn seller(me: Me) -> HttpResponse {
    HttpResponse::Ok().json(EmailBody { email: me.0.to_string() })
}
