//! Session tokens: JWT, renewed in their last quarter (contract, Authentication), until the session is [`SESSION_LIFE`] old.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    account::{Account, Role},
    session::{NewToken, SESSION_LIFE, Session},
};
use crate::shared::{Email, Error, Result, keys};

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
    #[serde(default)]
    generation: i64,
    /// When the person logged in (OpenID Connect Core, 2). Tokens from before this claim began with their own `iat`.
    auth_time: Option<i64>,
    /// The session began on another site's front end: its cookie is SameSite=None, also after a renewal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cross_site: bool,
}

/// A key that tokens are verified with.
struct Key {
    /// The header's `kid`.
    id: String,
    decoding: DecodingKey,
}

impl Key {
    fn new(secret: &SecretString) -> Self {
        // Says which secret, and nothing about it.
        let id = keys::derive(secret, "cheapbob:kid")[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { id, decoding: DecodingKey::from_secret(secret.expose_secret().as_bytes()) }
    }
}

/// Signs and verifies. Time comes from the caller: tokens follow the product's clock.
pub struct SessionTokens {
    header: Header,
    validation: Validation,
    encoding: EncodingKey,
    keys: Vec<Key>,
    life: Duration,
}

impl SessionTokens {
    /// Signs with `secret`; verifies with it and, while secrets are changed, with `previous`. `algorithm`: HS256, HS384 or HS512.
    /// `life` of each token.
    pub fn new(secret: &SecretString, previous: Option<&SecretString>, algorithm: Algorithm, life: Duration) -> Self {
        let mut validation = Validation::new(algorithm);
        // jsonwebtoken reads the system's clock; ours is compared below.
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        let keys: Vec<_> = std::iter::once(secret).chain(previous).map(Key::new).collect();
        let mut header = Header::new(algorithm);
        header.kid = keys.first().map(|key| key.id.clone());
        Self { header, validation, encoding: EncodingKey::from_secret(secret.expose_secret().as_bytes()), keys, life }
    }

    /// The first token of a session that begins at `now`.
    ///
    /// # Errors
    /// Internal, where the algorithm cannot sign.
    pub fn begin(&self, id: &str, account: &Account, cross_site: bool, now: DateTime<Utc>) -> Result<NewToken> {
        self.sign(id, account, cross_site, now, now)
    }

    /// One with which a session goes on, for the account as it is now.
    ///
    /// # Errors
    /// Internal, where the algorithm cannot sign.
    pub fn renew(&self, session: &Session, account: &Account, now: DateTime<Utc>) -> Result<NewToken> {
        self.sign(&session.id, account, session.cross_site, session.began_at, now)
    }

    fn sign(&self, id: &str, account: &Account, cross_site: bool, began_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<NewToken> {
        let expires_at = (now + self.life).min(began_at + SESSION_LIFE);
        let claims = Claims {
            sub: account.email.to_string(),
            user_type: account.role,
            is_active: account.is_active,
            account: account.created_at.timestamp_millis(),
            generation: account.generation,
            iat: now.timestamp(),
            auth_time: Some(began_at.timestamp()),
            exp: expires_at.timestamp(),
            jti: id.to_owned(),
            cross_site,
        };
        let token = encode(&self.header, &claims, &self.encoding).map_err(Error::internal)?;
        Ok(NewToken { token, life: expires_at - now, cross_site })
    }

    /// `None`: forged, garbled, too old, or of a session that is.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Session> {
        // Without one: signed before tokens named their key.
        let kid = decode_header(token).ok()?.kid;
        let mut named = self.keys.iter().filter(|key| kid.as_ref().is_none_or(|kid| *kid == key.id));
        let claims = named.find_map(|key| decode::<Claims>(token, &key.decoding, &self.validation).ok())?.claims;
        let began_at = DateTime::from_timestamp(claims.auth_time.unwrap_or(claims.iat), 0)?;
        let expires_at = DateTime::from_timestamp(claims.exp, 0)?.min(began_at.checked_add_signed(SESSION_LIFE)?);
        (now < expires_at).then(|| Session {
            id: claims.jti,
            email: Email::trusted(claims.sub),
            role: claims.user_type,
            account: claims.account,
            generation: claims.generation,
            began_at,
            expires_at,
            cross_site: claims.cross_site,
        })
    }

    /// In the last quarter of its life, or with under five minutes left; never when the session itself ends with it.
    pub fn is_due_for_renewal(&self, session: &Session, now: DateTime<Utc>) -> bool {
        let left = session.expires_at - now;
        session.expires_at < session.ends_at() && (left * 4 <= self.life || left < Duration::minutes(5))
    }

    /// When a token ends that is signed at `now`, at the latest.
    pub(in crate::users) fn latest_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.life
    }

    /// When the last token of a session ends, that of a renewal under way at `now` included.
    pub fn last_end(&self, session: &Session, now: DateTime<Utc>) -> DateTime<Utc> {
        (now + self.life).min(session.ends_at())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{
        model::account::Role,
        testing::{account, at, tokens},
    };

    fn of(secret: &str, previous: Option<&str>) -> SessionTokens {
        let previous = previous.map(SecretString::from);
        SessionTokens::new(&SecretString::from(secret), previous.as_ref(), Algorithm::HS256, Duration::minutes(100))
    }

    #[test]
    fn a_token_lives_its_life_and_is_due_in_its_last_quarter() {
        let tokens = tokens();
        let token = tokens.begin("id", &account(Role::Seller), true, at(0)).unwrap();
        assert_eq!(token.life, Duration::minutes(100));
        let session = tokens.verify(&token.token, at(99)).unwrap();
        assert_eq!((session.id.as_str(), session.role, session.cross_site), ("id", Role::Seller, true));
        assert!(tokens.verify(&token.token, at(100)).is_none());
        assert!(!tokens.is_due_for_renewal(&session, at(74)));
        assert!(tokens.is_due_for_renewal(&session, at(75)));
    }

    #[test]
    fn a_short_token_is_due_with_under_five_minutes_left() {
        let tokens = SessionTokens::new(&SecretString::from("s"), None, Algorithm::HS256, Duration::minutes(8));
        let token = tokens.begin("id", &account(Role::Customer), false, at(0)).unwrap();
        let session = tokens.verify(&token.token, at(0)).unwrap();
        assert!(!tokens.is_due_for_renewal(&session, at(3)));
        assert!(tokens.is_due_for_renewal(&session, at(4)));
    }

    #[test]
    fn however_often_it_is_renewed_a_session_ends_after_ninety_days() {
        let tokens = SessionTokens::new(&SecretString::from("s"), None, Algorithm::HS256, Duration::days(60));
        let (person, day) = (account(Role::Customer), |day: i64| at(day * 24 * 60));
        let first = tokens.begin("id", &person, false, day(0)).unwrap();
        let session = tokens.verify(&first.token, day(59)).unwrap();
        let second = tokens.renew(&session, &person, day(59)).unwrap();
        assert_eq!(second.life, Duration::days(31));
        let session = tokens.verify(&second.token, day(89)).unwrap();
        assert_eq!((session.began_at, session.expires_at), (day(0), day(90)));
        assert!(!tokens.is_due_for_renewal(&session, day(89)));
        assert_eq!(tokens.last_end(&session, day(59)), day(90));
        assert!(tokens.verify(&second.token, day(90)).is_none());
    }

    #[test]
    fn a_token_from_before_sessions_had_a_beginning_and_keys_a_name_is_taken() {
        let claims = serde_json::json!({
            "sub": "a@b", "user_type": "customer", "is_active": true, "iat": at(0).timestamp(), "exp": at(400 * 24 * 60).timestamp(),
            "jti": "id", "account": at(-60).timestamp_millis(),
        });
        let key = EncodingKey::from_secret(b"a secret of the tests");
        let token = encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        let session = tokens().verify(&token, at(1)).unwrap();
        assert_eq!((session.began_at, session.expires_at, session.generation), (at(0), at(90 * 24 * 60), 0));
        assert!(of("new", Some("a secret of the tests")).verify(&token, at(1)).is_some());
    }

    #[test]
    fn two_secrets_are_good_at_once_and_each_token_names_its_own() {
        let (old, both, new) = (of("old", None), of("new", Some("old")), of("new", None));
        let signed = |tokens: &SessionTokens| tokens.begin("id", &account(Role::Customer), false, at(0)).unwrap().token;
        assert!(both.verify(&signed(&old), at(0)).is_some() && both.verify(&signed(&new), at(0)).is_some());
        assert!(new.verify(&signed(&both), at(0)).is_some());
        assert!(new.verify(&signed(&old), at(0)).is_none() && old.verify(&signed(&both), at(0)).is_none());
        let kid = |token: String| decode_header(token).unwrap().kid.unwrap();
        assert_eq!(kid(signed(&both)), kid(signed(&new)));
        assert_ne!(kid(signed(&old)), kid(signed(&new)));
    }

    #[test]
    fn foreign_and_unsigned_tokens_are_refused() {
        let token = of("another", None).begin("id", &account(Role::Customer), false, at(0)).unwrap().token;
        assert!(tokens().verify(&token, at(0)).is_none());
        // {"alg":"none"} with the claims of a real token
        let claims = token.split('.').nth(1).unwrap();
        assert!(tokens().verify(&format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."), at(0)).is_none());
        for junk in ["", "a.b.c", "한글"] {
            assert!(tokens().verify(junk, at(0)).is_none());
        }
    }
}
