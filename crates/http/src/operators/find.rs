use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_domain::operators::{Found, FoundKind};
use cheapbob_pages::page;
use serde::Deserialize;

use super::{frame::Frame, words};
use crate::{error::Result, extract::Query, operator_session::CurrentOperator, state::App};

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "operators/find.html")]
struct Page {
    frame: Frame,
    q: String,
    found: Vec<Found>,
}

impl Page {
    fn kind(found: &Found) -> &'static str {
        match found.kind {
            FoundKind::Payment => "결제",
            FoundKind::Store => "매장",
            FoundKind::Customer => "고객",
            FoundKind::Seller => "판매자",
        }
    }

    fn way(found: &Found) -> String {
        match found.kind {
            FoundKind::Payment => format!("/operator/payments/{}", words::part(&found.id)),
            FoundKind::Store => format!("/operator/stores/{}", words::part(&found.id)),
            FoundKind::Customer | FoundKind::Seller => format!("/operator/customers/{}", words::part(&found.id)),
        }
    }
}

/// Anything, by one field.
#[get("/operator/find")]
pub(super) async fn find(app: Data<App>, operator: CurrentOperator, query: Query<Asked>) -> Result<HttpResponse> {
    let found = app.services.console.find(&operator.by(), &query.0.q).await?;
    Ok(page(&Page { frame: Frame::of(&operator), q: query.0.q, found }))
}
