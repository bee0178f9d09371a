//! A hold: stock kept for an unpaid payment, and the offer that it is taken from.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use strum::{EnumString, IntoStaticStr};

use super::{super::error, refund::RefundReason};
use crate::{
    shared::{Email, PaymentId, ProductId, Quantity, Result, Sale, StoreId, Won},
    stores::{OpeningState, PortOneIds, StoreCalendar},
};

/// How long stock is held (contract, payment/init). A hold ends by what its payment comes to (`resolve`), by the customer
/// (`release`), or after this time by the job `resolve_holds` (`ResolveService::expire`). Until one of them has ended it, it can
/// still become an order.
pub const HOLD_LIFE: Duration = Duration::minutes(5);

/// What decides whether a product can be bought, read at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The product on offer.
    pub product_id: ProductId,
    /// The store that sells it.
    pub store_id: StoreId,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount in percent; 0 is none.
    pub sale: Sale,
    /// Pieces that can be bought.
    pub left: i32,
    /// Hours of the day asked for and what overrides them.
    pub calendar: StoreCalendar,
    /// The store's account at PortOne.
    pub portone: Option<PortOneIds>,
    /// Whether the buyer has a profile: an order needs a name and a phone number.
    pub buyer_registered: bool,
}

impl Offer {
    /// Whether the store sells at `now`.
    ///
    /// # Errors
    /// - `store_closed_today`: the seller has closed for today.
    /// - `store_closed`: outside the opening hours.
    /// - `payment_not_set_up`: the store has no PortOne account.
    /// - `pickup_over`: the pickup window has passed.
    pub fn check_open(&self, now: DateTime<Utc>) -> Result<()> {
        match self.calendar.state(now) {
            OpeningState::Open => Ok(()),
            OpeningState::ClosedToday => Err(error::STORE_CLOSED_TODAY.into()),
            OpeningState::ClosedNow => Err(error::STORE_CLOSED.into()),
            OpeningState::PickupOver => Err(error::PICKUP_OVER.into()),
            OpeningState::PaymentNotSetUp => Err(error::PAYMENT_NOT_SET_UP.into()),
        }
    }

    /// What `quantity` pieces cost at `now`, if they can be bought.
    ///
    /// # Errors
    /// Those of [`Offer::check_open`], `not_for_sale`, `insufficient_stock`, `profile_required`.
    pub fn check(&self, quantity: Quantity, now: DateTime<Utc>) -> Result<(Won, PortOneIds)> {
        self.check_open(now)?;
        let portone = self.portone.clone().ok_or(error::PAYMENT_NOT_SET_UP)?;
        let unit = self.price.unit_price(self.sale);
        if unit.0 == 0 {
            return Err(error::NOT_FOR_SALE.into());
        }
        if quantity.get() > self.left {
            return Err(error::INSUFFICIENT_STOCK.into());
        }
        if !self.buyer_registered {
            return Err(error::PROFILE_REQUIRED.into());
        }
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
    /// The price that the total was computed from.
    pub price: Won,
    /// The discount that the total was computed from.
    pub sale: Sale,
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
