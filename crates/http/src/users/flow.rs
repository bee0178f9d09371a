//! The browser's share of a login, or of a takeover, under way: a cookie for each, so that two tabs can log in side by side.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};

/// More logins than this are not under way in one browser: the older ones were left.
const MOST: usize = 8;

/// Which kind of flow.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flow {
    /// Between the redirect to a provider and the way back.
    Login,
    /// Between the mail with the link and the click on it.
    Takeover,
}

impl Flow {
    fn prefix(self) -> &'static str {
        match self {
            Self::Login => "login_",
            Self::Takeover => "takeover_",
        }
    }

    /// `id` is what both the browser's address and the server know of the flow, from outside: `None` where none of ours looks like that.
    fn name(self, id: &str) -> Option<String> {
        let id = id.get(..16)?;
        let fits = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| format!("{}{id}", self.prefix()))
    }

    /// For a link from elsewhere to here only: Lax lets that one through.
    fn build(name: String, secret: String, life: Duration) -> Cookie<'static> {
        Cookie::build(name, secret).http_only(true).secure(true).same_site(SameSite::Lax).path("/api/v1/auth").max_age(life).finish()
    }

    /// The cookie of a flow that begins.
    pub(crate) fn cookie(self, id: &str, secret: String, life: Duration) -> Option<Cookie<'static>> {
        self.name(id).map(|name| Self::build(name, secret, life))
    }

    /// What ends the cookie of a flow.
    pub(crate) fn end(self, id: &str) -> Option<Cookie<'static>> {
        self.cookie(id, String::new(), Duration::ZERO)
    }

    /// The secret that the browser brings for a flow.
    pub(crate) fn secret(self, request: &HttpRequest, id: &str) -> Option<String> {
        request.cookie(&self.name(id)?).map(|cookie| cookie.value().to_owned())
    }

    /// What ends the cookies of the flows that this browser has left. It sends the oldest first (RFC 6265, 5.4).
    pub(crate) fn left(self, request: &HttpRequest) -> Vec<Cookie<'static>> {
        let Ok(cookies) = request.cookies() else { return vec![] };
        let names: Vec<_> = cookies.iter().map(|c| c.name().to_owned()).filter(|name| name.starts_with(self.prefix())).collect();
        let left = names.len().saturating_sub(MOST - 1);
        names.into_iter().take(left).map(|name| Self::build(name, String::new(), Duration::ZERO)).collect()
    }
}
