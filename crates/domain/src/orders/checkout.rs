//! Checkout (`payment/init`): takes stock for a payment, for five minutes in which nobody else can have it.

use std::sync::Arc;

use super::{
    error,
    model::{
        audit::Actor,
        hold::{Checkout, HOLD_LIFE, Hold, NewHold},
        idempotency::KeyedCall,
    },
    ports::Holds,
    resolve::ResolveService,
};
use crate::{
    products::error::PRODUCT_NOT_FOUND,
    shared::{Clock, Email, Ids, PaymentId, ProductId, Quantity, Result, kst},
    stores::PortOneIds,
};

/// Use cases of a customer's payment: checkout here, confirm and release in files of those names.
pub struct CheckoutService {
    pub(super) holds: Arc<dyn Holds>,
    pub(super) resolve: Arc<ResolveService>,
    pub(super) clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl CheckoutService {
    /// Builds the use cases on their ports.
    pub fn new(holds: Arc<dyn Holds>, resolve: Arc<ResolveService>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { holds, resolve, clock, ids }
    }

    /// Holds the stock. The statement that takes it checks stock and price again; where either changed since the offer was
    /// read, the new offer decides. `call`: of an Idempotency-Key; begun before, it may have held already.
    ///
    /// # Errors
    /// `product_not_found` and those of `Offer::check`.
    pub async fn checkout(
        &self,
        customer: &Email,
        product: &ProductId,
        quantity: Quantity,
        actor: &Actor,
        call: Option<&KeyedCall>,
    ) -> Result<Checkout> {
        if let Some(checkout) = self.resumed(call).await? {
            return Ok(checkout);
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
                request_id: actor.request_id.clone(),
            };
            if self.holds.hold(&hold).await? {
                let NewHold { payment_id, portone, price, sale, .. } = hold;
                return Ok(Checkout { payment_id, portone, quantity, price, sale, total_amount });
            }
        }
        // The seller would have to change the product eight times between a read and the write after it.
        Err(error::INSUFFICIENT_STOCK.into())
    }

    async fn resumed(&self, call: Option<&KeyedCall>) -> Result<Option<Checkout>> {
        let Some(call) = call.filter(|call| call.resumed) else { return Ok(None) };
        let Some(hold) = self.holds.find(&call.payment_id).await? else { return Ok(None) };
        let channel_id = self.resolve.channel(&hold).await?;
        let Hold { payment_id, portone_store_id: store_id, quantity, price, sale, total_amount, .. } = hold;
        Ok(Some(Checkout { payment_id, portone: PortOneIds { store_id, channel_id }, quantity, price, sale, total_amount }))
    }

    /// The customer's own hold.
    ///
    /// # Errors
    /// `payment_not_found`, also for another's.
    pub(super) async fn own(&self, customer: &Email, payment: &PaymentId) -> Result<Hold> {
        let hold = self.holds.find(payment).await?.filter(|h| h.customer == *customer);
        Ok(hold.ok_or(error::PAYMENT_NOT_FOUND)?)
    }
}
