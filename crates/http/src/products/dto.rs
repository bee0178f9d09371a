use cheapbob_domain::products::Product;
use serde::Serialize;
use utoipa::ToSchema;

use crate::users::NutritionWord;

#[derive(Serialize, ToSchema)]
pub(crate) struct ProductBody {
    product_id: String,
    store_id: String,
    product_name: String,
    description: String,
    initial_stock: i32,
    current_stock: i32,
    price: i64,
    sale: i32,
    version: i32,
    #[schema(value_type = Vec<NutritionWord>)]
    nutrition_types: Vec<String>,
    /// Pieces that a customer may have held or ordered of it in a business day.
    max_per_customer: Option<i32>,
}

impl ProductBody {
    /// Whether somebody can have a piece.
    pub(crate) fn is_left(&self) -> bool {
        self.current_stock > 0
    }
}

impl From<Product> for ProductBody {
    fn from(product: Product) -> Self {
        Self {
            product_id: product.id.to_string(),
            store_id: product.store_id.to_string(),
            product_name: product.name,
            description: product.description,
            initial_stock: product.stock.initial,
            current_stock: product.stock.left(),
            price: product.price.0,
            sale: product.sale.get(),
            version: product.version,
            nutrition_types: product.nutrition_types,
            max_per_customer: product.max_per_customer,
        }
    }
}
