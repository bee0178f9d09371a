//! Holding stock for a payment: five minutes in which nobody else can have it.

use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::{
    error,
    idempotency::KeyedCall,
    ports::Holds,
    refund::RefundReason,
    settle::{PERSON, SettleService, Settled},
    trail::Cause,
};
use crate::{
    products::error::PRODUCT_NOT_FOUND,
    shared::{Clock, Email, Ids, PaymentId, ProductId, Quantity, Result, Sale, StoreId, Won, kst},
    stores::{OpeningState, PortOneIds, StoreCalendar},
};

/// How long stock is held (contract, payment/init).
pub const HOLD_LIFE: Duration = Duration::minutes(5);

/// What decides whether a product can be bought, read at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What.
    pub product_id: ProductId,
    /// Where.
    pub store_id: StoreId,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount.
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
    /// `store_closed_today`, `store_closed`, `payment_not_set_up`, `pickup_over`.
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
    /// Who buys.
    pub customer: Email,
    /// What.
    pub product_id: ProductId,
    /// Pieces.
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
    /// Now.
    pub created_at: DateTime<Utc>,
    /// End of the hold.
    pub expires_at: DateTime<Utc>,
    /// In which request it was asked for: the first entry of the audit trail.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldEnd {
    /// Its time ran out.
    Expired,
    /// The customer gave up.
    GivenUp,
    /// PortOne says that the payment failed or was canceled.
    Failed,
}

impl HoldEnd {
    /// The word in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::GivenUp => "given_up",
            Self::Failed => "failed",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Expired, Self::GivenUp, Self::Failed].into_iter().find(|s| s.as_str() == text)
    }
}

/// A hold as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub payment_id: PaymentId,
    /// Who buys.
    pub customer: Email,
    /// What.
    pub product_id: ProductId,
    /// Where.
    pub store_id: StoreId,
    /// Pieces.
    pub quantity: Quantity,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount.
    pub sale: Sale,
    /// What PortOne must have received.
    pub total_amount: Won,
    /// The account that must have received it.
    pub portone_store_id: String,
    /// Its business day.
    pub business_day: NaiveDate,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Where it stands.
    pub state: HoldState,
}

/// What the app needs to ask PortOne for the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The payment's id.
    pub payment_id: PaymentId,
    /// The store's account at PortOne.
    pub portone: PortOneIds,
    /// Pieces.
    pub quantity: Quantity,
    /// Price of one piece before the discount.
    pub price: Won,
    /// Discount.
    pub sale: Sale,
    /// What to ask for.
    pub total_amount: Won,
}

/// Use cases of a customer's payment.
pub struct HoldService {
    holds: Arc<dyn Holds>,
    settle: Arc<SettleService>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl HoldService {
    /// Wires the service.
    pub fn new(holds: Arc<dyn Holds>, settle: Arc<SettleService>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { holds, settle, clock, ids }
    }

    /// Holds the stock. The statement that takes it checks stock and price again; where either changed since the offer was
    /// read, the new offer decides. `call`: of an Idempotency-Key; begun before, it may have held already.
    ///
    /// # Errors
    /// `product_not_found` and those of [`Offer::check`].
    pub async fn init(
        &self,
        customer: &Email,
        product: Option<&ProductId>,
        quantity: Quantity,
        cause: &Cause,
        call: Option<&KeyedCall>,
    ) -> Result<Held> {
        let product = product.ok_or(PRODUCT_NOT_FOUND)?;
        if let Some(held) = self.held_before(call).await? {
            return Ok(held);
        }
        const OFFERS: usize = 8;
        for _ in 0..OFFERS {
            let now = self.clock.now();
            let offer = self.holds.offer(product, customer, kst::weekday(now)).await?.ok_or(PRODUCT_NOT_FOUND)?;
            let (total_amount, portone) = offer.check(quantity, now)?;
            let hold = NewHold {
                payment_id: call.map_or_else(|| PaymentId::generate(self.ids.as_ref()), |call| call.payment_id.clone()),
                customer: customer.clone(),
                product_id: offer.product_id,
                quantity,
                price: offer.price,
                sale: offer.sale,
                total_amount,
                portone,
                business_day: kst::business_day(now),
                created_at: now,
                expires_at: now + HOLD_LIFE,
                request_id: cause.request_id.clone(),
            };
            if self.holds.hold(&hold).await? {
                let NewHold { payment_id, portone, price, sale, .. } = hold;
                return Ok(Held { payment_id, portone, quantity, price, sale, total_amount });
            }
        }
        // The seller would have to change the product eight times between a read and the write after it.
        Err(error::INSUFFICIENT_STOCK.into())
    }

    async fn held_before(&self, call: Option<&KeyedCall>) -> Result<Option<Held>> {
        let Some(call) = call.filter(|call| call.resumed) else { return Ok(None) };
        let Some(hold) = self.holds.find(&call.payment_id).await? else { return Ok(None) };
        let channel_id = self.settle.channel(&hold).await?;
        let Hold { payment_id, portone_store_id: store_id, quantity, price, sale, total_amount, .. } = hold;
        Ok(Some(Held { payment_id, portone: PortOneIds { store_id, channel_id }, quantity, price, sale, total_amount }))
    }

    /// The app says that the customer has paid.
    ///
    /// # Errors
    /// `payment_not_found`, `payment_not_paid`, `payment_failed`, `payment_mismatch`, `payment_store_closed`,
    /// `payment_expired`, Unavailable where PortOne does not answer.
    pub async fn confirm(&self, customer: &Email, payment: Option<&PaymentId>, cause: &Cause) -> Result<PaymentId> {
        let hold = self.own(customer, payment).await?;
        let payment_id = hold.payment_id.clone();
        match self.settle.settle(&hold, cause, PERSON).await? {
            Settled::Ordered => Ok(payment_id),
            Settled::NotPaid if self.clock.now() < hold.expires_at && hold.state == HoldState::Held => Err(error::PAYMENT_NOT_PAID.into()),
            Settled::NotPaid => Err(error::PAYMENT_EXPIRED.into()),
            Settled::Failed => Err(error::PAYMENT_FAILED.into()),
            Settled::Refunded(reason) => Err(match reason {
                RefundReason::Mismatch => error::PAYMENT_MISMATCH,
                RefundReason::StoreClosed => error::PAYMENT_STORE_CLOSED,
                // Those of a canceled order do not come here: its hold stays `Ordered`.
                _ => error::PAYMENT_EXPIRED,
            }
            .into()),
        }
    }

    /// The customer gave up. PortOne is asked first: what is paid becomes an order. Where PortOne does not answer the stock
    /// is released all the same, and the payment stays watched.
    ///
    /// # Errors
    /// `payment_not_found`, `already_ordered`.
    pub async fn give_up(&self, customer: &Email, payment: Option<&PaymentId>, cause: &Cause) -> Result<PaymentId> {
        let hold = self.own(customer, payment).await?;
        match self.settle.settle(&hold, cause, PERSON).await {
            Ok(Settled::Ordered) => return Err(error::ALREADY_ORDERED.into()),
            Ok(Settled::NotPaid) => {}
            Ok(Settled::Failed | Settled::Refunded(_)) => return Ok(hold.payment_id),
            Err(e) => {
                tracing::warn!(payment = %hold.payment_id, error = %e, "PortOne not asked before a hold was given up; the payment stays watched");
            }
        }
        self.holds.release(&hold.payment_id, HoldEnd::GivenUp, self.clock.now(), cause).await?;
        Ok(hold.payment_id)
    }

    async fn own(&self, customer: &Email, payment: Option<&PaymentId>) -> Result<Hold> {
        let payment = payment.ok_or(error::PAYMENT_NOT_FOUND)?;
        let hold = self.holds.find(payment).await?.filter(|h| h.customer == *customer);
        Ok(hold.ok_or(error::PAYMENT_NOT_FOUND)?)
    }
}
