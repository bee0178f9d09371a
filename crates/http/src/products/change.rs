use actix_web::{HttpResponse, put, web::Data};
use cheapbob_domain::{
    products::{Product, ProductChange},
    shared::{ProductId, Result as DomainResult, Sale, Validation, Won},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::ProductBody;
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, PathId, Whole, sent},
    state::App,
};

#[derive(Deserialize, ToSchema)]
struct ChangeProduct {
    #[schema(min_length = 1, max_length = 255)]
    product_name: Option<String>,
    #[schema(max_length = 1000)]
    description: Option<String>,
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100_000_000)]
    price: Option<Whole>,
    /// The product's own; 0 removes it. One that a price step has is taken for what the app was shown, and changes nothing.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100)]
    sale: Option<Whole>,
    /// Pieces that a customer may have held or ordered of it in a business day; `null` removes the limit.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000)]
    max_per_customer: Option<Option<Whole>>,
}

impl ChangeProduct {
    fn parse(&self) -> DomainResult<ProductChange> {
        let mut errors = Validation::default();
        let name = errors.check_optional("product_name", self.product_name.as_deref().map(Product::name));
        let description = errors.check_optional("description", self.description.as_deref().map(Product::description));
        let price = errors.check_optional("price", self.price.map(|price| Won::price(price.0)));
        let sale = errors.check_optional("sale", self.sale.map(|sale| Sale::parse(sale.0)));
        let max_per_customer = match self.max_per_customer {
            Some(Some(most)) => errors.check("max_per_customer", Product::max_per_customer(most.0)).map(Some),
            sent => sent.map(|_| None),
        };
        errors.finish(|| Some(ProductChange { name, description, price, sale, steps: None, max_per_customer }))
    }
}

/// Changes what is given.
#[utoipa::path(tag = "seller", params(("product_id" = String, Path)), request_body = ChangeProduct, responses((status = 200, body = ProductBody)))]
#[put("/seller/store/products/{product_id}")]
pub(super) async fn change(app: Data<App>, me: Me, id: PathId<ProductId>, body: Json<ChangeProduct>) -> Result<HttpResponse> {
    let product = app.services.products.change(&me.0, &id.0, &body.0.parse()?).await?;
    Ok(HttpResponse::Ok().json(ProductBody::from(product)))
}
