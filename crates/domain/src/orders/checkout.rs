//! Checkout (`payment/init`): takes stock for a payment, for five minutes in which nobody else can have it.

use std::sync::Arc;

use chrono::Duration;

use super::{
    error,
    model::{
        audit::Actor,
        hold::{Checkout, HOLD_LIFE, Hold, HoldEnd, HoldState, NewHold},
        idempotency::KeyedCall,
        payment::{Asker, PaymentTruth},
    },
    past::PastPayments,
    ports::Holds,
    resolve::ResolveService,
};
use crate::{
    products::error::PRODUCT_NOT_FOUND,
    shared::{Clock, Email, Error, Ids, PaymentId, ProductId, Quantity, Result, kst},
    stores::PortOneIds,
};

/// Use cases of a customer's payment: checkout here, confirm and release in files of those names.
pub struct CheckoutService {
    pub(super) holds: Arc<dyn Holds>,
    pub(super) resolve: Arc<ResolveService>,
    past: Arc<PastPayments>,
    pub(super) clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl CheckoutService {
    /// Builds the use cases on their ports.
    pub fn new(
        holds: Arc<dyn Holds>,
        resolve: Arc<ResolveService>,
        past: Arc<PastPayments>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { holds, resolve, past, clock, ids }
    }

    /// Holds the stock, in the place of the customer's unpaid hold of the product where there is one. The statement that takes the
    /// stock checks stock, price and limits again; where any changed since the offer was read, the new offer decides. `call`: of an
    /// Idempotency-Key; begun before, it may have held already.
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
        let (mut asked, mut replacing) = (None, false);
        for _ in 0..OFFERS {
            let now = self.clock.now();
            let offer = self.holds.offer(product, customer, kst::weekday(now), now).await?.ok_or(PRODUCT_NOT_FOUND)?;
            let (total_amount, portone) = offer.check(quantity, now)?;
            replacing = offer.buying.unpaid.is_some();
            let replaces = match &offer.buying.unpaid {
                None => None,
                Some(payment) => {
                    if asked.as_ref().is_none_or(|(asked, _)| asked != payment) {
                        asked = self.ends(payment, actor).await?.map(|end| (payment.clone(), end));
                    }
                    let Some(replaced) = asked.clone() else { continue };
                    Some(replaced)
                }
            };
            let hold = NewHold {
                payment_id: call.map_or_else(|| PaymentId::generate(self.ids.as_ref()), |call| call.payment_id.clone()),
                customer: customer.clone(),
                sale: offer.sale(now),
                stepped: offer.stepped(now),
                product_id: offer.product_id,
                quantity,
                pricing: offer.pricing,
                total_amount,
                portone,
                business_day: kst::business_day(now),
                created_at: now,
                expires_at: now + HOLD_LIFE,
                request_id: actor.request_id.clone(),
                replaces,
            };
            if self.holds.hold(&hold).await? {
                let NewHold { payment_id, portone, pricing, sale, .. } = hold;
                return Ok(Checkout { payment_id, portone, quantity, price: pricing.price, sale, total_amount });
            }
        }
        // The customer's own calls at once took each other's place.
        if replacing {
            return Err(Error::TooMany { refusal: error::TOO_MANY_HOLDS, retry_after: Duration::seconds(1) });
        }
        // The seller would have to change the product eight times between a read and the write after it.
        Err(error::INSUFFICIENT_STOCK.into())
    }

    /// How an unpaid hold may end for the sake of the customer's next one: PortOne is asked first, and what is paid becomes an order.
    /// `None`: it has ended. Where PortOne does not answer it ends all the same, and the payment stays watched.
    async fn ends(&self, payment: &PaymentId, actor: &Actor) -> Result<Option<HoldEnd>> {
        let Some(hold) = self.holds.find(payment).await?.filter(|hold| hold.state == HoldState::Held) else { return Ok(None) };
        match self.resolve.truth(&hold, Asker::Person).await {
            Ok(paid @ PaymentTruth::Paid(_)) => self.resolve.settle(&hold, paid, actor).await.map(|_| None),
            Ok(PaymentTruth::Failed | PaymentTruth::Cancelled(_)) => Ok(Some(HoldEnd::Failed)),
            Ok(PaymentTruth::Unknown | PaymentTruth::NotPaid | PaymentTruth::Pending { .. }) => Ok(Some(HoldEnd::Abandoned)),
            Err(e) => {
                tracing::warn!(%payment, error = %e, "PortOne did not answer before another hold took this one's place; the payment stays watched");
                Ok(Some(HoldEnd::Abandoned))
            }
        }
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
        let hold = self.past.find(payment, || self.holds.find(payment)).await?.filter(|h| h.customer == *customer);
        Ok(hold.ok_or(error::PAYMENT_NOT_FOUND)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        orders::{
            model::hold::{Buying, Offer, OrderOutcome},
            ports::MockHolds,
            testing::{hold, nothing_past, offer, paid, portone, resolving},
        },
        products::{PriceStep, PriceSteps, Pricing},
        shared::{
            Sale, Won,
            testing::{Counter, Noon, email},
        },
    };

    /// Checks out `quantity` pieces of what `offers` say one after another; `held`: how the database answers each try.
    async fn checkout(quantity: i64, offers: Vec<Option<Offer>>, held: Vec<bool>) -> Result<(Checkout, Option<NewHold>)> {
        let mut holds = MockHolds::new();
        let (tries, kept) = (held.len(), Arc::new(std::sync::Mutex::new(None)));
        let (mut offers, mut held) = (offers.into_iter(), held.into_iter());
        holds
            .expect_offer()
            .times(offers.len())
            .withf(|_, _, weekday, now| *weekday == 1 && *now == Noon.now())
            .returning(move |_, _, _, _| Ok(offers.next().unwrap()));
        let stored = Arc::clone(&kept);
        holds.expect_hold().times(tries).returning(move |hold| {
            *stored.lock().unwrap() = Some(hold.clone());
            Ok(held.next().unwrap())
        });
        let checkout = run(holds, quantity, None).await?;
        let hold = kept.lock().unwrap().take();
        Ok((checkout, hold))
    }

    async fn run(holds: MockHolds, quantity: i64, call: Option<&KeyedCall>) -> Result<Checkout> {
        let holds = Arc::new(holds);
        let resolve = Arc::new(resolving(Arc::clone(&holds), None, 0));
        let service = CheckoutService::new(holds, resolve, nothing_past(), Arc::new(Noon), Arc::new(Counter::default()));
        let (product, actor) = (ProductId::parse("PRD_1").unwrap(), Actor { request_id: Some("r1".into()), ..Actor::job("test") });
        service.checkout(&email("a@b"), &product, Quantity::parse(quantity).unwrap(), &actor, call).await
    }

    #[tokio::test]
    async fn a_hold_lasts_five_minutes_and_is_of_todays_business_day() {
        let (checkout, hold) = checkout(2, vec![Some(offer())], vec![true]).await.unwrap();
        let hold = hold.unwrap();
        assert_eq!((hold.created_at, hold.expires_at), (Noon.now(), Noon.now() + Duration::minutes(5)));
        assert_eq!((hold.business_day.to_string(), hold.request_id.as_deref()), ("2026-11-24".to_owned(), Some("r1")));
        assert_eq!((checkout.payment_id, checkout.portone, checkout.total_amount), (hold.payment_id, portone(), Won(14_000)));
    }

    #[tokio::test]
    async fn what_may_not_be_bought_is_refused_before_anything_is_held() {
        let closed = |change: fn(&mut Offer)| {
            let mut offer = offer();
            change(&mut offer);
            Some(offer)
        };
        for (offer, refusal) in [
            (None, PRODUCT_NOT_FOUND),
            (closed(|o| o.calendar.closed_on = Some(kst::business_day(Noon.now()))), error::STORE_CLOSED_TODAY),
            (closed(|o| o.calendar.suspended = true), error::STORE_CLOSED_TODAY),
            (closed(|o| o.calendar.withheld = true), error::STORE_NOT_APPROVED),
            (closed(|o| o.calendar.today.open_time = kst::parse_time("12:01").unwrap()), error::STORE_CLOSED),
            (closed(|o| o.calendar.today.close_time = kst::parse_time("12:00").unwrap()), error::STORE_CLOSED),
            (closed(|o| o.calendar.today.pickup_end_time = kst::parse_time("12:00").unwrap()), error::PICKUP_OVER),
            (closed(|o| o.calendar.payment_ready = false), error::PAYMENT_NOT_SET_UP),
            (closed(|o| o.portone = None), error::PAYMENT_NOT_SET_UP),
            (closed(|o| o.pricing.sale = Sale::parse(100).unwrap()), error::NOT_FOR_SALE),
            (closed(|o| o.left = 1), error::INSUFFICIENT_STOCK),
            (closed(|o| o.buyer_registered = false), error::PROFILE_REQUIRED),
        ] {
            // The mock panics if a hold is stored.
            assert!(checkout(2, vec![offer], vec![]).await.unwrap_err().is(&refusal), "{refusal:?}");
        }
    }

    #[tokio::test]
    async fn all_that_is_left_can_be_bought() {
        assert!(checkout(5, vec![Some(offer())], vec![true]).await.is_ok());
        assert!(checkout(6, vec![Some(offer())], vec![]).await.unwrap_err().is(&error::INSUFFICIENT_STOCK));
    }

    #[tokio::test]
    async fn a_price_that_changes_before_the_hold_is_asked_for_again() {
        let mut dearer = offer();
        dearer.pricing.price = Won(20_000);
        let (checkout, hold) = checkout(1, vec![Some(offer()), Some(dearer)], vec![false, true]).await.unwrap();
        assert_eq!((checkout.total_amount, hold.unwrap().total_amount), (Won(14_000), Won(14_000)));
    }

    #[tokio::test]
    async fn a_step_that_was_just_reached_is_charged_and_the_price_before_it_was_seen() {
        // Noon is eight hours before the end of pickup.
        for (minutes, percent, seen) in [(479, 30, vec![]), (480, 50, vec![30]), (494, 50, vec![30]), (495, 50, vec![])] {
            let mut offer = offer();
            let step = PriceStep { minutes_before_pickup_end: minutes, sale: Sale::parse(50).unwrap() };
            offer.pricing.steps = PriceSteps::stored(vec![step]).unwrap();
            let (checkout, hold) = checkout(2, vec![Some(offer.clone())], vec![true]).await.unwrap();
            let hold = hold.unwrap();
            let unit = Won(10_000).unit_price(Sale::parse(percent).unwrap());
            assert_eq!((checkout.sale.get(), checkout.total_amount), (i32::try_from(percent).unwrap(), Won(unit.0 * 2)), "{minutes}");
            assert_eq!((hold.sale, hold.pricing), (checkout.sale, offer.pricing));
            assert_eq!(hold.stepped.iter().map(|past| past.sale.get()).collect::<Vec<_>>(), seen, "{minutes}");
        }
    }

    #[tokio::test]
    async fn a_product_that_changes_without_end_is_refused_after_eight_tries() {
        let refused = checkout(1, vec![Some(offer()); 8], vec![false; 8]).await;
        assert!(refused.unwrap_err().is(&error::INSUFFICIENT_STOCK));
    }

    /// Checks out over offers with these unpaid holds, one after another; PortOne says this of the first. Gives what was stored.
    async fn again(
        unpaid: Vec<Option<&'static str>>,
        truth: Option<Result<PaymentTruth>>,
        held: Vec<bool>,
        settled: usize,
    ) -> Result<NewHold> {
        let mut holds = MockHolds::new();
        let of = |unpaid: Option<&str>| Buying {
            unpaid: unpaid.map(|id| PaymentId::parse(id).unwrap()),
            unpaid_pieces: unpaid.map_or(0, |_| 1),
            ..Buying::default()
        };
        let mut offers = unpaid.into_iter().map(move |unpaid| Offer { left: 0, buying: of(unpaid), ..offer() });
        let mut settling = settled;
        holds.expect_offer().returning(move |_, _, _, _| {
            // Between two offers of the checkout, the one that settling the payment reads.
            if settling > 0 && offers.len() == 1 {
                settling -= 1;
                return Ok(Some(offer()));
            }
            Ok(offers.next())
        });
        holds.expect_find().times(1).returning(|_| Ok(Some(hold(HoldState::Held))));
        holds.expect_order().times(settled).returning(|_, _, _, _| Ok(OrderOutcome::Made));
        let kept = Arc::new(std::sync::Mutex::new(None));
        let (stored, mut held) = (Arc::clone(&kept), held.into_iter());
        holds.expect_hold().times(held.len()).returning(move |hold| {
            *stored.lock().unwrap() = Some(hold.clone());
            Ok(held.next().unwrap())
        });
        let holds = Arc::new(holds);
        let resolve = Arc::new(resolving(Arc::clone(&holds), truth, 0));
        let service = CheckoutService::new(holds, resolve, nothing_past(), Arc::new(Noon), Arc::new(Counter::default()));
        let quantity = Quantity::parse(1).unwrap();
        service.checkout(&email("a@b"), &ProductId::parse("PRD_1").unwrap(), quantity, &Actor::job("test"), None).await?;
        let hold = kept.lock().unwrap().take();
        Ok(hold.unwrap())
    }

    #[tokio::test]
    async fn a_hold_takes_the_place_of_the_unpaid_one_after_portone_was_asked() {
        for (truth, end) in [
            (Ok(PaymentTruth::NotPaid), HoldEnd::Abandoned),
            (Ok(PaymentTruth::Unknown), HoldEnd::Abandoned),
            (Ok(PaymentTruth::Failed), HoldEnd::Failed),
            (Ok(PaymentTruth::Cancelled(0)), HoldEnd::Failed),
            (Err(Error::unavailable("portone", "x")), HoldEnd::Abandoned),
        ] {
            // Asked once, however often the offer changes.
            let hold = again(vec![Some("PAY1"); 2], Some(truth), vec![false, true], 0).await.unwrap();
            assert_eq!(hold.replaces, Some((PaymentId::parse("PAY1").unwrap(), end)));
        }
    }

    #[tokio::test]
    async fn an_unpaid_hold_that_proves_paid_becomes_an_order_and_another_is_made() {
        let paid = Some(Ok(PaymentTruth::Paid(paid())));
        // Nothing is left of it for another.
        let refused = again(vec![Some("PAY1"), None], paid, vec![], 1).await.unwrap_err();
        assert!(refused.is(&error::INSUFFICIENT_STOCK), "{refused}");
    }

    #[tokio::test]
    async fn whose_own_calls_take_each_others_place_is_told_to_wait() {
        let refused = again(vec![Some("PAY1"); 8], Some(Ok(PaymentTruth::NotPaid)), vec![false; 8], 0).await.unwrap_err();
        assert!(refused.is(&error::TOO_MANY_HOLDS), "{refused}");
    }

    #[tokio::test]
    async fn a_resumed_call_gets_the_hold_that_it_made_before() {
        let mut holds = MockHolds::new();
        holds.expect_find().times(1).returning(|_| Ok(Some(hold(HoldState::Held))));
        let call = KeyedCall { payment_id: PaymentId::parse("PAY1").unwrap(), resumed: true };
        let checkout = run(holds, 1, Some(&call)).await.unwrap();
        assert_eq!((checkout.payment_id, checkout.total_amount), (call.payment_id, Won(7_000)));
        // The store of then, the channel of now.
        assert_eq!(checkout.portone, PortOneIds { store_id: "then".into(), channel_id: "channel".into() });
    }

    #[tokio::test]
    async fn a_call_with_a_key_holds_under_the_id_of_its_key() {
        for resumed in [false, true] {
            let mut holds = MockHolds::new();
            holds.expect_find().times(usize::from(resumed)).returning(|_| Ok(None));
            holds.expect_offer().times(1).returning(|_, _, _, _| Ok(Some(offer())));
            holds.expect_hold().times(1).withf(|hold| hold.payment_id.as_str() == "PAY9").returning(|_| Ok(true));
            let call = KeyedCall { payment_id: PaymentId::parse("PAY9").unwrap(), resumed };
            assert_eq!(run(holds, 1, Some(&call)).await.unwrap().payment_id, call.payment_id);
        }
    }

    proptest! {
        /// Contract, payment rules: the unit price is rounded, then multiplied; never the other way round.
        #[test]
        fn the_total_is_the_rounded_unit_price_times_the_quantity(price in 1..=Won::MAX_PRICE, sale in 0i64..=100, quantity in 1..=1_000i64) {
            let pricing = Pricing { price: Won(price), sale: Sale::parse(sale).unwrap(), ..offer().pricing };
            let offer = Offer { pricing, left: 1_000, ..offer() };
            let unit = (price * (100 - sale) + 5_000) / 10_000 * 100;
            let total = offer.check(Quantity::parse(quantity).unwrap(), Noon.now());
            match unit {
                0 => prop_assert!(total.unwrap_err().is(&error::NOT_FOR_SALE)),
                unit => prop_assert_eq!(total.unwrap().0, Won(unit * quantity)),
            }
        }
    }
}
