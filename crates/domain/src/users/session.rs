//! Session tokens: JWT, renewed in their last quarter, checked against the account and the logouts.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    account::{Account, RegistrationStatus, Role},
    error,
    ports::{Accounts, Lease, Remembered, Sessions},
};
use crate::shared::{Clock, Email, Error, Ids, Result};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claims {
    sub: String,
    user_type: Role,
    is_active: bool,
    iat: i64,
    exp: i64,
    jti: String,
    /// When the account was made, in Unix milliseconds: one that is made anew for the same e-mail is another. (Absent in tokens of
    /// earlier versions; they live a week.)
    #[serde(default)]
    account: Option<i64>,
    /// The session began on another site's front end: its cookie is SameSite=None, also after a renewal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cross_site: bool,
}

/// A verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Stays the same through renewals, so that one logout ends them all.
    pub id: String,
    /// Whose.
    pub email: Email,
    /// Which app.
    pub role: Role,
    /// When its account was made, in Unix milliseconds.
    pub account: Option<i64>,
    /// End of this token.
    pub expires_at: DateTime<Utc>,
    /// Whether its cookie crosses sites.
    pub cross_site: bool,
}

impl Session {
    /// Whether the account is the one that the token was made for, not another of the same e-mail.
    fn is_of(&self, account: &Account) -> bool {
        self.role == account.role && self.account.is_none_or(|made| made == account.created_at.timestamp_millis())
    }
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
            account: Some(account.created_at.timestamp_millis()),
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

/// A token that a session should go on with.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// The new token.
    pub token: String,
    /// SameSite=None instead of Lax.
    pub cross_site: bool,
}

/// Who is calling.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The token's content.
    pub session: Session,
    /// The account as it is.
    pub account: Account,
    /// Present where the token is due for renewal.
    pub renewal: Option<Renewal>,
}

/// Use cases around a session.
pub struct SessionService {
    /// Signs and verifies.
    pub tokens: SessionTokens,
    accounts: Arc<dyn Accounts>,
    sessions: Arc<dyn Sessions>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl SessionService {
    /// Wires the service.
    pub fn new(
        tokens: SessionTokens,
        accounts: Arc<dyn Accounts>,
        sessions: Arc<dyn Sessions>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { tokens, accounts, sessions, clock, ids }
    }

    /// The caller behind a token.
    ///
    /// # Errors
    /// `unauthenticated` for no token, a bad one, a logged-out one, or an account that is gone.
    pub async fn authenticate(&self, token: Option<&str>) -> Result<Caller> {
        let now = self.clock.now();
        let session = token.and_then(|t| self.tokens.verify(t, now)).ok_or(error::UNAUTHENTICATED)?;
        let look = self.sessions.look(&session.id, now).await?;
        if look.revoked {
            return Err(error::UNAUTHENTICATED.into());
        }
        let account = match look.account {
            Remembered::Known(account) if session.is_of(&account) => account,
            // A token that does not fit the account remembered: the database decides.
            Remembered::Known(_) => self.found(&session, None).await?,
            Remembered::Unknown(lease) => self.found(&session, lease).await?,
        };
        if !session.is_of(&account) {
            return Err(error::UNAUTHENTICATED.into());
        }
        let renewal = if self.tokens.is_due_for_renewal(&session, now) {
            let token = self.tokens.issue(&session.id, &account, session.cross_site, now)?;
            Some(Renewal { token, cross_site: session.cross_site })
        } else {
            None
        };
        Ok(Caller { session, account, renewal })
    }

    /// As the database has it; the next request will not have to ask.
    async fn found(&self, session: &Session, lease: Option<Lease>) -> Result<Account> {
        let account = self.accounts.find(&session.email).await?.ok_or(error::UNAUTHENTICATED)?.account;
        if let Some(lease) = lease {
            self.sessions.remember(&session.id, &account, &lease);
        }
        Ok(account)
    }

    /// How far the caller's registration has come.
    ///
    /// # Errors
    /// `unauthenticated` for an account that is gone.
    pub async fn registration(&self, caller: &Caller) -> Result<RegistrationStatus> {
        Ok(self.accounts.find(&caller.session.email).await?.ok_or(error::UNAUTHENTICATED)?.status)
    }

    /// A token for a new session.
    ///
    /// # Errors
    /// Internal.
    pub fn begin(&self, account: &Account, cross_site: bool) -> Result<String> {
        self.tokens.issue(&self.ids.secret(), account, cross_site, self.clock.now())
    }

    /// Ends the session of a token, if it is one: from now on it and its renewals are refused.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn end(&self, token: Option<&str>) -> Result<()> {
        let now = self.clock.now();
        if let Some(session) = token.and_then(|t| self.tokens.verify(t, now)) {
            // A renewal issued this instant lives one whole life more.
            self.sessions.revoke(&session.id, now, now + self.tokens.life()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shared::testing::{Counter, Noon},
        users::{
            account::AccountStatus,
            ports::{Look, MockAccounts, MockSessions},
        },
    };

    fn tokens() -> SessionTokens {
        SessionTokens::new(&SecretString::from("a secret of the tests"), Algorithm::HS256, Duration::minutes(100))
    }

    fn account(role: Role) -> Account {
        Account { email: Email::trusted("a@b".into()), role, is_active: true, email_vouched: true, created_at: at(-60) }
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minute * 60, 0).unwrap()
    }

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

    fn status(account: Account) -> AccountStatus {
        AccountStatus { account, status: RegistrationStatus::Complete }
    }

    fn remembering(account: Remembered) -> MockSessions {
        let mut sessions = MockSessions::new();
        sessions.expect_look().returning(move |_, _| Ok(Look { revoked: false, account: account.clone() }));
        sessions
    }

    async fn authenticate(accounts: MockAccounts, sessions: MockSessions, token: &str) -> Result<Caller> {
        SessionService::new(tokens(), Arc::new(accounts), Arc::new(sessions), Arc::new(Noon), Arc::new(Counter::default()))
            .authenticate(Some(token))
            .await
    }

    #[tokio::test]
    async fn an_account_that_is_remembered_is_not_asked_for() {
        let known = account(Role::Seller);
        let token = tokens().issue("id", &known, false, Noon.now()).unwrap();
        let caller = authenticate(MockAccounts::new(), remembering(Remembered::Known(known.clone())), &token).await.unwrap();
        assert_eq!(caller.account, known);
    }

    #[tokio::test]
    async fn one_that_is_not_is_asked_for_and_remembered_under_a_lease() {
        let known = account(Role::Seller);
        let token = tokens().issue("id", &known, false, Noon.now()).unwrap();
        for (lease, told) in [(Some(Lease(7)), 1), (None, 0)] {
            let (mut accounts, mut sessions) = (MockAccounts::new(), remembering(Remembered::Unknown(lease)));
            let found = known.clone();
            accounts.expect_find().times(1).returning(move |_| Ok(Some(status(found.clone()))));
            sessions.expect_remember().times(told).return_const(());
            assert_eq!(authenticate(accounts, sessions, &token).await.unwrap().account, known);
        }
    }

    #[tokio::test]
    async fn nobody_is_refused_by_what_is_remembered() {
        let new = Account { created_at: at(-1), ..account(Role::Seller) };
        let token = tokens().issue("id", &new, false, Noon.now()).unwrap();
        for old in [account(Role::Seller), Account { role: Role::Customer, ..new.clone() }] {
            let (mut accounts, found) = (MockAccounts::new(), new.clone());
            accounts.expect_find().times(1).returning(move |_| Ok(Some(status(found.clone()))));
            assert_eq!(authenticate(accounts, remembering(Remembered::Known(old)), &token).await.unwrap().account, new);
        }
    }
}
