use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use cheapbob_domain::users::SignInFailure;
use serde::Deserialize;

use super::{callback, flow::Flow};
use crate::{error::Result, extract::Query, state::App};

#[derive(Deserialize)]
struct Followed {
    #[serde(default)]
    token: String,
}

/// The link in the mail was followed: the account is theirs who did, in the browser in which they logged in.
#[utoipa::path(
    tag = "auth",
    params(("token" = Option<String>, Query)),
    responses((status = 302, description = "to the front end's /auth/success or /auth/fail"))
)]
#[get("/auth/takeover")]
pub(super) async fn takeover(app: Data<App>, request: HttpRequest, query: Query<Followed>) -> Result<HttpResponse> {
    let token = query.0.token;
    let browser = Flow::Takeover.secret(&request, &token);
    match app.services.takeovers.complete(&token, browser.as_deref()).await {
        Ok(signed_in) => callback::success(&app, &request, &signed_in, Flow::Takeover.end(&token)).await,
        Err(error) => callback::fail(&app, &request, SignInFailure { error, local: false, takeover: None }, None),
    }
}
