use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use serde::Deserialize;

use crate::{auth, dto::Message, error::Result, extract::Query, state::App};

#[derive(Deserialize)]
struct Asked {
    state: Option<String>,
}

/// Ends the session, if there is one.
#[utoipa::path(tag = "auth", params(("state" = Option<String>, Query)), responses((status = 200, body = Message)))]
#[post("/auth/logout")]
pub(super) async fn logout(app: Data<App>, request: HttpRequest, query: Query<Asked>) -> Result<HttpResponse> {
    // The cookie goes whatever happens; only the refusal of the token from then on needs the store.
    if let Err(error) = app.services.sessions.end(auth::token(&request).as_deref()).await {
        tracing::error!(%error, "a logout was not stored; the token stays valid until it expires");
    }
    let cookie = auth::cookie(None, app.is_local(query.0.state.as_deref()), &app);
    Ok(HttpResponse::Ok().cookie(cookie).json(Message { message: "로그아웃되었습니다." }))
}
