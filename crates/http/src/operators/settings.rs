use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_pages::page;

use super::frame::Frame;
use crate::{operator_session::CurrentOperator, state::App};

#[derive(Template)]
#[template(path = "operators/settings.html")]
struct Page {
    frame: Frame,
    production: bool,
    fakes: Vec<&'static str>,
    set: Vec<(&'static str, String)>,
}

/// How this process was started. No secret is among it.
#[get("/operator/settings")]
pub(super) async fn settings(app: Data<App>, operator: CurrentOperator) -> HttpResponse {
    let switches = &app.switches;
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let set = vec![
        ("OAUTH_REDIRECT_BASE_URL", switches.public_base.clone()),
        ("FRONTEND_URL", or_dash(&switches.frontend_url)),
        ("FRONTEND_LOCAL_URL", or_dash(&switches.frontend_local_url)),
        ("API_DOCS", if switches.api_docs { "on" } else { "off" }.to_owned()),
        ("RATE_LIMITS", if app.services.limiter.is_some() { "on" } else { "off" }.to_owned()),
        ("TRUSTED_PROXIES", switches.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        ("KEEP_ALIVE_SECONDS", switches.keep_alive.as_secs().to_string()),
    ];
    page(&Page { frame: Frame::of(&operator), production: switches.production, fakes: switches.fakes.clone(), set })
}
