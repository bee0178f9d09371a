use actix_web::{
    HttpRequest, HttpResponse, get, post,
    web::{Data, Payload},
};
use cheapbob_domain::users::UnlinkNotice;

use crate::{body, error::Result, state::App};

/// No notice comes near this size.
const LARGEST: usize = 16 << 10;

/// Kakao tells that a user cut the link to us; its header carries our admin key.
#[utoipa::path(tag = "auth", params(("user_id" = Option<String>, Query), ("authorization" = Option<String>, Header)), responses((status = 200)))]
#[get("/auth/kakao/unlink")]
pub(super) async fn kakao(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    receive_kakao(&app, &request, request.query_string().as_bytes()).await
}

/// The same as a form.
#[utoipa::path(tag = "auth", params(("authorization" = Option<String>, Header)), responses((status = 200)))]
#[post("/auth/kakao/unlink")]
pub(super) async fn kakao_form(app: Data<App>, request: HttpRequest, body: Payload) -> Result<HttpResponse> {
    receive_kakao(&app, &request, &form(body).await?).await
}

/// Naver tells that a user cut the link to us: a signed form.
#[utoipa::path(tag = "auth", responses((status = 204)))]
#[post("/auth/naver/unlink")]
pub(super) async fn naver(app: Data<App>, body: Payload) -> Result<HttpResponse> {
    let form = form(body).await?;
    let notice = UnlinkNotice::Naver {
        client_id: field(&form, "clientId"),
        encrypted_id: field(&form, "encryptUniqueId"),
        timestamp: field(&form, "timestamp"),
        signature: field(&form, "signature"),
    };
    app.services.unlink.receive(&notice).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn receive_kakao(app: &App, request: &HttpRequest, form: &[u8]) -> Result<HttpResponse> {
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    app.services.unlink.receive(&UnlinkNotice::Kakao { authorization, user_id: field(form, "user_id") }).await?;
    Ok(HttpResponse::Ok().finish())
}

async fn form(body: Payload) -> Result<Vec<u8>> {
    Ok(body::collect(body, LARGEST).await?.to_vec())
}

fn field(form: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
