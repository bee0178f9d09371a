#![expect(unused_qualifications, reason = "what utoipa makes of a handler with a Query")]

use actix_web::{HttpResponse, get, http::header::ContentType, web::Data};
use cheapbob_domain::{shared::Error as DomainError, stores::StoreFilter};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{page::StorePageBody, texts::StoreTexts};
use crate::{auth::Me, error::Result, extract::Query, state::App};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    #[serde(default)]
    #[param(value_type = i64, minimum = 0, maximum = 4_294_967_295_u32)]
    page: u32,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ByLocation {
    #[param(min_length = 1, max_length = 50, example = "서울")]
    sido: String,
    #[param(min_length = 1, max_length = 50, example = "마포구")]
    sigungu: String,
    /// Repeats.
    #[serde(default)]
    #[param(inline, value_type = Vec<Bname>, min_items = 1, max_items = 100, required = true)]
    bname: Vec<String>,
    #[serde(default)]
    #[param(value_type = i64, minimum = 0, maximum = 4_294_967_295_u32)]
    page: u32,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ByName {
    #[param(min_length = 1, max_length = 255, example = "김밥")]
    search_name: String,
    #[serde(default)]
    #[param(value_type = i64, minimum = 0, maximum = 4_294_967_295_u32)]
    page: u32,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ByLocationName {
    #[param(min_length = 1, max_length = 50, example = "서울")]
    sido: String,
    #[param(min_length = 1, max_length = 50, example = "마포구")]
    sigungu: String,
    /// Repeats.
    #[serde(default)]
    #[param(inline, value_type = Vec<Bname>, min_items = 1, max_items = 100, required = true)]
    bname: Vec<String>,
    #[param(min_length = 1, max_length = 255, example = "김밥")]
    search_name: String,
    #[serde(default)]
    #[param(value_type = i64, minimum = 0, maximum = 4_294_967_295_u32)]
    page: u32,
}

/// A neighbourhood.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 50, example = "서교동")]
#[expect(dead_code, reason = "for the document: the items of a list have limits of their own")]
struct Bname(String);

async fn page(app: &App, texts: &StoreTexts, me: &Me, filter: &StoreFilter, page: u32) -> Result<HttpResponse> {
    let remembered = async {
        if let Some(name) = &filter.name {
            app.services.history.remember(&me.0, name).await;
        }
    };
    let (found, ()) = futures::join!(app.services.search.page(&me.0, filter, page), remembered);
    let (storage, now) = (app.services.storage.as_ref(), app.services.clock.now());
    let body = StorePageBody::json(found?, texts, storage, now).map_err(DomainError::internal)?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(body))
}

/// All stores, newest first.
#[utoipa::path(tag = "search", params(Page), responses((status = 200, body = StorePageBody)))]
#[get("/customer/search/stores")]
pub(super) async fn newest(app: Data<App>, texts: Data<StoreTexts>, me: Me, query: Query<Page>) -> Result<HttpResponse> {
    page(&app, &texts, &me, &StoreFilter::default(), query.0.page).await
}

/// Stores in these neighbourhoods, by name.
#[utoipa::path(tag = "search", params(ByLocation), responses((status = 200, body = StorePageBody)))]
#[get("/customer/search/stores/by-location")]
pub(super) async fn by_location(app: Data<App>, texts: Data<StoreTexts>, me: Me, query: Query<ByLocation>) -> Result<HttpResponse> {
    let asked = query.0;
    let filter = StoreFilter::parse(Some((&asked.sido, &asked.sigungu, &asked.bname)), None)?;
    page(&app, &texts, &me, &filter, asked.page).await
}

/// Stores with this text in their name or a product's, by name.
#[utoipa::path(tag = "search", params(ByName), responses((status = 200, body = StorePageBody)))]
#[get("/customer/search/stores/by-name")]
pub(super) async fn by_name(app: Data<App>, texts: Data<StoreTexts>, me: Me, query: Query<ByName>) -> Result<HttpResponse> {
    let filter = StoreFilter::parse(None, Some(&query.0.search_name))?;
    page(&app, &texts, &me, &filter, query.0.page).await
}

/// Both filters.
#[utoipa::path(tag = "search", params(ByLocationName), responses((status = 200, body = StorePageBody)))]
#[get("/customer/search/stores/by-location-name")]
pub(super) async fn by_location_name(
    app: Data<App>,
    texts: Data<StoreTexts>,
    me: Me,
    query: Query<ByLocationName>,
) -> Result<HttpResponse> {
    let asked = query.0;
    let filter = StoreFilter::parse(Some((&asked.sido, &asked.sigungu, &asked.bname)), Some(&asked.search_name))?;
    page(&app, &texts, &me, &filter, asked.page).await
}
