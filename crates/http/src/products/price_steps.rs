use actix_web::{HttpResponse, get, put, web::Data};
use cheapbob_domain::{
    products::{PriceStep, PricedProduct},
    shared::ProductId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::NextPriceStep;
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId, Whole},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct StepInput {
    #[schema(value_type = i64, minimum = 1, maximum = 1_439, example = 60)]
    minutes_before_pickup_end: Whole,
    /// Greater than those of the steps before it and than the product's own.
    #[schema(value_type = i64, minimum = 1, maximum = 100, example = 50)]
    sale: Whole,
}

#[derive(Deserialize, ToSchema)]
struct SetPriceSteps {
    /// In any order; none removes all.
    #[schema(max_items = 5)]
    steps: Vec<StepInput>,
}

#[derive(Serialize, ToSchema)]
struct PriceStepBody {
    minutes_before_pickup_end: i32,
    sale: i32,
}

#[derive(Serialize, ToSchema)]
struct PriceStepsBody {
    product_id: String,
    /// The product's own.
    base_sale: i32,
    /// The first to be reached first.
    steps: Vec<PriceStepBody>,
    /// In force now.
    sale: i32,
    next_price_step: Option<NextPriceStep>,
}

impl From<PricedProduct> for PriceStepsBody {
    fn from(PricedProduct { product, now }: PricedProduct) -> Self {
        let step = |step: &PriceStep| PriceStepBody { minutes_before_pickup_end: step.minutes_before_pickup_end, sale: step.sale.get() };
        Self {
            product_id: product.id.to_string(),
            base_sale: product.sale.get(),
            steps: product.steps.all().iter().map(step).collect(),
            sale: now.sale.get(),
            next_price_step: NextPriceStep::of(now),
        }
    }
}

/// A product's price steps.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), responses((status = 200, body = PriceStepsBody)))]
#[get("/seller/store/products/{product_id}/price-steps")]
pub(super) async fn show(app: Data<App>, me: Me, id: PathId<ProductId>) -> Result<HttpResponse> {
    let product = app.services.products.product(&me.0, &id.0).await?;
    Ok(HttpResponse::Ok().json(PriceStepsBody::from(product)))
}

/// Puts these price steps in place of all there are: the closing sale gets cheaper.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), request_body = SetPriceSteps, responses((status = 200, body = PriceStepsBody)))]
#[put("/seller/store/products/{product_id}/price-steps")]
pub(super) async fn set(app: Data<App>, me: Me, id: PathId<ProductId>, body: Json<SetPriceSteps>) -> Result<HttpResponse> {
    let steps: Vec<_> = body.0.steps.iter().map(|step| (step.minutes_before_pickup_end.0, step.sale.0)).collect();
    let product = app.services.products.set_price_steps(&me.0, &id.0, &steps).await?;
    Ok(HttpResponse::Ok().json(PriceStepsBody::from(product)))
}
