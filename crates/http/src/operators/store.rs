use actix_web::{
    HttpResponse, get,
    web::{Data, Path},
};
use askama::Template;
use cheapbob_domain::{
    operators::{StoreView, error},
    shared::StoreId,
};
use cheapbob_pages::page;

use super::{frame::Frame, words};
use crate::{
    error::{ApiError, Result},
    operator_session::CurrentOperator,
    state::App,
};

#[derive(Template)]
#[template(path = "operators/store.html")]
struct Page {
    frame: Frame,
    view: StoreView,
}

impl Page {
    fn day(of_week: &i16) -> &'static str {
        ["월", "화", "수", "목", "금", "토", "일"].get(usize::try_from(*of_week).unwrap_or(7)).unwrap_or(&"?")
    }
}

/// A store: hours, stock now, sales, reviews.
#[get("/operator/stores/{store_id}")]
pub(super) async fn store(app: Data<App>, operator: CurrentOperator, id: Path<String>) -> Result<HttpResponse> {
    let id = StoreId::parse(&id).ok_or(ApiError::from(error::NOTHING_THERE))?;
    let view = app.services.console.store(&operator.by(), &id).await?;
    Ok(page(&Page { frame: Frame::of(&operator), view }))
}
