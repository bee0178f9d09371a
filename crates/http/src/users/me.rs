use actix_web::{HttpResponse, get};

use super::dto::EmailBody;
use crate::auth::Me;

/// The customer's e-mail.
#[utoipa::path(tag = "customer", responses((status = 200, body = EmailBody)))]
#[get("/customer/profile/me")]
pub(super) async fn customer(me: Me) -> HttpResponse {
    HttpResponse::Ok().json(EmailBody { email: me.0.to_string() })
}

/// The seller's e-mail.
#[utoipa::path(tag = "seller", responses((status = 200, body = EmailBody)))]
#[get("/seller/store/profile/me")]
pub(super) async fn seller(me: Me) -> HttpResponse {
    HttpResponse::Ok().json(EmailBody { email: me.0.to_string() })
}
