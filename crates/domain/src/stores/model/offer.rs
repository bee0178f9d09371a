//! What a store offers just now: all by which stores are chosen and put in order, and no more.

use chrono::{DateTime, NaiveTime, Utc};

use super::{
    hours::{OpeningState, StoreCalendar, pickup_ends},
    search::ListedStore,
};
use crate::{
    products::{PickupEnds, PriceSteps, Pricing, Product, Stock},
    shared::{Sale, StoreId, Won, kst},
    users::{Preference, PreferenceKind},
};

/// A product with what is chosen by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedProduct {
    /// Name shown to customers.
    pub name: String,
    /// Pieces there, held, sold and left.
    pub stock: Stock,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Its own discount.
    pub sale: Sale,
    /// What takes the place of its own discount.
    pub steps: PriceSteps,
    /// Grows with every change.
    pub version: i32,
    /// Words of the nutrition types.
    pub nutrition_types: Vec<String>,
}

impl From<&Product> for OfferedProduct {
    fn from(product: &Product) -> Self {
        Self {
            name: product.name.clone(),
            stock: product.stock,
            price: product.price,
            sale: product.sale,
            steps: product.steps.clone(),
            version: product.version,
            nutrition_types: product.nutrition_types.clone(),
        }
    }
}

impl OfferedProduct {
    /// What one piece costs.
    fn unit_price(&self, ends: &PickupEnds, now: DateTime<Utc>) -> Won {
        let pricing = Pricing { price: self.price, sale: self.sale, steps: self.steps.clone() };
        self.price.unit_price(pricing.at(ends, now).sale)
    }
}

/// A store's offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOffer {
    /// The store.
    pub store: StoreId,
    /// Under which what customers see of it may be kept ([`super::search::StoreDocument`]).
    pub version: i64,
    /// Name shown to customers.
    pub name: String,
    /// Of the day of the week of the instant it was asked for; `None`: there are no hours.
    pub calendar: Option<StoreCalendar>,
    /// In order of their ids.
    pub products: Vec<OfferedProduct>,
}

/// What a customer is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// Whether the store is open.
    pub is_open_now: bool,
    /// The unit price of the cheapest product of which something is left.
    pub lowest_price: Option<Won>,
    /// Pieces of all products.
    pub left: i64,
}

impl StoreOffer {
    /// What a listed store offers on the day of `now`.
    pub fn of(listed: &ListedStore, now: DateTime<Utc>) -> Self {
        let store = &listed.document.store;
        let today = store.operation_times.iter().find(|row| row.hours.day_of_week == kst::weekday(now));
        let calendar = today.map(|row| store.calendar(row));
        let products = listed.products.iter().map(OfferedProduct::from).collect();
        Self { store: store.id.clone(), version: listed.document.version, name: store.name.clone(), calendar, products }
    }

    /// What a customer is told.
    pub fn glance(&self, now: DateTime<Utc>) -> Glance {
        let ends = self.ends();
        let left = || self.products.iter().filter(|product| product.stock.left() > 0);
        Glance {
            is_open_now: self.calendar.as_ref().is_some_and(|calendar| calendar.state(now).is_open()),
            lowest_price: left().map(|product| product.unit_price(&ends, now)).min(),
            left: left().map(|product| i64::from(product.stock.left())).sum(),
        }
    }

    fn ends(&self) -> PickupEnds {
        pickup_ends(self.calendar.iter().map(|calendar| &calendar.today))
    }

    /// From when until when orders are handed out today; `None`: not today.
    fn pickup(&self, now: DateTime<Utc>) -> Option<(NaiveTime, NaiveTime)> {
        let calendar = self.calendar.as_ref()?;
        let hours = &calendar.today;
        let hands_out = !matches!(calendar.state(now), OpeningState::ClosedToday | OpeningState::Withheld);
        hands_out.then_some((hours.pickup_start_time, hours.pickup_end_time))
    }

    /// The end of today's pickup, if it is still to come.
    pub(super) fn closing(&self, now: DateTime<Utc>) -> Option<NaiveTime> {
        self.pickup(now).map(|(_, end)| end).filter(|end| *end > kst::time_of_day(now))
    }
}

/// Which stores a customer wants to see; without anything, all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct OfferFilter {
    /// Only stores that are open.
    pub open_now: bool,
    /// Only products of which something is left.
    pub in_stock: bool,
    /// The most that a piece may cost now.
    pub max_price: Option<Won>,
    /// The product has one of these; any product where there is none.
    pub nutrition_types: Vec<&'static str>,
    /// Who comes at this time or later, and
    pub pickup_after: Option<NaiveTime>,
    /// before this time, is still, or already, handed their order today.
    pub pickup_before: Option<NaiveTime>,
}

impl OfferFilter {
    /// The products by which a store is shown. Empty: it is not.
    pub fn products<'a>(&self, offer: &'a StoreOffer, now: DateTime<Utc>) -> Vec<&'a OfferedProduct> {
        if (self.open_now && !offer.glance(now).is_open_now) || !self.is_handed_out(offer, now) {
            return Vec::new();
        }
        let ends = offer.ends();
        offer.products.iter().filter(|product| self.fits(product, &ends, now)).collect()
    }

    fn fits(&self, product: &OfferedProduct, ends: &PickupEnds, now: DateTime<Utc>) -> bool {
        (!self.in_stock || product.stock.left() > 0)
            && self.max_price.is_none_or(|most| product.unit_price(ends, now) <= most)
            && (self.nutrition_types.is_empty() || product.nutrition_types.iter().any(|word| self.nutrition_types.contains(&word.as_str())))
    }

    fn is_handed_out(&self, offer: &StoreOffer, now: DateTime<Utc>) -> bool {
        if self.pickup_after.is_none() && self.pickup_before.is_none() {
            return true;
        }
        offer.pickup(now).is_some_and(|(start, end)| {
            let start = self.pickup_after.map_or(start, |after| start.max(after));
            let end = self.pickup_before.map_or(end, |before| end.min(before));
            start < end
        })
    }
}

/// What a customer likes. Allergies are no part of it: they decide nothing here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tastes(Vec<(PreferenceKind, &'static str, &'static str)>);

impl Tastes {
    /// Of a profile.
    pub fn of(preferences: &[Preference]) -> Self {
        let liked = preferences.iter().filter(|preference| preference.kind != PreferenceKind::Allergy);
        let options = liked.filter_map(|p| p.kind.options().iter().find(|o| o.word == p.word).map(|o| (p.kind, o.word, o.name)));
        Self(options.collect())
    }

    /// The kind of each taste that one of these products of the store meets: nutrition types by their words, menus and toppings by their Korean
    /// names in the product's name, menus also in the store's.
    pub(super) fn met(&self, offer: &StoreOffer, products: &[&OfferedProduct]) -> Vec<PreferenceKind> {
        let named = |name: &str| products.iter().any(|product| product.name.contains(name));
        let is_met = |(kind, word, name): &&(PreferenceKind, &str, &str)| match kind {
            PreferenceKind::NutritionType => products.iter().any(|product| product.nutrition_types.iter().any(|has| has == word)),
            PreferenceKind::PreferredMenu => named(name) || offer.name.contains(name),
            PreferenceKind::ToppingType => named(name),
            PreferenceKind::Allergy => false,
        };
        self.0.iter().filter(is_met).map(|(kind, ..)| *kind).collect()
    }
}
