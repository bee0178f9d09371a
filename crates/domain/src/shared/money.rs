//! Won, percent and quantities.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::{Result, Rule};

/// An amount in whole won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Won(pub i64);

impl Won {
    /// The highest price of one product: with the largest quantity the total stays far from `i64`'s end.
    pub const MAX_PRICE: i64 = 100_000_000;

    /// Reads a product's price before discount.
    ///
    /// # Errors
    /// `out_of_range` outside 1 … [`Won::MAX_PRICE`].
    pub fn price(won: i64) -> Result<Self, Rule> {
        if (1..=Self::MAX_PRICE).contains(&won) {
            Ok(Self(won))
        } else {
            Err(Rule { code: "out_of_range", message: "가격은 1원 이상 1억원 이하여야 합니다." })
        }
    }

    /// What one piece costs: the nearest 100 won, halves up, also where `sale` is 0 (contract, payment rules). Both apps
    /// compute the same sum and ask PortOne for it.
    pub fn unit_price(self, sale: Sale) -> Self {
        Self((self.0 * i64::from(100 - sale.0) + 5_000) / 10_000 * 100)
    }

    /// This much for each of `quantity`.
    pub fn times(self, quantity: Quantity) -> Self {
        Self(self.0 * i64::from(quantity.get()))
    }
}

/// As people read it: `1,234,567원`.
impl fmt::Display for Won {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        f.write_str(if self.0 < 0 { "-" } else { "" })?;
        for (i, digit) in digits.chars().enumerate() {
            let comma = i > 0 && (digits.len() - i).is_multiple_of(3);
            write!(f, "{}{digit}", if comma { "," } else { "" })?;
        }
        f.write_str("원")
    }
}

/// A discount in percent; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sale(i32);

impl Sale {
    /// 0 percent.
    pub const NONE: Self = Self(0);

    /// Reads a discount.
    ///
    /// # Errors
    /// `out_of_range` outside 0 … 100.
    pub fn parse(percent: i64) -> Result<Self, Rule> {
        match i32::try_from(percent) {
            Ok(p @ 0..=100) => Ok(Self(p)),
            _ => Err(Rule { code: "out_of_range", message: "할인율은 0에서 100 사이여야 합니다." }),
        }
    }

    /// 0 to 100.
    pub fn get(self) -> i32 {
        self.0
    }
}

/// How many pieces, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Quantity(i32);

impl Quantity {
    /// A number of pieces.
    ///
    /// # Errors
    /// `out_of_range` outside 1 … `i32::MAX`.
    pub fn parse(pieces: i64) -> Result<Self, Rule> {
        match i32::try_from(pieces) {
            Ok(n @ 1..) => Ok(Self(n)),
            Err(_) if pieces > 0 => Err(Rule { code: "out_of_range", message: "수량이 너무 많습니다." }),
            _ => Err(Rule { code: "out_of_range", message: "수량은 1개 이상이어야 합니다." }),
        }
    }

    /// At least 1.
    pub fn get(self) -> i32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unit_price_rounds_to_the_nearest_hundred_halves_up() {
        for (price, sale, unit) in [
            (10_000, 0, 10_000),
            (10_050, 0, 10_100),
            (10_049, 0, 10_000),
            (9_900, 33, 6_600),
            (1_500, 50, 800),
            (49, 0, 0),
            (5_000, 100, 0),
        ] {
            assert_eq!(Won(price).unit_price(Sale::parse(sale).unwrap()), Won(unit), "{price} −{sale}%");
        }
    }

    #[test]
    fn people_read_won_in_thousands() {
        for (won, text) in [(0, "0원"), (999, "999원"), (1_000, "1,000원"), (1_234_567, "1,234,567원"), (-12_300, "-12,300원")] {
            assert_eq!(Won(won).to_string(), text);
        }
    }

    #[test]
    fn who_asks_for_too_many_pieces_is_not_told_that_one_is_the_least() {
        let said = |pieces| Quantity::parse(pieces).unwrap_err().message;
        assert_eq!((said(0), said(-1)), ("수량은 1개 이상이어야 합니다.", "수량은 1개 이상이어야 합니다."));
        assert_eq!(said(2_147_483_648), "수량이 너무 많습니다.");
    }

    proptest! {
        #[test]
        fn unit_price_is_a_multiple_of_100_within_50_won_of_the_exact_price(price in 1..=Won::MAX_PRICE, sale in 0i64..=100) {
            let unit = Won(price).unit_price(Sale::parse(sale).unwrap()).0;
            prop_assert_eq!(unit % 100, 0);
            prop_assert!((unit * 100 - price * (100 - sale)).abs() <= 5_000);
        }
    }
}
