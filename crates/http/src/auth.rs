//! The caller behind a request, before its body is read.

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    cookie::{Cookie, SameSite, time::Duration as CookieDuration},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::Data,
};
use cheapbob_domain::{
    orders::Actor,
    shared::{Email, ErrorKind},
    users::{Caller, NewToken, Role, error},
};

use crate::{
    access::{self, Access, Row},
    context::Routed,
    error::ApiError,
    operator_session, origin,
    refusals::FOREIGN_ORIGIN,
    request_id::request_id,
    state::App,
};

/// The session's cookie.
pub(crate) const COOKIE: &str = "access_token";

/// The caller's e-mail, for handlers; [`check`] has let them in.
#[derive(Debug, Clone)]
pub(crate) struct Me(pub(crate) Email, Role);

impl Me {
    /// For the audit log.
    pub(crate) fn actor(&self) -> Actor {
        Actor::person(self.1, self.0.clone(), request_id())
    }
}

/// The whole caller.
#[derive(Clone)]
pub(crate) struct CurrentCaller(pub(crate) std::rc::Rc<Caller>);

impl FromRequest for Me {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<CurrentCaller>().map(|c| Self(c.0.session.email.clone(), c.0.account.role));
        std::future::ready(caller.ok_or_else(|| error::UNAUTHENTICATED.into()))
    }
}

impl FromRequest for CurrentCaller {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        std::future::ready(caller.ok_or_else(|| error::UNAUTHENTICATED.into()))
    }
}

/// What keeps a stream open: the session's token, and who may call.
pub(crate) struct Standing {
    token: String,
    access: Access,
}

impl Standing {
    /// Whether the token is good still, and its account may call.
    ///
    /// # Errors
    /// Unavailable: nobody can say.
    pub(crate) async fn is_good(&self, app: &App) -> cheapbob_domain::shared::Result<bool> {
        match app.services.sessions.authenticate(Some(&self.token)).await {
            Ok(caller) => Ok(admit(&caller, self.access).is_ok()),
            Err(error) if error.kind() == ErrorKind::Unauthenticated => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl FromRequest for Standing {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        // Whoever is given another token in this answer goes on with that one; of an exchanged one nothing is left.
        let renewed = extensions.get::<CurrentCaller>().and_then(|caller| caller.0.renewal.as_ref()).map(|renewal| renewal.token.clone());
        let standing = extensions.get::<Row>().zip(renewed.or_else(|| token(request)));
        let standing = standing.map(|(row, token)| Self { token, access: row.0.2 });
        std::future::ready(standing.ok_or_else(|| error::UNAUTHENTICATED.into()))
    }
}

/// The token: the bearer's where there is one, else the cookie's. Never from the query.
pub(crate) fn token(request: &HttpRequest) -> Option<String> {
    bearer(request).or_else(|| request.cookie(COOKIE).map(|c| c.value().to_owned()))
}

/// Whether the cookie is what says who calls: browsers add it, whoever's page asks.
fn is_by_cookie(request: &HttpRequest) -> bool {
    bearer(request).is_none() && request.cookie(COOKIE).is_some()
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let (scheme, token) = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// The session's cookie.
pub(crate) fn cookie(token: &NewToken) -> Cookie<'static> {
    with_value(token.token.clone(), token.life.num_seconds(), token.cross_site)
}

/// Takes the session's cookie away.
pub(crate) fn no_cookie(cross_site: bool) -> Cookie<'static> {
    with_value(String::new(), 0, cross_site)
}

fn with_value(value: String, seconds: i64, cross_site: bool) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .http_only(true)
        .secure(true)
        .same_site(if cross_site { SameSite::None } else { SameSite::Lax })
        .path("/")
        .max_age(CookieDuration::seconds(seconds))
        .finish()
}

/// Lets in whom the table lets in, and renews a session that is near its end.
pub(crate) async fn check(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    // Without what the middleware around this one leaves there nobody is let in.
    let Some(Routed(pattern)) = request.extensions().get::<Routed>().cloned() else { return Err(ApiError::panicked().into()) };
    let Some(app) = request.app_data::<Data<App>>().cloned() else { return Err(ApiError::panicked().into()) };
    let access = match pattern.as_deref().map(|pattern| (pattern, access::row(request.method().as_str(), pattern, request.path()))) {
        Some((_, Some(row))) => {
            request.extensions_mut().insert(row);
            row.0.2
        }
        // A route that nobody has said who may call is nobody's.
        Some((pattern, None)) if !access::is_open(pattern, app.switches.sandbox.is_some()) => {
            return Ok(request.into_response(access::no_route(Some(pattern))).map_into_boxed_body());
        }
        Some((_, None)) | None => Access::Anyone,
    };
    if origin::is_foreign(request.request(), is_by_cookie(request.request()), &app) {
        return Ok(request.error_response(ApiError::from(FOREIGN_ORIGIN)));
    }
    if let Some(least) = access.of_operators() {
        return operator_session::check(request, next, &app, least).await;
    }
    if access == Access::Anyone {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let caller = match app.services.sessions.authenticate(token(request.request()).as_deref()).await {
        Ok(caller) => caller,
        Err(error) => return Ok(request.error_response(ApiError::from(error))),
    };
    let renewal = caller.renewal.clone();
    let mut response = match admit(&caller, access) {
        Ok(()) => {
            request.extensions_mut().insert(CurrentCaller(std::rc::Rc::new(caller)));
            next.call(request).await?.map_into_boxed_body()
        }
        Err(refused) => request.error_response(refused),
    };
    // A refusal renews the session as well: the person is there, and an exchanged token is not taken again.
    if let Some(renewal) = renewal {
        renew(&mut response, &renewal);
    }
    Ok(response)
}

fn admit(caller: &Caller, access: Access) -> Result<(), ApiError> {
    let account = &caller.account;
    if !access.allows(account.role) {
        return Err(error::WRONG_ROLE.into());
    }
    if !account.is_active && !access.allows_withdrawn() {
        return Err(error::WITHDRAWN.into());
    }
    Ok(())
}

fn renew(response: &mut ServiceResponse<BoxBody>, renewal: &NewToken) {
    let already = response.response().cookies().any(|c| c.name() == COOKIE);
    if already {
        return;
    }
    if let Ok(value) = header::HeaderValue::try_from(&renewal.token) {
        response.headers_mut().insert(header::HeaderName::from_static("x-new-token"), value);
    }
    // Fails only for a name that is no cookie name.
    let _ = response.response_mut().add_cookie(&cookie(renewal));
}
