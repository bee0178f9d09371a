//! The words to choose from.

use actix_web::{HttpResponse, get};
use cheapbob_domain::users::PreferenceKind;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(preferred_menus).service(nutrition_types).service(allergies).service(topping_types);
}

#[derive(Serialize, ToSchema)]
struct OptionBody {
    #[serde(rename = "type")]
    #[schema(example = "salad")]
    kind: &'static str,
    #[schema(example = "샐러드")]
    name: &'static str,
}

#[derive(Serialize, ToSchema)]
struct OptionsBody {
    options: Vec<OptionBody>,
}

fn options(kind: PreferenceKind) -> HttpResponse {
    let options = kind.options().iter().map(|o| OptionBody { kind: o.word, name: o.name }).collect();
    HttpResponse::Ok().json(OptionsBody { options })
}

/// Menus.
#[utoipa::path(tag = "common", responses((status = 200, body = OptionsBody)))]
#[get("/common/options/preferred-menus")]
async fn preferred_menus() -> HttpResponse {
    options(PreferenceKind::PreferredMenu)
}

/// Nutrition types.
#[utoipa::path(tag = "common", responses((status = 200, body = OptionsBody)))]
#[get("/common/options/nutrition-types")]
async fn nutrition_types() -> HttpResponse {
    options(PreferenceKind::NutritionType)
}

/// Allergies.
#[utoipa::path(tag = "common", responses((status = 200, body = OptionsBody)))]
#[get("/common/options/allergies")]
async fn allergies() -> HttpResponse {
    options(PreferenceKind::Allergy)
}

/// Toppings.
#[utoipa::path(tag = "common", responses((status = 200, body = OptionsBody)))]
#[get("/common/options/topping-types")]
async fn topping_types() -> HttpResponse {
    options(PreferenceKind::ToppingType)
}
