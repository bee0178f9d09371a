//! A session, and what is known of one without the database.

use chrono::{DateTime, Utc};

use super::account::{Account, Role};
use crate::shared::Email;

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

/// A verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Stays the same through renewals, so that one logout ends them all.
    pub id: String,
    /// The customer whose profile it is.
    pub email: Email,
    /// The app that the account was made for; never changes.
    pub role: Role,
    /// When its account was made, in Unix milliseconds.
    pub account: i64,
    /// End of this token.
    pub expires_at: DateTime<Utc>,
    /// Whether its cookie crosses sites.
    pub cross_site: bool,
}

impl Session {
    /// Whether the account is the one that the token was made for, not another of the same e-mail.
    pub(in crate::users) fn is_of(&self, account: &Account) -> bool {
        self.role == account.role && self.account == account.created_at.timestamp_millis()
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
