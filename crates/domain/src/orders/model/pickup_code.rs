//! The QR code that a store shows: a signed token of 30 s for one order (contract, qr).

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::shared::{Error, PaymentId, Result, keys};

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
    /// The one that is signed with, and the one before it.
    decoding: Vec<DecodingKey>,
    validation: Validation,
}

impl PickupCodes {
    /// Codes signed with a key made from `secret`; those of `previous` are good as well while secrets are changed.
    pub fn new(secret: &SecretString, previous: Option<&SecretString>) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        // set_audience alone would accept a token without any audience.
        validation.set_required_spec_claims(&["aud", "sub"]);
        validation.set_audience(&[PURPOSE]);
        let key = |secret| keys::derive(secret, PURPOSE);
        let decoding = std::iter::once(secret).chain(previous).map(|secret| DecodingKey::from_secret(&key(secret))).collect();
        Self { encoding: EncodingKey::from_secret(&key(secret)), decoding, validation }
    }

    /// A code for this order, good for [`CODE_LIFE`] from `now`.
    ///
    /// # Errors
    /// Internal: a defect of ours.
    pub fn issue(&self, payment: &PaymentId, now: DateTime<Utc>) -> Result<PickupCode> {
        let claims = Claims { aud: PURPOSE.to_owned(), sub: payment.to_string(), iat_ms: now.timestamp_millis() };
        let qr_data = encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(Error::internal)?;
        Ok(PickupCode { payment_id: payment.clone(), qr_data, created_at: now })
    }

    /// Whether this is a code of ours, for this order, not older than [`CODE_LIFE`].
    pub fn is_good(&self, qr_data: &str, payment: &PaymentId, now: DateTime<Utc>) -> bool {
        let token = self.decoding.iter().find_map(|key| decode::<Claims>(qr_data, key, &self.validation).ok());
        let Some(token) = token else { return false };
        let age = now.timestamp_millis() - token.claims.iat_ms;
        token.claims.sub == payment.as_str() && (0..=CODE_LIFE.num_milliseconds()).contains(&age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shared::Email,
        users::{Account, Role, SessionTokens},
    };

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn a_code_is_good_for_its_order_for_thirty_seconds() {
        let codes = PickupCodes::new(&SecretString::from("s"), None);
        let (mine, other) = (PaymentId::parse("PAY1").unwrap(), PaymentId::parse("PAY2").unwrap());
        let code = codes.issue(&mine, at(0)).unwrap().qr_data;
        assert!(codes.is_good(&code, &mine, at(0)));
        assert!(codes.is_good(&code, &mine, at(30_000)));
        assert!(!codes.is_good(&code, &mine, at(30_001)));
        assert!(!codes.is_good(&code, &mine, at(-1)));
        assert!(!codes.is_good(&code, &other, at(0)));
        assert!(!PickupCodes::new(&SecretString::from("t"), None).is_good(&code, &mine, at(0)));
        assert!(PickupCodes::new(&SecretString::from("t"), Some(&SecretString::from("s"))).is_good(&code, &mine, at(0)));
    }

    #[test]
    fn codes_and_sessions_signed_with_one_secret_are_no_substitutes() {
        let secret = SecretString::from("s");
        let codes = PickupCodes::new(&secret, None);
        let tokens = SessionTokens::new(&secret, None, Algorithm::HS256, Duration::hours(1));
        let payment = PaymentId::parse("PAY1").unwrap();
        let account = Account::new(Email::trusted("PAY1".into()), Role::Customer, true, at(0));
        let session = tokens.begin("i", &account, false, at(0)).unwrap().token;
        assert!(!codes.is_good(&session, &payment, at(0)));
        assert!(tokens.verify(&codes.issue(&payment, at(0)).unwrap().qr_data, at(0)).is_none());
    }
}
