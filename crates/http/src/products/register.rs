use actix_web::{HttpResponse, post, web::Data};
use cheapbob_domain::{
    products::{NewProduct, Product, Stock},
    shared::{Result as DomainResult, Rule, Sale, Validation, Won},
    users::PreferenceKind,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::ProductBody;
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, Whole},
    state::App,
    users::NutritionWord,
};

#[derive(Deserialize, ToSchema)]
struct RegisterProduct {
    #[schema(min_length = 1, max_length = 255)]
    product_name: String,
    #[schema(max_length = 1000)]
    description: String,
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000)]
    initial_stock: Whole,
    #[schema(value_type = i64, minimum = 1, maximum = 100_000_000)]
    price: Whole,
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100)]
    sale: Option<Whole>,
    #[schema(value_type = Vec<NutritionWord>)]
    nutrition_types: Vec<String>,
    /// Pieces that a customer may have held or ordered of it in a business day.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000)]
    max_per_customer: Option<Whole>,
}

impl RegisterProduct {
    fn parse(&self) -> DomainResult<NewProduct> {
        let mut errors = Validation::default();
        let name = errors.check("product_name", Product::name(&self.product_name));
        let description = errors.check("description", Product::description(&self.description));
        let initial_stock = errors.check("initial_stock", Stock::initial(self.initial_stock.0));
        let price = errors.check("price", Won::price(self.price.0));
        // No discount is said by leaving it out, here.
        let sale = errors.check(
            "sale",
            match self.sale {
                None => Ok(Sale::NONE),
                Some(Whole(0)) => Err(Rule { code: "out_of_range", message: "할인율은 1에서 100 사이여야 합니다." }),
                Some(Whole(percent)) => Sale::parse(percent),
            },
        );
        let nutrition_types = errors.check("nutrition_types", PreferenceKind::NutritionType.words(&self.nutrition_types));
        let max_per_customer =
            errors.check_optional("max_per_customer", self.max_per_customer.map(|most| Product::max_per_customer(most.0)));
        errors.finish(|| {
            Some(NewProduct {
                name: name?,
                description: description?,
                initial_stock: initial_stock?,
                price: price?,
                sale: sale?,
                nutrition_types: nutrition_types?,
                max_per_customer,
            })
        })
    }
}

/// Registers a product; all its pieces are left to be bought.
#[utoipa::path(tag = "seller", request_body = RegisterProduct, responses((status = 201, body = ProductBody)))]
#[post("/seller/store/products/register")]
pub(super) async fn register(app: Data<App>, me: Me, body: Json<RegisterProduct>) -> Result<HttpResponse> {
    let product = app.services.products.register(&me.0, &body.0.parse()?).await?;
    Ok(HttpResponse::Created().json(ProductBody::from(product)))
}
