//! Logging in the way a browser goes, without one: the front page holds two people at once, a browser has one session.

use actix_web::{HttpRequest, HttpResponse, web};
use cheapbob_domain::{
    shared::{Error, Result},
    users::Role,
};
use reqwest::{Client, Response, header, redirect};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{
    answers::{body, broken, plain_error},
    demo::{CUSTOMER, SELLER},
    state::Sandbox,
};

#[derive(Deserialize)]
struct Wanted {
    role: String,
}

/// The session of the demo's customer or seller, as a bearer's.
pub(super) async fn log_in(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let role = match body::<Wanted>(&request, &bytes) {
        Ok(wanted) => Role::parse(&wanted.role),
        Err(e) => return plain_error(422, &e),
    };
    let Some(role) = role else { return plain_error(422, "role is customer or seller") };
    let email = if role == Role::Customer { CUSTOMER } else { SELLER };
    match sandbox.session(role, email).await {
        Ok(Some(token)) => HttpResponse::Ok().json(json!({ "email": email, "token": token })),
        Ok(None) => plain_error(409, "the login did not end with a session"),
        Err(e) => broken(&e),
    }
}

impl Sandbox {
    /// From the login route through a provider's page back to us. `None`: no provider is played, or somebody refused.
    async fn session(&self, role: Role, email: &str) -> Result<Option<String>> {
        let Some(provider) = self.played.provider() else { return Ok(None) };
        let client = Client::builder().redirect(redirect::Policy::none()).build().map_err(Error::internal)?;
        let start = format!("{}/api/v1/auth/{}/login/{}", self.base, provider.as_str(), role.as_str());
        let start = client.get(start).send().await.map_err(Error::internal)?;
        let Some(page) = self.next(&start) else { return Ok(None) };
        let granted = client.post(page).form(&[("email", email)]).send().await.map_err(Error::internal)?;
        let Some(callback) = self.next(&granted) else { return Ok(None) };
        let flow = cookies(&start).collect::<Vec<_>>().join("; ");
        let back = client.get(callback).header(header::COOKIE, flow).send().await.map_err(Error::internal)?;
        Ok(cookies(&back).find_map(|cookie| cookie.strip_prefix("access_token=").map(str::to_owned)))
    }

    /// Where a redirect leads, at this server's own address: the one for browsers may not be reachable from here.
    fn next(&self, response: &Response) -> Option<String> {
        let location = Url::parse(response.headers().get(header::LOCATION)?.to_str().ok()?).ok()?;
        Some(format!("{}{}?{}", self.base, location.path(), location.query().unwrap_or_default()))
    }
}

/// What the answer sets, as `name=value`.
fn cookies(response: &Response) -> impl Iterator<Item = &str> {
    response.headers().get_all(header::SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
}
