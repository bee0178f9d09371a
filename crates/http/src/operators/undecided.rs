use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_domain::{disputes::Dispute, stores::StoreApproval};
use cheapbob_pages::page;

use super::{frame::Frame, words};
use crate::{error::Result, operator_session::CurrentOperator, state::App};

#[derive(Template)]
#[template(path = "operators/undecided.html")]
struct Page {
    frame: Frame,
    app: Data<App>,
    stores: Vec<StoreApproval>,
    disputes: Vec<Dispute>,
}

impl Page {
    fn address(&self, key: &str) -> String {
        self.app.services.storage.public_url(key)
    }
}

/// Stores that wait to be approved, and disputes that wait for a decision.
#[get("/operator/undecided")]
pub(super) async fn list(app: Data<App>, operator: CurrentOperator) -> Result<HttpResponse> {
    let (stores, disputes) = app.services.console.undecided(&operator.by()).await?;
    Ok(page(&Page { frame: Frame::of(&operator), app, stores, disputes }))
}
