#![expect(unused_qualifications, reason = "what utoipa makes of a handler with a Query")]

use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::{
    shared::{Result as DomainResult, Rule, Validation},
    stores::{Area, Cluster, Pin, StoreMap},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{error::Result, extract::Query, state::App};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Map {
    /// West, south, east and north, in degrees, divided by commas.
    #[param(
        max_length = 200,
        pattern = "^-?[0-9]{1,3}(\\.[0-9]{1,15})?(,-?[0-9]{1,3}(\\.[0-9]{1,15})?){3}$",
        example = "126.9,37.4,127.1,37.6"
    )]
    bbox: String,
}

impl Map {
    fn area(&self) -> DomainResult<Area> {
        const BAD: Rule =
            Rule { code: "bad_bbox", message: "지도 범위는 서,남,동,북 순서의 위도와 경도여야 합니다." };
        let mut errors = Validation::default();
        let degrees: Option<Vec<f64>> = self.bbox.split(',').map(|text| text.parse().ok()).collect();
        let area = match degrees.as_deref() {
            Some([west, south, east, north]) => Area::new(*west, *south, *east, *north),
            _ => None,
        };
        let area = errors.check("bbox", area.ok_or(BAD));
        errors.finish(|| area)
    }
}

#[derive(Serialize, ToSchema)]
struct MapBody {
    pins: Vec<PinBody>,
    /// Cells of the box with several stores, where there are more stores than there may be pins.
    clusters: Vec<ClusterBody>,
}

#[derive(Serialize, ToSchema)]
struct PinBody {
    store_id: String,
    store_name: String,
    lat: f64,
    lng: f64,
    is_open_now: bool,
    /// The unit price now of the cheapest product of which something is left.
    lowest_price: Option<i64>,
    /// Pieces of all products.
    left: i64,
}

/// The middle of some stores, and how many they are.
#[derive(Serialize, ToSchema)]
struct ClusterBody {
    lat: f64,
    lng: f64,
    count: usize,
}

impl From<Pin> for PinBody {
    fn from(Pin { store, name, place, glance }: Pin) -> Self {
        Self {
            store_id: store.to_string(),
            store_name: name,
            lat: place.lat(),
            lng: place.lng(),
            is_open_now: glance.is_open_now,
            lowest_price: glance.lowest_price.map(|price| price.0),
            left: glance.left,
        }
    }
}

impl From<Cluster> for ClusterBody {
    fn from(Cluster { middle: (lat, lng), count }: Cluster) -> Self {
        // Tenths of a metre.
        let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
        Self { lat: round(lat), lng: round(lng), count }
    }
}

impl From<StoreMap> for MapBody {
    fn from(map: StoreMap) -> Self {
        Self {
            pins: map.pins.into_iter().map(PinBody::from).collect(),
            clusters: map.clusters.into_iter().map(ClusterBody::from).collect(),
        }
    }
}

/// Stores on a part of the map, at most 300 pins and clusters.
#[utoipa::path(tag = "search", params(Map), responses((status = 200, body = MapBody)))]
#[get("/customer/search/stores/map")]
pub(super) async fn on_map(app: Data<App>, query: Query<Map>) -> Result<HttpResponse> {
    let map = app.services.nearby.map(&query.0.area()?).await?;
    Ok(HttpResponse::Ok().json(MapBody::from(map)))
}
