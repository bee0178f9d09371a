use actix_web::{HttpResponse, delete, post, web::Data};
use cheapbob_domain::{
    shared::{ProductId, Result as DomainResult, Rule, Validation},
    users::PreferenceKind,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::ProductBody;
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId},
    state::App,
    users::NutritionWord,
};

#[derive(Deserialize, ToSchema)]
struct NutritionTypes {
    #[schema(value_type = Vec<NutritionWord>, min_items = 1, example = json!(["protein"]))]
    nutrition_types: Vec<String>,
}

impl NutritionTypes {
    fn parse(&self) -> DomainResult<Vec<&'static str>> {
        const NONE: Rule = Rule { code: "too_short", message: "하나 이상 선택해 주세요." };
        let words = PreferenceKind::NutritionType.words(&self.nutrition_types);
        let mut errors = Validation::default();
        let words = errors.check("nutrition_types", words.and_then(|words| if words.is_empty() { Err(NONE) } else { Ok(words) }));
        errors.finish(|| words)
    }
}

/// Adds nutrition types, all or none.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), request_body = NutritionTypes, responses((status = 200, body = ProductBody)))]
#[post("/seller/store/products/{product_id}/nutrition")]
pub(super) async fn add(app: Data<App>, me: Me, id: PathId<ProductId>, body: Json<NutritionTypes>) -> Result<HttpResponse> {
    let product = app.services.products.add_nutrition(&me.0, &id.0, &body.0.parse()?).await?;
    Ok(HttpResponse::Ok().json(ProductBody::from(product)))
}

/// Takes nutrition types away, all or none.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), request_body = NutritionTypes, responses((status = 200, body = ProductBody)))]
#[delete("/seller/store/products/{product_id}/nutrition")]
pub(super) async fn remove(app: Data<App>, me: Me, id: PathId<ProductId>, body: Json<NutritionTypes>) -> Result<HttpResponse> {
    let product = app.services.products.remove_nutrition(&me.0, &id.0, &body.0.parse()?).await?;
    Ok(HttpResponse::Ok().json(ProductBody::from(product)))
}
