use actix_web::{HttpResponse, delete, post, web::Data};
use serde::Deserialize;

use crate::{
    auth::{self, CurrentCaller},
    dto::Message,
    error::Result,
    extract::Query,
    state::App,
};

#[derive(Deserialize)]
struct Asked {
    state: Option<String>,
}

async fn request(app: &App, caller: &CurrentCaller, asked: &Asked) -> Result<HttpResponse> {
    let account = &caller.0.account;
    app.services.withdrawal.request(&account.email, account.role).await?;
    let cookie = auth::no_cookie(app.is_local(asked.state.as_deref()));
    Ok(HttpResponse::Ok().cookie(cookie).json(Message { message: "탈퇴가 신청되었습니다." }))
}

async fn cancel(app: &App, caller: &CurrentCaller, asked: &Asked) -> Result<HttpResponse> {
    app.services.withdrawal.cancel(&caller.0).await?;
    let token = app.services.sessions.go_on(&caller.0.session, app.is_local(asked.state.as_deref())).await?;
    Ok(HttpResponse::Ok().cookie(auth::cookie(&token)).json(Message { message: "탈퇴 신청이 취소되었습니다." }))
}

/// Asks for the account's deletion at the next daily rollover.
#[utoipa::path(tag = "customer", params(("state" = Option<String>, Query)), responses((status = 200, body = Message)))]
#[post("/customer/withdraw")]
pub(super) async fn customer(app: Data<App>, caller: CurrentCaller, query: Query<Asked>) -> Result<HttpResponse> {
    request(&app, &caller, &query.0).await
}

/// Takes the request to be deleted back.
#[utoipa::path(tag = "customer", params(("state" = Option<String>, Query)), responses((status = 200, body = Message)))]
#[delete("/customer/withdraw/cancel")]
pub(super) async fn cancel_customer(app: Data<App>, caller: CurrentCaller, query: Query<Asked>) -> Result<HttpResponse> {
    cancel(&app, &caller, &query.0).await
}

/// Asks for the account's deletion, with its store, at the next daily rollover.
#[utoipa::path(tag = "seller", params(("state" = Option<String>, Query)), responses((status = 200, body = Message)))]
#[post("/seller/withdraw")]
pub(super) async fn seller(app: Data<App>, caller: CurrentCaller, query: Query<Asked>) -> Result<HttpResponse> {
    request(&app, &caller, &query.0).await
}

/// Takes the request to be deleted back.
#[utoipa::path(tag = "seller", params(("state" = Option<String>, Query)), responses((status = 200, body = Message)))]
#[delete("/seller/withdraw/cancel")]
pub(super) async fn cancel_seller(app: Data<App>, caller: CurrentCaller, query: Query<Asked>) -> Result<HttpResponse> {
    cancel(&app, &caller, &query.0).await
}
