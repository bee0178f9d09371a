//! What another site's page sends in a person's name (cross-site request forgery). SameSite=Lax keeps most of it away; this keeps the
//! rest: sites that share our registrable domain, sessions whose cookie crosses sites, WebSockets, browsers that know no SameSite.
//! (OWASP, Cross-Site Request Forgery Prevention: verifying the origin with standard headers.)

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{self, HeaderName},
    },
};
use url::Url;

use crate::state::App;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a page that is neither ours nor an app's sends this, `by_cookie` of the person's, and would have something changed by what the browser adds,
/// or hear what a WebSocket says.
pub(crate) fn is_foreign(request: &HttpRequest, by_cookie: bool, app: &App) -> bool {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_websocket = request.headers().get(header::UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if is_websocket {
        // No page can give a WebSocket a bearer's token, so whoever sends one names no page: or it is let in by the cookie.
        return request.headers().contains_key(header::ORIGIN) && comes_from_elsewhere(request, app);
    }
    !is_read && by_cookie && comes_from_elsewhere(request, app)
}

/// Whether a page of another origin asks, an app's too: one that shares our site brings even a Strict cookie, and may read what CORS lets it read.
pub(crate) fn is_not_this_servers(request: &HttpRequest, app: &App) -> bool {
    let text = |name: HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    text(header::ORIGIN).is_some_and(|origin| origin != app.switches.public_base && !is_the_host(origin, text(header::HOST), app))
}

fn comes_from_elsewhere(request: &HttpRequest, app: &App) -> bool {
    let text = |name: HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    match (text(header::ORIGIN), text(SEC_FETCH_SITE)) {
        (Some(origin), _) => !is_ours(origin, text(header::HOST), app),
        (None, site) => site == Some("cross-site"),
    }
}

fn is_ours(origin: &str, host: Option<&str>, app: &App) -> bool {
    let switches = &app.switches;
    let known = [Some(&switches.public_base), switches.frontend_url.as_ref(), switches.frontend_local_url.as_ref()];
    if known.into_iter().flatten().any(|known| known == origin) {
        return true;
    }
    is_the_host(origin, host, app)
}

/// In development the host is ours by whatever name it is called (`localhost`, `127.0.0.1`, a phone's view of it).
fn is_the_host(origin: &str, host: Option<&str>, app: &App) -> bool {
    let authority = |url: &Url| Some(url[url::Position::BeforeHost..url::Position::AfterPort].to_owned());
    let asked = Url::parse(origin).ok().as_ref().and_then(authority);
    !app.switches.production && asked.is_some() && asked.as_deref() == host
}
