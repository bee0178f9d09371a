use actix_web::{HttpResponse, http::header, post, web::Data};
use serde::Deserialize;

use super::form::Posted;
use crate::{
    error::Result,
    operator_session::{self, CurrentOperator},
    state::App,
};

#[derive(Deserialize)]
struct Nothing {}

/// Ends the session.
#[post("/operator/logout")]
pub(super) async fn logout(app: Data<App>, operator: CurrentOperator, _form: Posted<Nothing>) -> Result<HttpResponse> {
    app.services.operator_sign_in.end(&operator.token).await?;
    let cookie = operator_session::no_cookie(&app);
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/operator/login")).cookie(cookie).finish())
}
