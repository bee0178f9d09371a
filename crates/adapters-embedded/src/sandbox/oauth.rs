//! The login pages of Google, Kakao and Naver as far as our adapter and their common client libraries use them.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;
use cheapbob_domain::users::Provider;
use cheapbob_pages::page_that_leads_out;
use url::Url;

use super::{
    answers::{body, broken, plain_error},
    oauth_grants::{Grant, Kind, new_login},
    state::Sandbox,
};

#[derive(Template)]
#[template(path = "sandbox/oauth.html")]
struct Login {
    /// The provider's.
    name: &'static str,
    /// This page with the query it was opened with.
    action: String,
    role: &'static str,
}

pub(super) async fn ask(sandbox: web::Data<Sandbox>, path: web::Path<String>, request: HttpRequest) -> HttpResponse {
    let Some(provider) = Provider::parse(&path) else { return plain_error(404, "no such provider") };
    let Ok(grant) = serde_html_form::from_str::<Grant>(request.query_string()) else { return plain_error(400, "invalid_request") };
    if let Some(wrong) = wrong_request(&grant, &sandbox) {
        return plain_error(400, wrong);
    }
    let name = match provider {
        Provider::Google => "Google",
        Provider::Kakao => "Kakao",
        Provider::Naver => "Naver",
    };
    let action = format!("/sandbox/oauth/{}/authorize?{}", provider.as_str(), request.query_string());
    let role = if grant.redirect_uri.ends_with("/seller") { "seller" } else { "customer" };
    page_that_leads_out(&Login { name, action, role })
}

fn wrong_request(grant: &Grant, sandbox: &Sandbox) -> Option<&'static str> {
    let wrong = grant.response_type != "code" || grant.client_id.is_empty();
    let astray = !Url::parse(&grant.redirect_uri).is_ok_and(|to| sandbox.names.leads_home(&to));
    wrong.then_some("invalid_request").or(astray.then_some("redirect_uri_mismatch"))
}

pub(super) async fn grant(sandbox: web::Data<Sandbox>, path: web::Path<String>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let Some(provider) = Provider::parse(&path) else { return plain_error(404, "no such provider") };
    let asked = serde_html_form::from_str::<Grant>(request.query_string());
    let (Ok(asked), Ok(said)) = (asked, body::<Grant>(&request, &bytes)) else { return plain_error(400, "invalid_request") };
    let grant = Grant { email: said.email.trim().to_lowercase(), user_id: said.user_id, verified: said.verified, deny: said.deny, ..asked };
    if let Some(wrong) = wrong_request(&grant, &sandbox) {
        return plain_error(400, wrong);
    }
    let Ok(mut back) = Url::parse(&grant.redirect_uri) else { return plain_error(400, "invalid_request") };
    let given = grant.user_id.as_deref().filter(|id| !id.is_empty());
    // Kakao's ids are numbers; as one and the same number, all others would share an account.
    if provider == Provider::Kakao && given.is_some_and(|id| id.parse::<i64>().is_err()) {
        return plain_error(400, "invalid_request");
    }
    if grant.deny.is_some() {
        back.query_pairs_mut().append_pair("error", "access_denied").extend_pairs(match provider {
            Provider::Google => None,
            Provider::Kakao => Some(("error_description", "User denied access")),
            Provider::Naver => Some(("error_description", "Canceled By User")),
        });
    } else {
        match sandbox.issue(provider, Kind::Code, &new_login(), &grant).await {
            // Google's real codes hold a slash: decode once, encode once.
            Ok(code) => back.query_pairs_mut().append_pair("code", &code),
            Err(e) => return broken(&e),
        };
    }
    if !grant.state.is_empty() {
        back.query_pairs_mut().append_pair("state", &grant.state);
    }
    HttpResponse::Found().insert_header((header::LOCATION, back.as_str())).finish()
}
