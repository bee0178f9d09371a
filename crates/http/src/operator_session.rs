//! The operator behind a request to the console, by a cookie of its own: neither a customer's nor a seller's token counts here.

use std::rc::Rc;

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    cookie::{Cookie, SameSite, time::Duration},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
};
use cheapbob_domain::{
    operators::{By, NewOperatorSession, OperatorRole, OperatorSession, error, form_token},
    shared::ErrorKind,
    users::error::UNAUTHENTICATED,
};
use cheapbob_pages::wants_html;

use crate::{error::ApiError, origin, refusals::FOREIGN_ORIGIN, request_id::request_id, state::App};

/// Where to log in, and where to show the second factor.
const LOGIN: &str = "/operator/login";
const CODE: &str = "/operator/code";

/// The operator's session, for handlers; [`check`] has let them in.
#[derive(Clone)]
pub(crate) struct CurrentOperator {
    /// The session.
    pub(crate) session: Rc<OperatorSession>,
    /// Its token.
    pub(crate) token: Rc<str>,
}

impl CurrentOperator {
    /// For the log.
    pub(crate) fn by(&self) -> By<'_> {
        By { operator: &self.session.operator, request_id: request_id() }
    }

    /// What each form of this session carries.
    pub(crate) fn form_token(&self) -> String {
        form_token(&self.token)
    }

    /// Whether this one's role reaches so far.
    pub(crate) fn may(&self, least: OperatorRole) -> bool {
        self.session.operator.role >= least
    }
}

impl FromRequest for CurrentOperator {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(request.extensions().get::<Self>().cloned().ok_or_else(|| UNAUTHENTICATED.into()))
    }
}

/// Over https a name that browsers let nobody set from elsewhere, such as a neighbour of our domain (`__Host-`).
fn name(app: &App) -> &'static str {
    if app.switches.public_base.starts_with("https://") { "__Host-operator" } else { "operator" }
}

/// The session's cookie. One that begins on the way back from a provider is Lax: browsers hold back a Strict one there. The confirmed
/// one is Strict.
pub(crate) fn cookie(app: &App, session: &NewOperatorSession, same_site: SameSite) -> Cookie<'static> {
    build(app, session.token.clone(), session.life.num_seconds(), same_site)
}

/// Takes the session's cookie away.
pub(crate) fn no_cookie(app: &App) -> Cookie<'static> {
    build(app, String::new(), 0, SameSite::Strict)
}

fn build(app: &App, value: String, seconds: i64, same_site: SameSite) -> Cookie<'static> {
    let cookie = Cookie::build(name(app), value).http_only(true).secure(true).same_site(same_site);
    cookie.path("/").max_age(Duration::seconds(seconds)).finish()
}

/// Lets in operators of this role or a higher one; `None`: also those who have not shown the second factor.
pub(crate) async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    app: &App,
    least: Option<OperatorRole>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if origin::is_not_this_servers(request.request(), app) || origin::is_foreign(request.request(), true, app) {
        return Ok(request.error_response(ApiError::from(FOREIGN_ORIGIN)));
    }
    let token = request.request().cookie(name(app)).map(|cookie| cookie.value().to_owned());
    let session = match app.services.operator_sign_in.session(token.as_deref()).await {
        Ok(session) => session,
        Err(error) if error.kind() == ErrorKind::Unauthenticated => return Ok(not_in(request, LOGIN)),
        Err(error) => return Ok(request.error_response(ApiError::from(error))),
    };
    if least.is_some() && !session.is_confirmed {
        return Ok(not_in(request, CODE));
    }
    if least.is_some_and(|least| session.operator.role < least) {
        return Ok(request.error_response(ApiError::from(error::ROLE_TOO_LOW)));
    }
    let current = CurrentOperator { session: Rc::new(session), token: token.unwrap_or_default().into() };
    request.extensions_mut().insert(current);
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

/// A person is shown the way, a program is told.
fn not_in(request: ServiceRequest, way: &'static str) -> ServiceResponse<BoxBody> {
    if request.method() == Method::GET && wants_html(request.request()) {
        return request.into_response(HttpResponse::SeeOther().insert_header((header::LOCATION, way)).finish());
    }
    request.error_response(ApiError::from(UNAUTHENTICATED))
}
