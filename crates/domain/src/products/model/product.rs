//! A product and its stock.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::price::{PastPrice, PickupEnds, PriceSteps, Pricing, SaleNow};
use crate::shared::{
    ProductId, Result, Rule, Sale, StoreId, Won,
    text::{Text, typed},
};

const NAME: Text = typed!("상품 이름은", 1 to 255);
const DESCRIPTION: Text = typed!("상품 설명은", 0 to 1000, lines);

/// How long a price that was in force stays known: customers pay what they saw in a list (contract, Prices that a person has seen).
pub const PRICES_KEPT: Duration = Duration::hours(1);

/// Products of a store. Each search reads and shows all of them.
pub const MOST_PRODUCTS: usize = 100;

/// The counters of a product's stock. `initial + adjustment = left + held + sold` at every instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Pieces at the beginning of the business day.
    pub initial: i32,
    /// Pieces in orders of the current business day.
    pub sold: i32,
    /// Pieces held by payments under way.
    pub held: i32,
    /// What the seller added or took away by hand since.
    pub adjustment: i32,
}

impl Stock {
    /// The most pieces a product may begin a day with.
    pub const MAX: i32 = 1_000_000;

    /// Pieces that can still be bought.
    pub fn left(self) -> i32 {
        self.initial + self.adjustment - self.sold - self.held
    }

    /// Pieces that are gone or promised: sold + held.
    pub fn purchased(self) -> i32 {
        self.sold + self.held
    }

    /// Reads an initial stock.
    ///
    /// # Errors
    /// `out_of_range` outside 0 … [`Stock::MAX`].
    pub fn initial(pieces: i64) -> Result<i32, Rule> {
        match i32::try_from(pieces) {
            Ok(n @ 0..=Self::MAX) => Ok(n),
            _ => Err(Rule { code: "out_of_range", message: "재고는 0개 이상 1,000,000개 이하여야 합니다." }),
        }
    }
}

/// A product as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// `PRD_…`; sorts by registration.
    pub id: ProductId,
    /// The store that owns it.
    pub store_id: StoreId,
    /// Name shown to customers, 1–255 characters.
    pub name: String,
    /// At most 1000 characters.
    pub description: String,
    /// Pieces there, held, sold and left.
    pub stock: Stock,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Its own discount in percent; 0 is none. What is in force at an instant says [`Pricing::at`].
    pub sale: Sale,
    /// What takes the place of its own discount as the end of pickup comes nearer.
    pub steps: PriceSteps,
    /// Grows with every change.
    pub version: i32,
    /// Words of the nutrition types.
    pub nutrition_types: Vec<String>,
    /// The most pieces that one customer may have held or ordered in a business day.
    pub max_per_customer: Option<i32>,
}

impl Product {
    /// Reads a name.
    ///
    /// # Errors
    /// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
    /// - `too_long`: more characters than allowed.
    /// - `bad_character`: a control character.
    pub fn name(name: &str) -> Result<String, Rule> {
        NAME.parse(name)
    }

    /// A description; may be empty.
    ///
    /// # Errors
    /// - `too_long`: more characters than allowed.
    /// - `bad_character`: a control character.
    pub fn description(description: &str) -> Result<String, Rule> {
        DESCRIPTION.parse(description)
    }

    /// The most pieces for one customer in a business day.
    ///
    /// # Errors
    /// `out_of_range` outside 1 … [`Stock::MAX`].
    pub fn max_per_customer(pieces: i64) -> Result<i32, Rule> {
        match i32::try_from(pieces) {
            Ok(n @ 1..=Stock::MAX) => Ok(n),
            _ => Err(Rule {
                code: "out_of_range", message: "1인당 구매 가능 수량은 1개 이상 1,000,000개 이하여야 합니다."
            }),
        }
    }

    /// All that decides what a piece costs, apart from the hours and the clock.
    pub fn pricing(&self) -> Pricing {
        Pricing { price: self.price, sale: self.sale, steps: self.steps.clone() }
    }

    /// With what it costs at `now`, at a store where pickup ends so.
    pub fn priced(self, ends: &PickupEnds, now: DateTime<Utc>) -> PricedProduct {
        PricedProduct { now: self.pricing().at(ends, now), product: self }
    }
}

/// A product with what it costs at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedProduct {
    /// The product.
    pub product: Product,
    /// What is in force, perhaps in place of its own discount.
    pub now: SaleNow,
}

/// A stock for the next business day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockReservation {
    /// Pieces at the beginning of that day.
    pub new_stock: i32,
    /// When it was reserved.
    pub reserved_at: DateTime<Utc>,
}

/// A product to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    /// Name shown to customers.
    pub name: String,
    /// At most 1,000 characters.
    pub description: String,
    /// Pieces at the beginning.
    pub initial_stock: i32,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount in percent; 0 is none.
    pub sale: Sale,
    /// Nutrition types (contract, Enumerations), each once.
    pub nutrition_types: Vec<&'static str>,
    /// The most pieces that one customer may have held or ordered in a business day.
    pub max_per_customer: Option<i32>,
}

/// Fields to change; `None` leaves one as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductChange {
    /// The name to take; `None` leaves it.
    pub name: Option<String>,
    /// The description to take; `None` leaves it.
    pub description: Option<String>,
    /// The price to take, before discount; `None` leaves it.
    pub price: Option<Won>,
    /// New discount; [`Sale::NONE`] removes it.
    pub sale: Option<Sale>,
    /// New price steps, in place of all there are.
    pub steps: Option<PriceSteps>,
    /// New limit for each customer; `Some(None)` removes it.
    pub max_per_customer: Option<Option<i32>>,
}

/// Prices as they were read before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPrices {
    /// What decided what a piece costs.
    pub pricing: Pricing,
    /// What was in force within [`PRICES_KEPT`] before the change if that was so all the time.
    pub past: Vec<PastPrice>,
}

/// What a conditional change of a product came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductOutcome {
    /// The product as it is now.
    Changed(Product),
    /// The condition did not hold: the product as it was.
    Unchanged(Product),
    /// The store has no such product.
    NotFound,
}
