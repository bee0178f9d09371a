//! An order: money received for stock taken.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::{
    shared::{Email, PaymentId, ProductId, Sale, StoreId, Won},
    users::NOBODY,
};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case")]
pub enum OrderStatus {
    /// Paid, waiting for the store.
    Reservation,
    /// The store accepted it.
    Accept,
    /// Picked up.
    Complete,
    /// Refunded.
    Cancel,
}

impl OrderStatus {
    /// The word in the contract and in rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Self::as_str`] writes. `None`: no such word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// An order. Name, price, discount and preferences are those at the time of the purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id, which is the payment's.
    pub payment_id: PaymentId,
    /// Who bought.
    pub customer: Email,
    /// Their nickname.
    pub customer_nickname: String,
    /// Their phone number.
    pub customer_phone_number: String,
    /// The product bought.
    pub product_id: ProductId,
    /// Its name when it was bought.
    pub product_name: String,
    /// The store that sells it.
    pub store_id: StoreId,
    /// Its name when the order was made.
    pub store_name: String,
    /// Number of pieces, at least one.
    pub quantity: i32,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount in percent at the time of the purchase; 0 is none.
    pub sale: Sale,
    /// Money received.
    pub total_amount: Won,
    /// Waiting, accepted, picked up or canceled.
    pub status: OrderStatus,
    /// Fixed when the stock was held.
    pub business_day: NaiveDate,
    /// When it became an order.
    pub reservation_at: DateTime<Utc>,
    /// When the store accepted it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was picked up.
    pub completed_at: Option<DateTime<Utc>>,
    /// When it was canceled.
    pub canceled_at: Option<DateTime<Utc>>,
    /// Why it was canceled.
    pub cancel_reason: Option<String>,
    /// The customer's words, by kind; `None` where they had told none.
    pub preferences: Preferences,
}

/// The customer's words at the time of the purchase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Menus.
    pub preferred_menus: Option<Vec<String>>,
    /// Nutrition types.
    pub nutrition_types: Option<Vec<String>>,
    /// Allergies.
    pub allergies: Option<Vec<String>>,
    /// Toppings.
    pub topping_types: Option<Vec<String>>,
}

impl Order {
    /// The same order without who bought: the account was deleted.
    pub fn of_nobody(self, pseudonym: Email) -> Self {
        Self { customer: pseudonym, customer_nickname: NOBODY.0.to_owned(), customer_phone_number: NOBODY.1.to_owned(), ..self }
    }

    /// The order as it was when it came into this state.
    #[must_use]
    pub fn as_of(self, status: OrderStatus) -> Self {
        match status {
            OrderStatus::Complete | OrderStatus::Cancel => self,
            OrderStatus::Accept => Self { status, completed_at: None, canceled_at: None, cancel_reason: None, ..self },
            OrderStatus::Reservation => {
                Self { status, accepted_at: None, completed_at: None, canceled_at: None, cancel_reason: None, ..self }
            }
        }
    }

    /// The latest of its four instants.
    pub fn latest_event(&self) -> DateTime<Utc> {
        [self.accepted_at, self.completed_at, self.canceled_at].into_iter().flatten().fold(self.reservation_at, DateTime::max)
    }

    /// When it was picked up or canceled.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.completed_at.or(self.canceled_at)
    }

    /// Newest event first; ties by id, so that the order is the same wherever the rows come from.
    pub fn newest_first(a: &Self, b: &Self) -> std::cmp::Ordering {
        (b.latest_event(), &b.payment_id).cmp(&(a.latest_event(), &a.payment_id))
    }
}

/// Which archive it is: another one whenever orders have gone there, or somebody was erased from it. What is past changes by nothing
/// else, so that what was read under one version may be kept under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveVersion(pub i64);

/// A customer's order of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TodayOrder {
    /// The order as it stands.
    pub order: Order,
    /// Key of the store's main picture.
    pub main_image: Option<String>,
    /// Pickup window of the day of the purchase ([`crate::shared::kst::hours_day`]).
    pub pickup: (NaiveTime, NaiveTime),
}

/// A customer's order with the store's picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerOrder {
    /// The order as it stands.
    pub order: Order,
    /// Key of the store's main picture.
    pub main_image: Option<String>,
}

/// One thing that happened to one of today's orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmCard {
    /// The order as it stands.
    pub order: Order,
    /// What: reserved, accepted or canceled.
    pub status: OrderStatus,
    /// The instant, by the product's clock.
    pub at: DateTime<Utc>,
    /// Pickup window of the day of the purchase ([`crate::shared::kst::hours_day`]).
    pub pickup: (NaiveTime, NaiveTime),
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use chrono::Duration;

    use super::*;
    use crate::{
        orders::testing,
        shared::{
            Clock,
            testing::{Noon, email},
        },
    };

    fn order(payment: &str) -> Order {
        testing::order(payment, OrderStatus::Reservation)
    }

    fn minute(minutes: i64) -> Option<DateTime<Utc>> {
        Some(Noon.now() + Duration::minutes(minutes))
    }

    #[test]
    fn an_orders_latest_event_is_the_last_of_its_four_instants() {
        assert_eq!(order("PAY1").latest_event(), Noon.now());
        let accepted = Order { accepted_at: minute(1), ..order("PAY1") };
        assert_eq!(Some(accepted.latest_event()), minute(1));
        assert_eq!(Some(Order { completed_at: minute(2), ..accepted.clone() }.latest_event()), minute(2));
        assert_eq!(Some(Order { canceled_at: minute(3), ..accepted.clone() }.latest_event()), minute(3));
        let ended = |completed_at, canceled_at| Order { completed_at, canceled_at, ..accepted.clone() }.ended_at();
        assert_eq!((ended(None, None), ended(minute(2), None), ended(None, minute(3))), (None, minute(2), minute(3)));
    }

    #[test]
    fn an_order_is_as_it_was_in_each_of_its_states() {
        let placed = order("PAY1");
        let accepted = Order { status: OrderStatus::Accept, accepted_at: minute(1), ..placed.clone() };
        let picked_up = Order { status: OrderStatus::Complete, completed_at: minute(2), ..accepted.clone() };
        let reason = Some("재료 소진".to_owned());
        let canceled = Order { status: OrderStatus::Cancel, canceled_at: minute(2), cancel_reason: reason, ..accepted.clone() };
        for last in [&picked_up, &canceled] {
            assert_eq!(last.clone().as_of(OrderStatus::Reservation), placed);
            assert_eq!(last.clone().as_of(OrderStatus::Accept), accepted);
            assert_eq!(last.clone().as_of(last.status), *last);
        }
    }

    #[test]
    fn lists_begin_with_the_newest_event_and_then_the_latest_id() {
        let accepted = Order { accepted_at: minute(1), ..order("PAY1") };
        assert_eq!(Order::newest_first(&accepted, &order("PAY2")), Ordering::Less);
        assert_eq!(Order::newest_first(&order("PAY2"), &accepted), Ordering::Greater);
        assert_eq!(Order::newest_first(&order("PAY2"), &order("PAY1")), Ordering::Less);
        assert_eq!(Order::newest_first(&order("PAY1"), &order("PAY1")), Ordering::Equal);
    }

    #[test]
    fn an_order_of_nobody_has_nothing_of_who_bought() {
        let nobody = order("PAY1").of_nobody(email("p@withdrawn.invalid"));
        let expected = Order {
            customer: email("p@withdrawn.invalid"),
            customer_nickname: "탈퇴회원".into(),
            customer_phone_number: "00000000000".into(),
            ..order("PAY1")
        };
        assert_eq!(nobody, expected);
    }
}
