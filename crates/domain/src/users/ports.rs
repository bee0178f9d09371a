//! What this feature needs from outside.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::Value;

use super::model::{
    account::{Account, AccountStatus, Deactivation, Erasure, IdentityAdded, Provider, Role, Unfinished},
    customer::{CustomerDetail, DetailChange, NewProfile, Profile},
    identity::{ProviderError, ProviderIdentity, UnlinkNotice},
    login::PendingLogin,
    preference::{Preference, PreferenceKind, PreferencesAdded},
    session::{AccountVersion, Look, Revocation},
    takeover::{TakenOver, Takeover, TakeoverSecrets},
};
use crate::shared::{Email, Result};

/// Accounts and the identities that lead to them.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account of this e-mail and how far its registration has come. `None`: there is none.
    async fn find(&self, email: &Email) -> Result<Option<AccountStatus>>;
    /// The account that this identity leads to, also while it is cut.
    async fn find_by_identity(&self, provider: Provider, user_id: &str) -> Result<Option<Account>>;
    /// Makes the account and its first identity, both or neither. `false`, and nothing made, where the e-mail or the
    /// identity is taken meanwhile.
    async fn create(&self, account: &Account, provider: Provider, user_id: &str) -> Result<bool>;
    /// Adds an identity to an account that has no other one of this provider. Of two calls at once at most one MUST add one of a provider.
    async fn add_identity(&self, email: &Email, provider: Provider, user_id: &str, at: DateTime<Utc>) -> Result<IdentityAdded>;
    /// Adds the first identity to an account that [`Account::is_unclaimed`], whose e-mail is vouched for from now on, and ends all sessions of
    /// it; all or nothing. Of two calls at once exactly one MUST be [`IdentityAdded::Added`]; where the account is claimed, or the identity
    /// leads to another, it is [`IdentityAdded::Taken`].
    async fn claim(&self, email: &Email, provider: Provider, user_id: &str, at: DateTime<Utc>) -> Result<IdentityAdded>;
    /// Makes an account inactive, and its store sell nothing, all or nothing; unless a customer's or the store's order is in
    /// `reservation` or `accept`, or a customer holds stock for a payment at `now`. A payment of the store that
    /// arrives at the same moment MUST either be seen or become no order.
    async fn deactivate(&self, email: &Email, now: DateTime<Utc>) -> Result<Deactivation>;
    /// Marks an identity as cut by its owner; it stays its account's. `false`: there is none that is not cut.
    async fn cut_identity(&self, provider: Provider, user_id: &str, at: DateTime<Utc>) -> Result<bool>;
    /// Undoes [`Accounts::cut_identity`]; does nothing where nothing is cut.
    async fn restore_identity(&self, provider: Provider, user_id: &str) -> Result<()>;
    /// Deletes an inactive account with all that belongs to it; what is kept of orders, payments and the audit log bears the
    /// pseudonym. The store's pictures go as tasks committed with it, and so is what [`Accounts::unfinished`] gives. All or nothing,
    /// and nothing while money may still have to move: an open order, a payment that is watched, a refund that is not done, a dispute
    /// that is not decided, an order
    /// of a day before `today` that waits for the archive.
    async fn erase(&self, email: &Email, pseudonym: &Email, today: NaiveDate, now: DateTime<Utc>) -> Result<Erasure>;
    /// Deletions that other stores may not know of yet, the oldest first, whoever has those e-mails by now.
    async fn unfinished(&self, limit: i64) -> Result<Vec<Unfinished>>;
    /// Forgets a deletion that every store knows of.
    async fn finish(&self, pseudonym: &Email) -> Result<()>;
    /// Undoes [`Accounts::deactivate`], and ends all sessions but this one: they were closed with the account, and do not come back
    /// with it. `false`: the account was active.
    async fn reactivate(&self, email: &Email, session_id: &str) -> Result<bool>;
    /// Ends all sessions of the account: from its return [`Accounts::find`] MUST give the next generation.
    async fn end_sessions(&self, email: &Email) -> Result<()>;
}

/// Requests to be deleted. A request counts only where the account is inactive as well: that is written after it, and undone
/// before it.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Withdrawals: Send + Sync {
    /// Stores the request of an account that was made at `since`; an earlier one of it stays as it is, one of an account that had the
    /// e-mail before goes.
    async fn request(&self, email: &Email, role: Role, since: DateTime<Utc>, at: DateTime<Utc>) -> Result<()>;
    /// When the account asked.
    async fn requested_at(&self, email: &Email) -> Result<Option<DateTime<Utc>>>;
    /// Who asked before `before`, by e-mail after `after`, up to `limit`.
    async fn requested_before<'a>(&self, before: DateTime<Utc>, after: Option<&'a Email>, limit: i64) -> Result<Vec<Email>>;
    /// Forgets the request, if there is one.
    async fn cancel(&self, email: &Email) -> Result<()>;
    /// Forgets the request if it was made before `before`.
    async fn forget(&self, email: &Email, before: DateTime<Utc>) -> Result<()>;
}

/// Takeovers under way (see [`Takeover`]). Implementations MUST keep no secret of theirs but for the mail that is to be sent.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Takeovers: Send + Sync {
    /// Keeps it until `until`, in the place of an earlier one of the same person, and enqueues its mail, both or neither.
    async fn begin(&self, takeover: &Takeover, secrets: &TakeoverSecrets, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
    /// Whether the link with this token is still good.
    async fn is_open(&self, token: &str, now: DateTime<Utc>) -> Result<bool>;
    /// Makes the account theirs: vouched for, with their identity alone and none of its sessions; the others' identities are to be unlinked
    /// by tasks committed with it. It is made anew at `now` at the earliest, unless it was brought over: then it stays what it is. All or
    /// nothing, and of two calls at once exactly one. `None`: unknown, used, too old, of another browser (which MUST not use it up), or the
    /// account is another by now, or vouched for.
    async fn complete(&self, token: &str, browser: &str, now: DateTime<Utc>) -> Result<Option<TakenOver>>;
}

/// The tokens that will cut links (see [`ProviderIdentity::unlink_token`]). They MUST outlive their account, and be sealed at rest.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait UnlinkTokens: Send + Sync {
    /// Keeps a user's token instead of an earlier one.
    async fn keep(&self, provider: Provider, user_id: &str, token: &SecretString, at: DateTime<Utc>) -> Result<()>;
    /// The user's token.
    async fn token(&self, provider: Provider, user_id: &str) -> Result<Option<SecretString>>;
    /// Forgets it, if there is one.
    async fn forget(&self, provider: Provider, user_id: &str) -> Result<()>;
}

/// Exports under way. Implementations MUST keep no secret of theirs but for the mail that is to be sent.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Exports: Send + Sync {
    /// Keeps the link's `token` until `until`, in the place of an earlier one of this account, and enqueues its mail, both or neither; where
    /// the account has asked for one less than `again_after` ago, nothing is done.
    async fn begin(&self, account: &Account, token: &str, now: DateTime<Utc>, until: DateTime<Utc>, again_after: TimeDelta) -> Result<()>;
    /// Whose the link with this token is. `None`: it is good no more, or its account is another by now.
    async fn owner(&self, token: &str, now: DateTime<Utc>) -> Result<Option<Account>>;
    /// All that is kept beside the accounts, table by table, without secrets; of what they did to others' payments the newest
    /// `most_acts`. `None`: there is no such account.
    async fn rows(&self, email: &Email, most_acts: i64) -> Result<Option<Value>>;
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
    /// Adds words, all or nothing.
    async fn add_preferences(
        &self,
        email: &Email,
        kind: PreferenceKind,
        words: &[&'static str],
        at: DateTime<Utc>,
    ) -> Result<PreferencesAdded>;
    /// `false`: the word is not there.
    async fn remove_preference(&self, email: &Email, kind: PreferenceKind, word: &str) -> Result<bool>;
}

/// Logouts, logins under way, and what is remembered of accounts so that not each request asks the database.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Sessions: Send + Sync {
    /// From its return until `until` at least, [`Sessions::look`] MUST find this session [`Look::Revoked`], in every process.
    async fn revoke(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
    /// Whether the session was revoked, and the account of its e-mail where it is remembered. Every request asks.
    async fn look(&self, session_id: &str, email: &Email, now: DateTime<Utc>) -> Result<Look>;
    /// Remembers an account, read from the database after the look that gave the version, for a minute at most. MUST come to nothing
    /// where [`Sessions::forget`] was called after that look. May do nothing at all.
    fn remember(&self, account: &Account, version: AccountVersion);
    /// Forgets an account in every process before it returns: called after each change of it, before anybody hears of the change.
    async fn forget(&self, email: &Email) -> Result<()>;
    /// Keeps a login under way until `until`.
    async fn begin_login(&self, state: &str, login: &PendingLogin, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
    /// Gives the login and forgets it: of two calls at once exactly one MUST get it. `None`: unknown, used or too old.
    async fn take_login(&self, state: &str, now: DateTime<Utc>) -> Result<Option<PendingLogin>>;
}

/// Logouts for good: what answers for [`Sessions`] may lose its memory, this MUST NOT.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Revocations: Send + Sync {
    /// Keeps that a session was revoked until `until`; what was kept until `now` or less may go. A second call MUST NOT shorten it.
    async fn record(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
    /// Whether it is revoked at `now`.
    async fn is_recorded(&self, session_id: &str, now: DateTime<Utc>) -> Result<bool>;
    /// Those revoked at `now`, by id after `after`, up to `limit`.
    async fn recorded<'a>(&self, now: DateTime<Utc>, after: Option<&'a str>, limit: i64) -> Result<Vec<Revocation>>;
}

/// Sessions that began at the Python service and go on here.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ImportedSessions: Send + Sync {
    /// Keeps until `until` at least that the session goes on here since `now`, unless that is kept already; gives the instant that is kept.
    /// MUST survive a death, and give all calls the same.
    async fn begin(&self, session_id: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<DateTime<Utc>>;
}

/// Connections that stay open, by account, in all processes together.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Streams: Send + Sync {
    /// Takes a place for this stream, unless the account has `most` of them: then it is `false`. Of any number at once no more MUST get one.
    /// A place MUST be free again after `lease`, in the part's own time: the process that took it may have died.
    async fn open(&self, account: &Email, stream: &str, most: usize, lease: Duration) -> Result<bool>;
    /// The stream is open still: its place is taken for so long from now, also where the part has forgotten it.
    async fn extend(&self, account: &Email, stream: &str, lease: Duration) -> Result<()>;
    /// Gives the place back.
    async fn close(&self, account: &Email, stream: &str) -> Result<()>;
}

/// The three OAuth providers.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait IdentityProviders: Send + Sync {
    /// Where to send the browser.
    fn authorize_url(&self, state: &str, login: &PendingLogin) -> String;
    /// Redeems the code. MUST NOT follow redirects, MUST fail after 10 s.
    async fn identity(&self, login: &PendingLogin, state: &str, code: &SecretString) -> Result<ProviderIdentity, ProviderError>;
}

/// The other end of links.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ProviderUnlink: Send + Sync {
    /// Cuts a link: Google's and Naver's by the user's own `token`, Kakao's by our admin key. One that is cut already, or that
    /// nothing of ours can cut, is done.
    async fn cut<'a>(&self, provider: Provider, user_id: &str, token: Option<&'a SecretString>) -> Result<()>;
    /// Whose link a notice is about; why it is not to be believed. MUST compare secrets in constant time.
    fn verify(&self, notice: &UnlinkNotice, now: DateTime<Utc>) -> Result<String, &'static str>;
}

/// What keeps a seller from leaving. The feature `stores` knows.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Storefront: Send + Sync {
    /// Whether the seller has a store that is open now.
    async fn is_open(&self, seller: &Email) -> Result<bool>;
}

/// What other features keep of a person in stores of their own, apart from the rows that [`Accounts::erase`] changes.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait PersonalData: Send + Sync {
    /// Deletes what was kept before the account was deleted, or puts the pseudonym in the place of its e-mail. What is younger is of
    /// somebody who has come since and MUST stay. MUST be safe to run again.
    async fn erase(&self, deleted: &Unfinished) -> Result<()>;
    /// What is kept of them, and its name in their export.
    async fn export(&self, account: &Account) -> Result<(&'static str, Value)>;
}
