use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use serde::Deserialize;

use crate::{auth, dto::Message, error::Result, extract::Query, state::App};

#[derive(Deserialize)]
struct Asked {
    state: Option<String>,
    all: Option<All>,
}

/// Every session of the account, on every device.
#[derive(Deserialize)]
enum All {
    #[serde(rename = "1")]
    All,
}

/// Ends the session, if there is one; with `all=1` every session of the account.
#[utoipa::path(tag = "auth", params(("state" = Option<String>, Query), ("all" = Option<String>, Query)), responses((status = 200, body = Message)))]
#[post("/auth/logout")]
pub(super) async fn logout(app: Data<App>, request: HttpRequest, query: Query<Asked>) -> Result<HttpResponse> {
    let token = auth::token(&request);
    if query.0.all.is_some() {
        // Whoever has lost a device must know whether it worked.
        app.services.sessions.end_all(token.as_deref()).await?;
    }
    // The cookie goes whatever happens; only the refusal of the token from then on needs the store.
    if let Err(error) = app.services.sessions.end(token.as_deref()).await {
        tracing::error!(%error, "a logout was not stored; the token stays valid until it expires");
    }
    let cookie = auth::no_cookie(app.is_local(query.0.state.as_deref()));
    Ok(HttpResponse::Ok().cookie(cookie).json(Message { message: "로그아웃되었습니다." }))
}
