//! A hold: stock kept for an unpaid payment, and the offer that it is taken from.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use strum::{EnumString, IntoStaticStr};

use super::{super::error, refund::RefundReason};
use crate::{
    products::{PastPrice, PickupEnds, Pricing},
    shared::{Email, Error, PaymentId, ProductId, Quantity, Result, Sale, StoreId, Won},
    stores::{OpeningState, PortOneIds, StoreCalendar},
};

/// How long stock is held (contract, payment/init). A hold ends by what its payment comes to (`resolve`), by the customer
/// (`release`), or after this time by the job `resolve_holds` (`ResolveService::expire`). Until one of them has ended it, it can
/// still become an order.
pub const HOLD_LIFE: Duration = Duration::minutes(5);

/// How long before its payment/init a customer may have loaded the price that they pay.
pub const PRICE_SEEN: Duration = Duration::minutes(15);

/// The most holds that a customer has at once, each of another product.
pub const HOLDS_AT_ONCE: usize = 3;

/// So many holds within [`FRUITLESS_FOR`] that ended without money are enough.
pub const FRUITLESS: usize = 10;

/// How long a hold that ended without money counts, from when it was made.
pub const FRUITLESS_FOR: Duration = Duration::hours(1);

/// What decides whether a product can be bought, read at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The product on offer.
    pub product_id: ProductId,
    /// The store that sells it.
    pub store_id: StoreId,
    /// What decides what a piece costs.
    pub pricing: Pricing,
    /// When pickup ends on the day asked for, and on the day before.
    pub pickup_ends: PickupEnds,
    /// Pieces that can be bought.
    pub left: i32,
    /// Hours of the day asked for and what overrides them.
    pub calendar: StoreCalendar,
    /// The store's account at PortOne.
    pub portone: Option<PortOneIds>,
    /// Whether the buyer has a profile: an order needs a name and a phone number.
    pub buyer_registered: bool,
    /// The most pieces that one customer may have held or ordered in a business day.
    pub max_per_customer: Option<i32>,
    /// What the buyer has already.
    pub buying: Buying,
}

/// What a customer has under way, as far as it limits what they may hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buying {
    /// The unpaid hold of this product, whose place a new one takes.
    pub unpaid: Option<PaymentId>,
    /// Pieces that will be left when it has ended.
    pub unpaid_pieces: i32,
    /// Pieces of this product that the customer has ordered on this business day, without what was canceled.
    pub ordered_pieces: i64,
    /// Ends of the customer's holds of other products.
    pub others: Vec<DateTime<Utc>>,
    /// When the holds were made that ended without money, but for those that another took the place of.
    pub fruitless: Vec<DateTime<Utc>>,
}

impl Buying {
    /// Whether the customer may hold another product, or this one anew.
    ///
    /// # Errors
    /// `too_many_holds`, with how long it is so.
    fn check(&self, now: DateTime<Utc>) -> Result<()> {
        let mut others: Vec<_> = self.others.iter().copied().filter(|end| *end > now).collect();
        let mut fruitless: Vec<_> = self.fruitless.iter().map(|made| *made + FRUITLESS_FOR).filter(|end| *end > now).collect();
        // So many of them have to end before there are fewer than the limit.
        let over = |ends: &mut Vec<DateTime<Utc>>, limit: usize| {
            ends.sort();
            ends.len().checked_sub(limit).map(|too_many| ends[too_many])
        };
        match over(&mut others, HOLDS_AT_ONCE).max(over(&mut fruitless, FRUITLESS)) {
            None => Ok(()),
            Some(until) => Err(Error::TooMany { refusal: error::TOO_MANY_HOLDS, retry_after: until - now }),
        }
    }
}

impl Offer {
    /// Whether the store sells at `now`.
    ///
    /// # Errors
    /// - `store_not_approved`: no operator has approved the store, where that is asked for.
    /// - `store_closed_today`: the seller has closed for today.
    /// - `store_closed`: outside the opening hours.
    /// - `payment_not_set_up`: the store has no PortOne account.
    /// - `pickup_over`: the pickup window has passed.
    pub fn check_open(&self, now: DateTime<Utc>) -> Result<()> {
        match self.calendar.state(now) {
            OpeningState::Open => Ok(()),
            OpeningState::Withheld => Err(error::STORE_NOT_APPROVED.into()),
            OpeningState::ClosedToday => Err(error::STORE_CLOSED_TODAY.into()),
            OpeningState::ClosedNow => Err(error::STORE_CLOSED.into()),
            OpeningState::PickupOver => Err(error::PICKUP_OVER.into()),
            OpeningState::PaymentNotSetUp => Err(error::PAYMENT_NOT_SET_UP.into()),
        }
    }

    /// The discount in force at `now`.
    pub fn sale(&self, now: DateTime<Utc>) -> Sale {
        self.pricing.at(&self.pickup_ends, now).sale
    }

    /// What was in force within [`PRICE_SEEN`] before `now` and ended at a step, unless somebody has changed the product since.
    pub fn stepped(&self, now: DateTime<Utc>) -> Vec<PastPrice> {
        let mut past = self.pricing.between(&self.pickup_ends, now - PRICE_SEEN, now);
        let sale = self.sale(now);
        past.pop_if(|last| last.sale == sale);
        past
    }

    /// What `quantity` pieces cost at `now`, if this customer can hold them.
    ///
    /// # Errors
    /// Those of [`Offer::check_open`], `not_for_sale`, `limit_per_customer`, `insufficient_stock`, `profile_required`,
    /// `too_many_holds`.
    pub fn check(&self, quantity: Quantity, now: DateTime<Utc>) -> Result<(Won, PortOneIds)> {
        self.check_open(now)?;
        let portone = self.portone.clone().ok_or(error::PAYMENT_NOT_SET_UP)?;
        let unit = self.pricing.price.unit_price(self.sale(now));
        if unit.0 == 0 {
            return Err(error::NOT_FOR_SALE.into());
        }
        let pieces = self.buying.ordered_pieces + i64::from(quantity.get());
        if self.max_per_customer.is_some_and(|most| pieces > most.into()) {
            return Err(error::LIMIT_PER_CUSTOMER.into());
        }
        if quantity.get() > self.left + self.buying.unpaid_pieces {
            return Err(error::INSUFFICIENT_STOCK.into());
        }
        if !self.buyer_registered {
            return Err(error::PROFILE_REQUIRED.into());
        }
        self.buying.check(now)?;
        Ok((unit.times(quantity), portone))
    }
}

/// A hold to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// Its id, the payment's and later the order's.
    pub payment_id: PaymentId,
    /// The customer who pays; known by e-mail.
    pub customer: Email,
    /// The product bought.
    pub product_id: ProductId,
    /// Number of pieces, at least one.
    pub quantity: Quantity,
    /// What decided what a piece costs. It MUST be so still when the stock is taken.
    pub pricing: Pricing,
    /// The discount that the total was computed from.
    pub sale: Sale,
    /// Prices before it that ended at a step.
    pub stepped: Vec<PastPrice>,
    /// What PortOne must have received.
    pub total_amount: Won,
    /// The account that must have received it.
    pub portone: PortOneIds,
    /// Fixed now for the order as well.
    pub business_day: NaiveDate,
    /// When it is made, by the product's clock.
    pub created_at: DateTime<Utc>,
    /// From this instant on the hold is due to end.
    pub expires_at: DateTime<Utc>,
    /// In which request it was asked for: the first entry of the audit log.
    pub request_id: Option<String>,
    /// The customer's unpaid hold of the product, whose place it takes, and how that one ends.
    pub replaces: Option<(PaymentId, HoldEnd)>,
}

/// A price, and what it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PricePaid {
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount in percent; 0 is none.
    pub sale: Sale,
    /// What was paid for all pieces.
    pub total_amount: Won,
}

/// Where a hold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldState {
    /// The stock is held.
    Held,
    /// It became an order.
    Ordered,
    /// The stock is free again and no money is known of.
    Released(HoldEnd),
    /// Money came that could not become an order; a refund is on its way or done.
    Refunded(RefundReason),
}

/// Why stock was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum HoldEnd {
    /// Its time ran out.
    Expired,
    /// The customer left the payment.
    Abandoned,
    /// PortOne says that the payment failed or was canceled.
    Failed,
}

impl HoldEnd {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Self::as_str`] writes. `None`: no such word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A hold as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Id of the payment, and of the order that it becomes.
    pub payment_id: PaymentId,
    /// The customer who pays; known by e-mail.
    pub customer: Email,
    /// The product bought.
    pub product_id: ProductId,
    /// The store that sells it.
    pub store_id: StoreId,
    /// Number of pieces, at least one.
    pub quantity: Quantity,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount in percent at the time of the purchase; 0 is none.
    pub sale: Sale,
    /// What PortOne must have received.
    pub total_amount: Won,
    /// The account that must have received it.
    pub portone_store_id: String,
    /// The business day (04:00 to 04:00 KST) on which stock was held.
    pub business_day: NaiveDate,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From this instant on the hold is due to end.
    pub expires_at: DateTime<Utc>,
    /// Held, or what it came to.
    pub state: HoldState,
    /// Other prices in force at some instant of the [`PRICE_SEEN`] before it was made, the latest first.
    pub seen_prices: Vec<(Won, Sale)>,
}

impl Hold {
    /// The price that comes to exactly `total` won: the hold's own, else one that the customer may have seen.
    pub fn price_of(&self, total: i64) -> Option<PricePaid> {
        let own = PricePaid { price: self.price, sale: self.sale, total_amount: self.total_amount };
        let seen = self.seen_prices.iter().map(|(price, sale)| PricePaid {
            price: *price,
            sale: *sale,
            total_amount: price.unit_price(*sale).times(self.quantity),
        });
        std::iter::once(own).chain(seen).find(|paid| paid.total_amount.0 == total)
    }
}

/// What the app needs to ask PortOne for the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Id of the payment, to be handed to PortOne.
    pub payment_id: PaymentId,
    /// The store's account at PortOne.
    pub portone: PortOneIds,
    /// Number of pieces, at least one.
    pub quantity: Quantity,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount in percent at the time of the purchase; 0 is none.
    pub sale: Sale,
    /// What to ask for.
    pub total_amount: Won,
}

/// How making an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderOutcome {
    /// The order was made now.
    Made,
    /// An earlier call has made it.
    WasThere,
    /// The hold was gone and the stock could not be taken again.
    NoStock,
    /// The seller closed the store for the hold's business day, or asked to withdraw.
    StoreClosed,
    /// The money is on its way back.
    Refunded(RefundReason),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        orders::testing::{hold, offer},
        shared::{Clock, testing::Noon},
    };

    fn in_minutes(minutes: &[i64]) -> Vec<DateTime<Utc>> {
        minutes.iter().map(|minutes| Noon.now() + Duration::minutes(*minutes)).collect()
    }

    /// Minutes that the customer has to wait; `None`: they may hold.
    fn waits(others: &[i64], fruitless: &[i64]) -> Option<i64> {
        let buying = Buying { others: in_minutes(others), fruitless: in_minutes(fruitless), ..Buying::default() };
        let checked = Offer { buying, ..offer() }.check(Quantity::parse(1).unwrap(), Noon.now());
        match checked {
            Ok(_) => None,
            Err(Error::TooMany { refusal, retry_after }) if refusal == error::TOO_MANY_HOLDS => Some(retry_after.num_minutes()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_fourth_hold_waits_for_the_first_of_three_to_end() {
        assert_eq!(waits(&[1, 2], &[]), None);
        assert_eq!(waits(&[3, 1, 2], &[]), Some(1));
        // One whose time is over is none; two of four have to end.
        assert_eq!(waits(&[0, 3, 2], &[]), None);
        assert_eq!(waits(&[4, 1, 2, 3], &[]), Some(2));
    }

    #[test]
    fn ten_holds_that_came_to_nothing_are_enough_until_the_hour_of_the_first_is_over() {
        let ten = [-59, -9, -8, -7, -6, -5, -4, -3, -2, -1];
        assert_eq!(waits(&[], &ten[1..]), None);
        assert_eq!(waits(&[], &ten), Some(1));
        assert_eq!(waits(&[], &[&ten[1..], &[-60]].concat()), None);
        assert_eq!(waits(&[], &[&ten[..], &[-58]].concat()), Some(2));
        assert_eq!(waits(&[4, 4, 4], &ten), Some(4));
    }

    #[test]
    fn what_the_customer_has_counts_towards_the_limit_and_the_hold_that_is_replaced_does_not() {
        let check = |most, ordered_pieces, unpaid_pieces, left, quantity| {
            let buying = Buying { ordered_pieces, unpaid_pieces, ..Buying::default() };
            let offer = Offer { max_per_customer: most, left, buying, ..offer() };
            offer.check(Quantity::parse(quantity).unwrap(), Noon.now()).map(|(total, _)| total)
        };
        assert_eq!(check(Some(3), 1, 2, 0, 2).unwrap(), Won(14_000));
        assert!(check(Some(3), 1, 2, 5, 3).unwrap_err().is(&error::LIMIT_PER_CUSTOMER));
        assert!(check(None, 1, 2, 0, 3).unwrap_err().is(&error::INSUFFICIENT_STOCK));
        assert_eq!(check(None, 1_000_000, 0, 3, 3).unwrap(), Won(21_000));
    }

    proptest! {
        /// Additions, Prices that a person has seen: the hold's total, or the quantity at a unit price that was in force; nothing else.
        #[test]
        fn right_is_the_total_or_the_quantity_at_a_price_that_was_seen(
            prices in proptest::collection::vec((1..=500i64, 0..=100i64), 1..5), quantity in 1..=9i64, total in 1..=50_000i64, which in 0..6usize,
        ) {
            let quantity = Quantity::parse(quantity).unwrap();
            let prices: Vec<_> = prices.into_iter().map(|(price, sale)| (Won(price * 10), Sale::parse(sale).unwrap())).collect();
            let total_of = |(price, sale): (Won, Sale)| price.unit_price(sale).times(quantity);
            let hold = Hold {
                price: prices[0].0, sale: prices[0].1, quantity, total_amount: total_of(prices[0]), seen_prices: prices[1..].to_vec(),
                ..hold(HoldState::Held)
            };
            // One of the right sums, or any.
            let total = prices.get(which).map_or(total, |price| total_of(*price).0);
            match hold.price_of(total) {
                None => prop_assert!(prices.iter().all(|price| total_of(*price).0 != total)),
                Some(paid) => {
                    prop_assert_eq!((paid.total_amount.0, total_of((paid.price, paid.sale))), (total, paid.total_amount));
                    let first = prices.iter().find(|price| total_of(**price).0 == total);
                    prop_assert_eq!(first, Some(&(paid.price, paid.sale)));
                }
            }
        }
    }
}
