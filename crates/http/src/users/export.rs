use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{StatusCode, header},
    web::Data,
};
use serde::Deserialize;

use crate::{
    auth::{self, CurrentCaller},
    dto::Message,
    error::Result,
    extract::Query,
    state::App,
};

#[derive(Deserialize)]
struct Followed {
    #[serde(default)]
    token: String,
}

async fn request(app: &App, caller: &CurrentCaller) -> Result<HttpResponse> {
    app.services.exports.begin(&caller.0.account).await?;
    Ok(HttpResponse::build(StatusCode::ACCEPTED)
        .json(Message { message: "내려받을 수 있는 링크를 이메일로 보냈습니다." }))
}

/// Mails a link, good for 24 hours, to all that is kept of the customer, as JSON.
#[utoipa::path(tag = "customer", responses((status = 202, body = Message)))]
#[get("/customer/export")]
pub(super) async fn customer(app: Data<App>, caller: CurrentCaller) -> Result<HttpResponse> {
    request(&app, &caller).await
}

/// Mails a link, good for 24 hours, to all that is kept of the seller, as JSON.
#[utoipa::path(tag = "seller", responses((status = 202, body = Message)))]
#[get("/seller/export")]
pub(super) async fn seller(app: Data<App>, caller: CurrentCaller) -> Result<HttpResponse> {
    request(&app, &caller).await
}

/// The file behind the mailed link. Where nobody has vouched that the e-mail is theirs, they must be logged in as well: the mailbox may be a
/// stranger's.
#[utoipa::path(
    tag = "auth",
    params(("token" = Option<String>, Query)),
    responses((status = 200, content_type = "application/json", body = Object, description = "an object: what is kept, by where it is kept"))
)]
#[get("/export")]
pub(super) async fn download(app: Data<App>, request: HttpRequest, query: Query<Followed>) -> Result<HttpResponse> {
    let owner = app.services.exports.owner(&query.0.token).await?;
    if !owner.email_vouched {
        let caller = app.services.sessions.authenticate(auth::token(&request).as_deref()).await?;
        if caller.account.email != owner.email {
            return Err(cheapbob_domain::users::error::UNAUTHENTICATED.into());
        }
    }
    let file = app.services.exports.file(&owner).await?;
    let name =
        format!("attachment; filename=\"cheapbob-{}.json\"", cheapbob_domain::shared::kst::local(app.services.clock.now()).date_naive());
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_DISPOSITION, name)).json(file))
}
