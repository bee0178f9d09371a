//! What there is to tell, and whether it is still so.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    products::{PickupEnds, Pricing},
    shared::{ProductId, Sale, StoreId, Won, kst},
    stores::{OpeningState, StoreCalendar},
};

/// Why somebody is told.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// The store sells from now on.
    Opens,
    /// A piece costs less than before.
    PriceDrops,
    /// The seller has put something there of which nothing was left.
    BackInStock,
}

impl Kind {
    /// The word in rows, which is also serde's.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Something to tell the people whose favourite a store is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occasion {
    /// Whose.
    pub store: StoreId,
    /// What.
    pub kind: Kind,
    /// Of which product; `None` where the store opens.
    pub product: Option<ProductId>,
    /// What a piece cost when it was found; it must not cost more when it is told.
    pub price: Option<Won>,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// A product at this instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductNow {
    /// Its name.
    pub name: String,
    /// What decides its price.
    pub pricing: Pricing,
    /// Pieces left.
    pub left: i32,
}

/// A store at this instant, and the product in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreNow {
    /// Its name.
    pub name: String,
    /// Whether it sells; `today` is the row of this KST day.
    pub calendar: StoreCalendar,
    /// When pickup ends, for the price steps.
    pub ends: PickupEnds,
    /// The product that was asked for, while it is there.
    pub product: Option<ProductNow>,
}

impl ProductNow {
    /// The discount in force, and what a piece costs.
    pub fn price(&self, ends: &PickupEnds, now: DateTime<Utc>) -> (Sale, Won) {
        let sale = self.pricing.at(ends, now).sale;
        (sale, self.pricing.price.unit_price(sale))
    }
}

impl StoreNow {
    /// Whether somebody can still buy there on this day, now or later.
    fn sells_today(&self, now: DateTime<Utc>) -> bool {
        match self.calendar.state(now) {
            OpeningState::Open => true,
            OpeningState::ClosedNow => self.calendar.payment_ready && kst::time_of_day(now) < self.calendar.today.open_time,
            OpeningState::PickupOver | OpeningState::Withheld | OpeningState::ClosedToday | OpeningState::PaymentNotSetUp => false,
        }
    }
}

impl Occasion {
    /// Names it in rows and tasks. A store's occasions of a kind are one in an hour: a seller who changes a price sixty times has the list
    /// of favourites read once.
    pub fn id(&self) -> String {
        format!("{}:{}:{}", self.store, self.kind.as_str(), kst::local(self.at).format("%Y-%m-%dT%H"))
    }

    /// Whether it is so at `now`: what was sold out again, costs more or has closed is not told.
    pub fn is_true(&self, store: &StoreNow, now: DateTime<Utc>) -> bool {
        let of_product =
            |is_so: &dyn Fn(&ProductNow) -> bool| store.product.as_ref().is_some_and(|product| product.left > 0 && is_so(product));
        match self.kind {
            Kind::Opens => store.calendar.state(now) == OpeningState::Open,
            Kind::PriceDrops => {
                store.sells_today(now) && of_product(&|product| self.price.is_some_and(|told| product.price(&store.ends, now).1 <= told))
            }
            Kind::BackInStock => store.sells_today(now) && of_product(&|_| true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        notices::model::testing::{occasion, store_now},
        shared::testing::at,
    };

    #[test]
    fn what_is_not_so_any_more_is_not_told() {
        let (noon, night) = (at("2026-11-24T12:00:00+09:00"), at("2026-11-24T22:00:00+09:00"));
        for kind in [Kind::Opens, Kind::PriceDrops, Kind::BackInStock] {
            let (occasion, store) = (occasion(kind), store_now());
            assert!(occasion.is_true(&store, noon), "{kind:?}");
            assert!(!occasion.is_true(&store, night), "{kind:?}: it has closed");
            let closed = StoreNow {
                calendar: StoreCalendar { closed_on: Some(kst::business_day(noon)), ..store.calendar.clone() },
                ..store.clone()
            };
            assert!(!occasion.is_true(&closed, noon), "{kind:?}: closed by the seller");
            let sold_out = StoreNow { product: store.product.clone().map(|product| ProductNow { left: 0, ..product }), ..store.clone() };
            assert_eq!(occasion.is_true(&sold_out, noon), kind == Kind::Opens, "{kind:?}: sold out");
            assert_eq!(occasion.is_true(&store, at("2026-11-24T08:00:00+09:00")), kind != Kind::Opens, "{kind:?}: before it opens");
        }
        let dearer = Occasion { price: Some(Won(4_900)), ..occasion(Kind::PriceDrops) };
        assert!(!dearer.is_true(&store_now(), noon));
    }

    #[test]
    fn an_hour_has_one_occasion_of_a_kind() {
        let first = occasion(Kind::PriceDrops);
        let again = Occasion { at: first.at + chrono::Duration::minutes(59), product: None, ..first.clone() };
        let later = Occasion { at: first.at + chrono::Duration::minutes(60), ..first.clone() };
        assert_eq!(first.id(), again.id());
        assert_ne!(first.id(), later.id());
        assert_ne!(first.id(), occasion(Kind::Opens).id());
    }
}
