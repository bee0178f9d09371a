#![expect(unused_qualifications, reason = "what utoipa makes of a handler with a Query")]

use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::shared::{Result as DomainResult, ReviewId, Rule, StoreId, Validation};
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto::ReviewPageBody;
use crate::{
    auth::Me,
    error::Result,
    extract::{PathId, Query},
    state::App,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// `next_cursor` of the page before; the first page has none.
    #[param(pattern = "^(RVW_[0-9A-Za-z]{1,36})?$")]
    cursor: Option<String>,
}

impl Page {
    fn parse(&self) -> DomainResult<Option<ReviewId>> {
        const FOREIGN: Rule = Rule { code: "bad_cursor", message: "목록의 다음 위치가 올바르지 않습니다." };
        let mut errors = Validation::default();
        let cursor = errors.check_optional("cursor", self.cursor.as_deref().map(|text| ReviewId::parse(text).ok_or(FOREIGN)));
        errors.finish(|| Some(cursor))
    }
}

/// A store's reviews, newest first, twenty a page.
#[utoipa::path(tag = "reviews", params(("store_id" = String, Path), Page), responses((status = 200, body = ReviewPageBody)))]
#[get("/customer/search/stores/{store_id}/reviews")]
pub(super) async fn of_store(app: Data<App>, id: PathId<StoreId>, query: Query<Page>) -> Result<HttpResponse> {
    let page = app.services.reviews.of_store(&id.0, query.0.parse()?.as_ref()).await?;
    Ok(HttpResponse::Ok().json(ReviewPageBody::from(page)))
}

/// The store's reviews, newest first, twenty a page, hidden ones too.
#[utoipa::path(tag = "reviews", params(Page), responses((status = 200, body = ReviewPageBody)))]
#[get("/seller/store/reviews")]
pub(super) async fn of_seller(app: Data<App>, me: Me, query: Query<Page>) -> Result<HttpResponse> {
    let page = app.services.reviews.of_seller(&me.0, query.0.parse()?.as_ref()).await?;
    Ok(HttpResponse::Ok().json(ReviewPageBody::from(page)))
}
