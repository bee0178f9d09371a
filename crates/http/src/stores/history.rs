use actix_web::{HttpResponse, delete, get, web::Data};
use cheapbob_domain::{shared::Refusal, stores::error};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::Me,
    error::Result,
    extract::{Id, PathId},
    state::App,
};

#[derive(Serialize, ToSchema)]
struct SearchHistory {
    /// Newest first, at most 5, each once.
    search_names: Vec<String>,
    count: usize,
}

/// What the customer searched for within 7 days.
#[utoipa::path(tag = "search", responses((status = 200, body = SearchHistory)))]
#[get("/customer/history/search")]
pub(super) async fn list(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let search_names = app.services.history.list(&me.0).await?;
    Ok(HttpResponse::Ok().json(SearchHistory { count: search_names.len(), search_names }))
}

/// Forgets all searches.
#[utoipa::path(tag = "search", responses((status = 204)))]
#[delete("/customer/history/search")]
pub(super) async fn clear(app: Data<App>, me: Me) -> Result<HttpResponse> {
    app.services.history.clear(&me.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A text in the history.
pub(super) struct SearchedText(String);

impl Id for SearchedText {
    const NOT_FOUND: Refusal = error::SEARCH_NOT_FOUND;

    fn parse(text: &str) -> Option<Self> {
        /// No search has a text of so many bytes (`StoreFilter`).
        const LONGEST: usize = 2_048;
        (text.len() <= LONGEST && !text.contains('\0')).then(|| Self(text.to_owned()))
    }
}

/// Forgets one search. Its text may contain `/`.
#[utoipa::path(tag = "search", params(("search_name" = String, Path, example = "김밥")), responses((status = 204)))]
#[delete("/customer/history/search/{search_name:.*}")]
pub(super) async fn forget(app: Data<App>, me: Me, search_name: PathId<SearchedText>) -> Result<HttpResponse> {
    app.services.history.forget(&me.0, &search_name.0.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
