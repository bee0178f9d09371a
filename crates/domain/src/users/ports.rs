//! What this feature needs from outside.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    account::{Account, AccountStatus, Provider, Role},
    customers::{CustomerDetail, DetailChange, NewProfile, Profile},
    preference::{Preference, PreferenceKind},
};
use crate::shared::{Email, Result};

/// Accounts and the identities that lead to them.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account of this e-mail and how far its registration has come. `None`: there is none.
    async fn find(&self, email: &Email) -> Result<Option<AccountStatus>>;
    /// The account that this identity leads to.
    async fn find_by_identity(&self, provider: Provider, user_id: &str) -> Result<Option<Account>>;
    /// Makes the account and its first identity, both or neither. `false`, and nothing made, where the e-mail or the
    /// identity is taken meanwhile.
    async fn create(&self, account: &Account, provider: Provider, user_id: &str) -> Result<bool>;
    /// Adds an identity to an account. `false` where the identity is taken meanwhile.
    async fn link(&self, email: &Email, provider: Provider, user_id: &str, at: DateTime<Utc>) -> Result<bool>;
    /// Makes an account inactive, and its store sell nothing, all or nothing; unless a customer's or the store's order is in
    /// `reservation` or `accept`, or a customer holds stock for a payment at `now`. A payment of the store that
    /// arrives at the same moment MUST either be seen or become no order.
    async fn deactivate(&self, email: &Email, now: DateTime<Utc>) -> Result<Deactivation>;
    /// Forgets an identity, so that it leads to its account no more. `false`: there is none.
    async fn unlink(&self, provider: Provider, user_id: &str) -> Result<bool>;
    /// Deletes an inactive account with all that belongs to it; what is kept of orders, payments and the audit trail bears the
    /// pseudonym. The store's pictures go as tasks committed with it. All or nothing, and nothing while money may still have to move:
    /// an open order, a payment that is watched, a refund that is not done, an order of a day before `today` that waits for the archive.
    async fn erase(&self, email: &Email, pseudonym: &Email, today: NaiveDate, now: DateTime<Utc>) -> Result<Erasure>;
    /// Undoes [`Accounts::deactivate`]. `false`: the account was active.
    async fn reactivate(&self, email: &Email) -> Result<bool>;
}

/// What deleting an account came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// It is gone, or was.
    Gone,
    /// It is active.
    Active,
    /// Money may still have to move.
    Waits,
}

/// What making an account inactive came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deactivation {
    /// It is inactive now.
    Done,
    /// It was inactive.
    WasInactive,
    /// An order is in progress.
    OrderInProgress,
}

/// Requests to be deleted. A request counts only where the account is inactive as well: that is written after it, and undone
/// before it.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Withdrawals: Send + Sync {
    /// Stores the request; an earlier one stays as it is.
    async fn request(&self, email: &Email, role: Role, at: DateTime<Utc>) -> Result<()>;
    /// When the account asked.
    async fn requested_at(&self, email: &Email) -> Result<Option<DateTime<Utc>>>;
    /// Who asked before `before`, by e-mail after `after`, up to `limit`.
    async fn requested_before<'a>(&self, before: DateTime<Utc>, after: Option<&'a Email>, limit: i64) -> Result<Vec<Email>>;
    /// Forgets the request, if there is one.
    async fn cancel(&self, email: &Email) -> Result<()>;
}

/// The tokens that will cut links (see [`ProviderIdentity::link_token`]). They MUST outlive their account, and be sealed at rest.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait LinkTokens: Send + Sync {
    /// Keeps a user's token instead of an earlier one.
    async fn keep(&self, provider: Provider, user_id: &str, token: &SecretString, at: DateTime<Utc>) -> Result<()>;
    /// The user's token.
    async fn token(&self, provider: Provider, user_id: &str) -> Result<Option<SecretString>>;
    /// Forgets it, if there is one.
    async fn forget(&self, provider: Provider, user_id: &str) -> Result<()>;
}

/// Customers' profiles.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Customers: Send + Sync {
    /// Stores detail and preferences, all or nothing. `false`, and nothing stored, where a profile is there.
    async fn register(&self, email: &Email, profile: &NewProfile, at: DateTime<Utc>) -> Result<bool>;
    /// The whole profile; preferences in the order of their creation.
    async fn profile(&self, email: &Email) -> Result<Option<Profile>>;
    /// Only the detail.
    async fn detail(&self, email: &Email) -> Result<Option<CustomerDetail>>;
    /// Changes the fields given. `None`: no profile.
    async fn change_detail(&self, email: &Email, change: &DetailChange, at: DateTime<Utc>) -> Result<Option<CustomerDetail>>;
    /// A customer's words of one kind, in the order of their creation.
    async fn preferences(&self, email: &Email, kind: PreferenceKind) -> Result<Vec<Preference>>;
    /// Adds words, all or nothing. `false`, and nothing added, where one is there already. `None`: no profile.
    async fn add_preferences(&self, email: &Email, kind: PreferenceKind, words: &[&'static str], at: DateTime<Utc>)
    -> Result<Option<bool>>;
    /// `false`: the word is not there.
    async fn remove_preference(&self, email: &Email, kind: PreferenceKind, word: &str) -> Result<bool>;
}

/// What passes: logouts and logins under way.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Sessions: Send + Sync {
    /// MUST make [`Look::revoked`] true for this session before it returns, in every process, until `until` at least.
    async fn revoke(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
    /// Whether the session was revoked, and its account where it is remembered: every request asks.
    async fn look(&self, session_id: &str, now: DateTime<Utc>) -> Result<Look>;
    /// Remembers a session's account as the database had it after the look that gave the lease, for a minute at most. MUST do nothing
    /// where [`Sessions::forget`] or [`Sessions::revoke`] came in between. May do nothing at all.
    fn remember(&self, session_id: &str, account: &Account, lease: &Lease);
    /// Forgets an account: called after each change of it, before anybody hears of the change. MUST hold in every process before it
    /// returns.
    async fn forget(&self, email: &Email) -> Result<()>;
    /// Keeps a login under way until `until`.
    async fn begin_login(&self, state: &str, login: &PendingLogin, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
    /// Gives the login and forgets it: of two calls at once exactly one MUST get it. `None`: unknown, used or too old.
    async fn take_login(&self, state: &str, now: DateTime<Utc>) -> Result<Option<PendingLogin>>;
}

/// What is known of a session without the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Whether it was revoked.
    pub revoked: bool,
    /// Its account.
    pub account: Remembered,
}

/// An account as it was a moment ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// As it is: it has not changed since.
    Known(Account),
    /// The database must be asked; what it says under a lease may then be remembered.
    Unknown(Option<Lease>),
}

/// The right to say what an account is, good until something changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease(pub u64);

/// A login between the redirect to the provider and the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingLogin {
    /// Where the person was sent.
    pub provider: Provider,
    /// Which app asked.
    pub role: Role,
    /// Secret that only this browser has (in its cookie).
    pub browser: String,
    /// PKCE verifier; also sent where the provider does not check it, never logged.
    pub verifier: String,
    /// OpenID Connect nonce.
    pub nonce: String,
    /// Come back to the local front end (`state=1004`, development only).
    pub local: bool,
}

/// What a provider says of the person who logged in.
#[derive(Debug, Clone)]
pub struct ProviderIdentity {
    /// Stable key of the person at that provider.
    pub user_id: String,
    /// Their e-mail, where the provider gives one that may be used at all.
    pub email: Option<Email>,
    /// Whether the provider vouches that the e-mail is theirs. Naver never does.
    pub vouched: bool,
    /// What will cut the link one day, where the provider has no other way and gave one.
    pub link_token: Option<SecretString>,
}

/// How fetching an identity can fail.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The provider refused the code or our credentials; trying again with the same code is useless.
    #[error("{provider} refused: {reason}", provider = .0.as_str(), reason = .1)]
    Refused(Provider, String),
    /// Timeout, 5xx, an answer that is none.
    #[error("{provider} did not answer properly: {reason}", provider = .0.as_str(), reason = .1)]
    Unavailable(Provider, String),
}

/// The three OAuth providers.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait IdentityProviders: Send + Sync {
    /// Where to send the browser.
    fn authorize_url(&self, state: &str, login: &PendingLogin) -> String;
    /// Redeems the code. MUST NOT follow redirects, MUST give up after 10 s.
    async fn identity(
        &self,
        login: &PendingLogin,
        state: &str,
        code: &SecretString,
    ) -> std::result::Result<ProviderIdentity, ProviderError>;
}

/// A provider's notice that a user cut the link to us, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnlinkNotice {
    /// Kakao shows our own admin key.
    Kakao {
        /// The header.
        authorization: Option<String>,
        /// Whose link.
        user_id: Option<String>,
    },
    /// Naver signs, and encrypts the user.
    Naver {
        /// Our app.
        client_id: Option<String>,
        /// Whose link.
        encrypted_id: Option<String>,
        /// Unix seconds.
        timestamp: Option<String>,
        /// Over the three.
        signature: Option<String>,
    },
}

impl UnlinkNotice {
    /// Who sent it.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Kakao { .. } => Provider::Kakao,
            Self::Naver { .. } => Provider::Naver,
        }
    }
}

/// The other end of links.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ProviderLinks: Send + Sync {
    /// Cuts a link: Google's and Naver's by the user's own `token`, Kakao's by our admin key. One that is cut already, or that
    /// nothing of ours can cut, is done.
    async fn cut<'a>(&self, provider: Provider, user_id: &str, token: Option<&'a SecretString>) -> Result<()>;
    /// Whose link a notice is about; why it is not to be believed. MUST compare secrets in constant time.
    fn verify(&self, notice: &UnlinkNotice, now: DateTime<Utc>) -> std::result::Result<String, &'static str>;
}
