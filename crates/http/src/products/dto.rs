use cheapbob_domain::products::{PricedProduct, SaleNow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{time::instant, users::NutritionWord};

#[derive(Serialize, ToSchema)]
pub(super) struct NextPriceStep {
    at: String,
    sale: i32,
}

impl NextPriceStep {
    pub(super) fn of(now: SaleNow) -> Option<Self> {
        now.next.map(|(at, sale)| Self { at: instant(at), sale: sale.get() })
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProductBody {
    product_id: String,
    store_id: String,
    product_name: String,
    description: String,
    initial_stock: i32,
    current_stock: i32,
    price: i64,
    /// In force now: of the last price step that was reached today, else the product's own.
    sale: i32,
    /// The product's own.
    base_sale: i32,
    /// When `sale` changes next today, and to what.
    next_price_step: Option<NextPriceStep>,
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

impl From<PricedProduct> for ProductBody {
    fn from(PricedProduct { product, now }: PricedProduct) -> Self {
        Self {
            product_id: product.id.to_string(),
            store_id: product.store_id.to_string(),
            product_name: product.name,
            description: product.description,
            initial_stock: product.stock.initial,
            current_stock: product.stock.left(),
            price: product.price.0,
            sale: now.sale.get(),
            base_sale: product.sale.get(),
            next_price_step: NextPriceStep::of(now),
            version: product.version,
            nutrition_types: product.nutrition_types,
            max_per_customer: product.max_per_customer,
        }
    }
}
