#![expect(unused_qualifications, reason = "what utoipa makes of a handler with a Query")]

use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::shared::{PaymentId, Result as DomainResult, Rule, Validation};
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto::DisputePageBody;
use crate::{auth::Me, error::Result, extract::Query, state::App};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// `next_cursor` of the page before; the first page has none.
    #[param(pattern = "^(PAY[0-9A-Za-z_]{1,37})?$")]
    cursor: Option<String>,
}

impl Page {
    fn parse(&self) -> DomainResult<Option<PaymentId>> {
        const FOREIGN: Rule = Rule { code: "bad_cursor", message: "목록의 다음 위치가 올바르지 않습니다." };
        let mut errors = Validation::default();
        let cursor = errors.check_optional("cursor", self.cursor.as_deref().map(|text| PaymentId::parse(text).ok_or(FOREIGN)));
        errors.finish(|| Some(cursor))
    }
}

/// The disputes of the store's orders, the newest order first, twenty a page.
#[utoipa::path(tag = "disputes", params(Page), responses((status = 200, body = DisputePageBody)))]
#[get("/seller/store/disputes")]
pub(super) async fn list(app: Data<App>, me: Me, query: Query<Page>) -> Result<HttpResponse> {
    let page = app.services.disputes.of_seller(&me.0, query.0.parse()?.as_ref()).await?;
    Ok(HttpResponse::Ok().json(DisputePageBody::new(page, app.services.storage.as_ref())))
}
