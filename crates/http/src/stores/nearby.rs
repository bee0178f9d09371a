#![expect(unused_qualifications, reason = "what utoipa makes of a handler with a Query")]

use actix_web::{HttpResponse, get, http::header::ContentType, web::Data};
use cheapbob_domain::{
    shared::Error as DomainError,
    stores::{NearbyAsk, NearbyInput},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{nearby_page::NearbyPageBody, texts::StoreTexts};
use crate::{auth::Me, error::Result, extract::Query, state::App, users::NutritionWord};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Nearby {
    /// Degrees.
    #[param(minimum = -90, maximum = 90, example = 37.5006)]
    lat: f64,
    /// Degrees.
    #[param(minimum = -180, maximum = 180, example = 127.0364)]
    lng: f64,
    /// Metres.
    #[serde(default = "usual_radius")]
    #[param(minimum = 50, maximum = 20_000, default = 2_000)]
    radius_m: i64,
    /// Of two stores that are alike in it the nearer one comes first.
    #[serde(default = "usual_sort")]
    #[param(inline, value_type = Sort, default = "distance", required = false)]
    sort: String,
    /// Stores on a page.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 50, default = 20)]
    limit: i64,
    /// `next_cursor` of the page before, of the same query; the first page has none.
    #[param(max_length = 14_000, pattern = "^[A-Za-z0-9_-]*$")]
    cursor: Option<String>,
    /// Only stores that are open.
    #[serde(default)]
    open_now: bool,
    /// Only stores that have something left.
    #[serde(default = "yes")]
    #[param(default = true)]
    in_stock: bool,
    /// The most that a piece may cost now.
    #[param(minimum = 0, example = 8_000)]
    max_price: Option<i64>,
    /// Repeats: stores with a product of any of them.
    #[serde(default)]
    #[param(inline, value_type = Vec<NutritionWord>, required = false)]
    nutrition_type: Vec<String>,
    /// Only stores that still hand out today at this time or later.
    #[param(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "18:30")]
    pickup_after: Option<String>,
    /// Only stores that hand out today before this time.
    #[param(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "20:00")]
    pickup_before: Option<String>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "for the document")]
enum Sort {
    Distance,
    Price,
    Closing,
    Recommended,
}

fn usual_radius() -> i64 {
    2_000
}

fn usual_sort() -> String {
    "distance".to_owned()
}

fn usual_limit() -> i64 {
    20
}

fn yes() -> bool {
    true
}

/// Stores around a place.
#[utoipa::path(tag = "search", params(Nearby), responses((status = 200, body = NearbyPageBody)))]
#[get("/customer/search/stores/nearby")]
pub(super) async fn nearby(app: Data<App>, texts: Data<StoreTexts>, me: Me, query: Query<Nearby>) -> Result<HttpResponse> {
    let asked = query.0;
    let ask = NearbyAsk::parse(&NearbyInput {
        lat: asked.lat,
        lng: asked.lng,
        radius_m: asked.radius_m,
        sort: &asked.sort,
        limit: asked.limit,
        cursor: asked.cursor.as_deref(),
        open_now: asked.open_now,
        in_stock: asked.in_stock,
        max_price: asked.max_price,
        nutrition_types: &asked.nutrition_type,
        pickup_after: asked.pickup_after.as_deref(),
        pickup_before: asked.pickup_before.as_deref(),
    })?;
    let page = app.services.nearby.page(&me.0, &ask).await?;
    let body = NearbyPageBody::json(page, &texts, app.services.storage.as_ref()).map_err(DomainError::internal)?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(body))
}
