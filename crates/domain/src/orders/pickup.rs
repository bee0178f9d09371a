//! Handing out: the store shows a QR code, the customer scans it, the store's screen hears of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use futures::{
    StreamExt,
    channel::mpsc::{UnboundedSender, unbounded},
    stream::BoxStream,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    error,
    lists::OrderService,
    order::{Order, OrderStatus},
    ports::{Orders, PickupSignals},
    trail::Cause,
};
use crate::shared::{Clock, Email, Error, PaymentId, Result};

/// How long a code is good (contract, qr).
pub const CODE_LIFE: Duration = Duration::seconds(30);

const PURPOSE: &str = "cheapbob:pickup";

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    sub: String,
    /// Milliseconds: 30 s must not become 30.9.
    iat_ms: i64,
}

/// A code for a store's screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickupCode {
    /// Which order.
    pub payment_id: PaymentId,
    /// What the QR code says.
    pub qr_data: String,
    /// From when its 30 seconds run.
    pub created_at: DateTime<Utc>,
}

/// Signs and verifies pickup codes. Single use follows from the order: it completes once.
pub struct PickupCodes {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl PickupCodes {
    /// Codes signed with this secret.
    pub fn new(secret: &SecretString) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        // set_audience alone would accept a token without any audience.
        validation.set_required_spec_claims(&["aud", "sub"]);
        validation.set_audience(&[PURPOSE]);
        let bytes = secret.expose_secret().as_bytes();
        Self { encoding: EncodingKey::from_secret(bytes), decoding: DecodingKey::from_secret(bytes), validation }
    }

    /// A code for this order, good for [`CODE_LIFE`] from `now`.
    ///
    /// # Errors
    /// Internal.
    pub fn issue(&self, payment: &PaymentId, now: DateTime<Utc>) -> Result<PickupCode> {
        let claims = Claims { aud: PURPOSE.to_owned(), sub: payment.to_string(), iat_ms: now.timestamp_millis() };
        let qr_data = encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(Error::internal)?;
        Ok(PickupCode { payment_id: payment.clone(), qr_data, created_at: now })
    }

    /// Whether this is a code of ours, for this order, not older than [`CODE_LIFE`].
    pub fn is_good(&self, qr_data: &str, payment: &PaymentId, now: DateTime<Utc>) -> bool {
        let Ok(token) = decode::<Claims>(qr_data, &self.decoding, &self.validation) else { return false };
        let age = now.timestamp_millis() - token.claims.iat_ms;
        token.claims.sub == payment.as_str() && (0..=CODE_LIFE.num_milliseconds()).contains(&age)
    }
}

/// Who in this process waits for which pickup: the part of [`PickupSignals`] that every implementation needs. Its feed
/// (a Redis subscription, PostgreSQL's LISTEN) calls [`SignalHub::deliver`].
#[derive(Default)]
pub struct SignalHub {
    waiting: Mutex<HashMap<String, Vec<UnboundedSender<()>>>>,
}

impl SignalHub {
    /// Hears of this payment from now on.
    pub fn subscribe(&self, payment: &str) -> BoxStream<'static, ()> {
        let (sender, receiver) = unbounded();
        let mut waiting = self.lock();
        waiting.retain(|_, senders| {
            senders.retain(|s| !s.is_closed());
            !senders.is_empty()
        });
        waiting.entry(payment.to_owned()).or_default().push(sender);
        receiver.boxed()
    }

    /// Wakes all who wait for this payment.
    pub fn deliver(&self, payment: &str) {
        if let Some(senders) = self.lock().get(payment) {
            for sender in senders {
                // A receiver that is gone is swept by the next subscription.
                let _ = sender.unbounded_send(());
            }
        }
    }

    /// The feed is lost: every stream ends.
    pub fn lose(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<UnboundedSender<()>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Use cases of handing out.
pub struct PickupService {
    lists: Arc<OrderService>,
    orders: Arc<dyn Orders>,
    signals: Arc<dyn PickupSignals>,
    codes: PickupCodes,
    clock: Arc<dyn Clock>,
}

impl PickupService {
    /// Wires the service.
    pub fn new(
        lists: Arc<OrderService>,
        orders: Arc<dyn Orders>,
        signals: Arc<dyn PickupSignals>,
        codes: PickupCodes,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { lists, orders, signals, codes, clock }
    }

    /// A code for the store's screen.
    ///
    /// # Errors
    /// `store_not_found`, `order_not_found`, `order_not_accepted`, `order_complete`, `order_canceled`.
    pub async fn code(&self, seller: &Email, payment: Option<&PaymentId>) -> Result<PickupCode> {
        let order = self.lists.of_store(seller, payment).await?;
        check_accepted(&order)?;
        self.codes.issue(&order.payment_id, self.clock.now())
    }

    /// The customer scanned the code.
    ///
    /// # Errors
    /// `order_not_found`, `order_not_accepted`, `order_complete`, `order_canceled`, `qr_invalid`.
    pub async fn complete(&self, customer: &Email, payment: Option<&PaymentId>, qr_data: &str, cause: &Cause) -> Result<Order> {
        let order = self.lists.of_customer(customer, payment).await?;
        check_accepted(&order)?;
        let now = self.clock.now();
        if !self.codes.is_good(qr_data, &order.payment_id, now) {
            return Err(error::QR_INVALID.into());
        }
        // Another scan of the same order may have been faster.
        let complete = self.orders.complete(&order.payment_id, now, cause).await?.ok_or(error::ORDER_COMPLETE)?;
        if let Err(e) = self.signals.publish(&order.payment_id).await {
            tracing::warn!(payment = %order.payment_id, error = %e, "pickup not signalled; the store's screen will read it");
        }
        Ok(complete)
    }

    /// What stores had taken counts as picked up when they close; gives the number of orders.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn complete_closed(&self, cause: &Cause) -> Result<usize> {
        const BATCH: i64 = 1_000;
        let mut number = 0;
        loop {
            let completed = self.orders.complete_closed(self.clock.now(), BATCH, cause).await?;
            number += completed;
            if completed < BATCH as usize {
                return Ok(number);
            }
        }
    }

    /// For a store's screen: hears of the pickup. Subscribe first, then read the order, else a pickup in between is missed.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn subscribe(&self, payment: &PaymentId) -> Result<BoxStream<'static, ()>> {
        self.signals.subscribe(payment).await
    }

    /// Whether the order is picked up.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn is_complete(&self, payment: &PaymentId) -> Result<bool> {
        Ok(self.orders.find(payment).await?.is_some_and(|o| o.status == OrderStatus::Complete))
    }
}

fn check_accepted(order: &Order) -> Result<()> {
    match order.status {
        OrderStatus::Accept => Ok(()),
        OrderStatus::Reservation => Err(error::ORDER_NOT_ACCEPTED.into()),
        OrderStatus::Complete => Err(error::ORDER_COMPLETE.into()),
        OrderStatus::Cancel => Err(error::ORDER_CANCELED.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{Account, Role, SessionTokens};

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn a_code_is_good_for_its_order_for_thirty_seconds() {
        let codes = PickupCodes::new(&SecretString::from("s"));
        let (mine, other) = (PaymentId::parse("PAY1").unwrap(), PaymentId::parse("PAY2").unwrap());
        let code = codes.issue(&mine, at(0)).unwrap().qr_data;
        assert!(codes.is_good(&code, &mine, at(0)));
        assert!(codes.is_good(&code, &mine, at(30_000)));
        assert!(!codes.is_good(&code, &mine, at(30_001)));
        assert!(!codes.is_good(&code, &mine, at(-1)));
        assert!(!codes.is_good(&code, &other, at(0)));
        assert!(!PickupCodes::new(&SecretString::from("t")).is_good(&code, &mine, at(0)));
    }

    #[test]
    fn codes_and_sessions_signed_with_one_secret_are_no_substitutes() {
        let secret = SecretString::from("s");
        let codes = PickupCodes::new(&secret);
        let tokens = SessionTokens::new(&secret, Algorithm::HS256, Duration::hours(1));
        let payment = PaymentId::parse("PAY1").unwrap();
        let account =
            Account { email: Email::trusted("PAY1".into()), role: Role::Customer, is_active: true, email_vouched: true, created_at: at(0) };
        let session = tokens.issue("i", &account, false, at(0)).unwrap();
        assert!(!codes.is_good(&session, &payment, at(0)));
        assert!(tokens.verify(&codes.issue(&payment, at(0)).unwrap().qr_data, at(0)).is_none());
    }
}
