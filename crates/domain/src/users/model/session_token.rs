//! Session tokens: JWT, renewed in their last quarter (contract, Authentication).

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    account::{Account, Role},
    session::Session,
};
use crate::shared::{Email, Error, Result};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claims {
    sub: String,
    user_type: Role,
    is_active: bool,
    iat: i64,
    exp: i64,
    jti: String,
    /// When the account was made, in Unix milliseconds: one that is made anew for the same e-mail is another.
    account: i64,
    /// The session began on another site's front end: its cookie is SameSite=None, also after a renewal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cross_site: bool,
}

/// Signs and verifies. Time comes from the caller: tokens follow the product's clock.
pub struct SessionTokens {
    header: Header,
    validation: Validation,
    encoding: EncodingKey,
    decoding: DecodingKey,
    life: Duration,
}

impl SessionTokens {
    /// `algorithm`: HS256, HS384 or HS512. `life` of each token.
    pub fn new(secret: &SecretString, algorithm: Algorithm, life: Duration) -> Self {
        let bytes = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(algorithm);
        // jsonwebtoken reads the system's clock; ours is compared below.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Self {
            header: Header::new(algorithm),
            validation,
            encoding: EncodingKey::from_secret(bytes),
            decoding: DecodingKey::from_secret(bytes),
            life,
        }
    }

    /// Life of a token.
    pub fn life(&self) -> Duration {
        self.life
    }

    /// A token for this session, valid from `now` on.
    ///
    /// # Errors
    /// Internal, where the algorithm cannot sign.
    pub fn issue(&self, id: &str, account: &Account, cross_site: bool, now: DateTime<Utc>) -> Result<String> {
        let claims = Claims {
            sub: account.email.to_string(),
            user_type: account.role,
            is_active: account.is_active,
            account: account.created_at.timestamp_millis(),
            iat: now.timestamp(),
            exp: (now + self.life).timestamp(),
            jti: id.to_owned(),
            cross_site,
        };
        encode(&self.header, &claims, &self.encoding).map_err(Error::internal)
    }

    /// `None`: forged, garbled or too old.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Session> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        let expires_at = DateTime::from_timestamp(claims.exp, 0)?;
        (now < expires_at).then(|| Session {
            id: claims.jti,
            email: Email::trusted(claims.sub),
            role: claims.user_type,
            account: claims.account,
            expires_at,
            cross_site: claims.cross_site,
        })
    }

    /// In the last quarter of its life, or with under five minutes left.
    pub fn is_due_for_renewal(&self, session: &Session, now: DateTime<Utc>) -> bool {
        let left = session.expires_at - now;
        left * 4 <= self.life || left < Duration::minutes(5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{
        model::account::Role,
        testing::{account, at, tokens},
    };

    #[test]
    fn a_token_lives_its_life_and_is_due_in_its_last_quarter() {
        let tokens = tokens();
        let token = tokens.issue("id", &account(Role::Seller), true, at(0)).unwrap();
        let session = tokens.verify(&token, at(99)).unwrap();
        assert_eq!((session.id.as_str(), session.role, session.cross_site), ("id", Role::Seller, true));
        assert!(tokens.verify(&token, at(100)).is_none());
        assert!(!tokens.is_due_for_renewal(&session, at(74)));
        assert!(tokens.is_due_for_renewal(&session, at(75)));
    }

    #[test]
    fn a_short_token_is_due_with_under_five_minutes_left() {
        let tokens = SessionTokens::new(&SecretString::from("s"), Algorithm::HS256, Duration::minutes(8));
        let token = tokens.issue("id", &account(Role::Customer), false, at(0)).unwrap();
        let session = tokens.verify(&token, at(0)).unwrap();
        assert!(!tokens.is_due_for_renewal(&session, at(3)));
        assert!(tokens.is_due_for_renewal(&session, at(4)));
    }

    #[test]
    fn foreign_and_unsigned_tokens_are_refused() {
        let other = SessionTokens::new(&SecretString::from("another"), Algorithm::HS256, Duration::minutes(100));
        let token = other.issue("id", &account(Role::Customer), false, at(0)).unwrap();
        assert!(tokens().verify(&token, at(0)).is_none());
        // {"alg":"none"} with the claims of a real token
        let claims = token.split('.').nth(1).unwrap();
        assert!(tokens().verify(&format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."), at(0)).is_none());
        for junk in ["", "a.b.c", "한글"] {
            assert!(tokens().verify(junk, at(0)).is_none());
        }
    }
}
