//! For the tests of this feature's use cases: a product.

use super::model::{
    price::PriceSteps,
    product::{Product, Stock},
};
use crate::shared::{ProductId, Sale, StoreId, Won};

/// `STR_1`'s `PRD_1`: five pieces, 10,000 won at 30 % off, without steps.
pub(crate) fn product() -> Product {
    Product {
        id: ProductId::trusted("PRD_1".into()),
        store_id: StoreId::trusted("STR_1".into()),
        name: "도시락".into(),
        description: String::new(),
        stock: Stock { initial: 5, sold: 0, held: 0, adjustment: 0 },
        price: Won(10_000),
        sale: Sale::parse(30).unwrap(),
        steps: PriceSteps::default(),
        version: 1,
        nutrition_types: Vec::new(),
        max_per_customer: None,
    }
}
