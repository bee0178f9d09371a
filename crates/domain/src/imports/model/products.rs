//! Products and their stock.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    finding::{self, Told},
    mending::{made_at, name, number, text},
    old::OldProduct,
};
use crate::{
    products::{Product, Stock},
    shared::{ProductId, Sale, StoreId, Won},
    users::PreferenceKind,
};

/// A product to be written. Its sold and held are what its orders and holds come to here; the adjustment takes the rest, so that as many
/// are left as were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedProduct {
    /// As it was.
    pub id: ProductId,
    /// The store that sells it.
    pub store_id: StoreId,
    /// Shown to customers.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Won a piece before the discount.
    pub price: Won,
    /// Percent; 0 is none.
    pub sale: Sale,
    /// Pieces at the beginning of the day.
    pub initial_stock: i32,
    /// Pieces that can still be bought: never below 0.
    pub left: i32,
    /// Pieces that were promised and are not there: as many of those that come back are not for sale.
    pub oversold: i32,
    /// Grows with every change.
    pub version: i32,
    /// Each word once.
    pub nutrition_types: Vec<&'static str>,
    /// When it was registered, as its id says.
    pub created_at: DateTime<Utc>,
}

/// What becomes of a product. `None`: nothing is brought.
pub fn product(old: &OldProduct, now: DateTime<Utc>, told: &mut Told) -> Option<ImportedProduct> {
    let (Some(id), Some(store_id)) = (ProductId::parse(&old.product_id), StoreId::parse(&old.store_id)) else {
        told.tell(finding::BAD_ID);
        return None;
    };
    let price = Won::price(old.price).unwrap_or_else(|_| {
        told.tell_of(finding::PRICE_WRONG, old.price.to_string());
        Won(1)
    });
    let initial_stock = Stock::initial(old.initial_stock).unwrap_or_else(|_| {
        told.tell_of(finding::STOCK_WRONG, old.initial_stock.to_string());
        number(old.initial_stock).clamp(0, Stock::MAX)
    });
    let (left, oversold) = left(old, told);
    Some(ImportedProduct {
        name: name(told, "product_name", old.product_name.as_deref(), Product::name),
        description: text(told, "description", old.description.as_deref(), Product::description, finding::TEXT_CHANGED),
        price,
        sale: sale(old.sale, told),
        initial_stock,
        left,
        oversold,
        // It grows with every change from here on.
        version: number(old.version.clamp(1, 1_000_000_000)),
        nutrition_types: nutrition_types(old, told),
        created_at: made_at(id.as_str()).unwrap_or(now),
        id,
        store_id,
    })
}

/// A discount; NULL is none.
pub fn sale(old: Option<i64>, told: &mut Told) -> Sale {
    Sale::parse(old.unwrap_or(0)).unwrap_or_else(|_| {
        told.tell_of(finding::SALE_WRONG, old.unwrap_or(0).to_string());
        Sale::NONE
    })
}

/// Pieces that were left there, and how many were sold that are not there. Less than nothing is nothing: what was sold twice is not sold
/// a third time.
fn left(old: &OldProduct, told: &mut Told) -> (i32, i32) {
    let left = old.initial_stock - old.purchased_quantity + old.admin_adjustment;
    if left < 0 {
        told.tell_of(finding::SOLD_TWICE, left.to_string());
    }
    if left > Stock::MAX.into() {
        told.tell_of(finding::STOCK_WRONG, left.to_string());
    }
    (number(left).clamp(0, Stock::MAX), number(-left).clamp(0, Stock::MAX))
}

fn nutrition_types(old: &OldProduct, told: &mut Told) -> Vec<&'static str> {
    let mut words = Vec::new();
    for text in &old.nutrition_types {
        match PreferenceKind::NutritionType.word(text) {
            Ok(word) if words.contains(&word) => {}
            Ok(word) => words.push(word),
            Err(_) => told.tell_of(finding::UNKNOWN_WORD, text.as_str()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        imports::model::finding::Kind,
        shared::{Clock, testing::Noon},
    };

    fn old() -> OldProduct {
        OldProduct {
            product_id: "PRD1".into(),
            store_id: "STR1".into(),
            product_name: Some("만두".into()),
            initial_stock: 10,
            price: 5_000,
            version: 3,
            description: Some(String::new()),
            ..OldProduct::default()
        }
    }

    fn mapped(old: OldProduct) -> (ImportedProduct, Vec<&'static str>) {
        let old = OldProduct { product_id: "PRD_1".into(), store_id: "STR_1".into(), ..old };
        let mut told = Told::of(Kind::Products, "PRD_1");
        let product = product(&old, Noon.now(), &mut told).unwrap();
        (product, told.findings.iter().map(|finding| finding.reason.code).collect())
    }

    #[test]
    fn less_than_nothing_is_nothing() {
        let (product, told) = mapped(OldProduct { purchased_quantity: 13, ..old() });
        assert_eq!((product.left, product.oversold, product.sale, told), (0, 3, Sale::NONE, vec!["sold_twice"]));
    }

    #[test]
    fn a_price_that_cannot_be_is_one_that_nobody_can_buy_for() {
        let (product, told) = mapped(OldProduct { price: 0, sale: Some(120), ..old() });
        assert_eq!((product.price.unit_price(product.sale), told), (Won(0), vec!["price_wrong", "sale_wrong"]));
    }

    proptest! {
        #[test]
        fn what_is_left_stays_left(initial in 0..100i64, purchased in 0..120i64, adjustment in -20..20i64) {
            let (product, told) = mapped(OldProduct { initial_stock: initial, purchased_quantity: purchased, admin_adjustment: adjustment, ..old() });
            let left = initial - purchased + adjustment;
            prop_assert_eq!(i64::from(product.left - product.oversold), left);
            prop_assert!(product.left == 0 || product.oversold == 0);
            prop_assert_eq!(told.contains(&"sold_twice"), left < 0);
        }
    }
}
