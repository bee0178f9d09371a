//! A session, and what is known of one without the database.

use chrono::{DateTime, Duration, Utc};

use super::account::{Account, Role};
use crate::shared::Email;

/// What is known of a session without the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It was logged out: its token is refused, however long it would still live.
    Revoked,
    /// It was not, and this is its account: nothing has changed since it was read from the database.
    Remembered(Account),
    /// It was not, and the database must be asked for its account. The answer may be remembered under the version, if there is one.
    Unknown(Option<AccountVersion>),
}

/// How long a session may go on, however often its token is renewed: then the person logs in again.
pub const SESSION_LIFE: Duration = Duration::days(90);

/// A session that was logged out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// [`Session::id`]
    pub session_id: String,
    /// When the last token of it has ended.
    pub until: DateTime<Utc>,
}

/// Stands for what an account was at one time, and means nothing else: each change of the account makes another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountVersion(pub u64);

/// A verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Stays the same through renewals, so that one logout ends them all.
    pub id: String,
    /// Who is signed in: a customer or a seller.
    pub email: Email,
    /// The app that the account was made for; never changes.
    pub role: Role,
    /// When its account was made, in Unix milliseconds.
    pub account: i64,
    /// [`Account::generation`] when the token was signed.
    pub generation: i64,
    /// When the person logged in.
    pub began_at: DateTime<Utc>,
    /// End of this token, at the latest [`Session::ends_at`].
    pub expires_at: DateTime<Utc>,
    /// Whether its cookie crosses sites.
    pub cross_site: bool,
}

impl Session {
    /// When no token of it is good any more.
    pub fn ends_at(&self) -> DateTime<Utc> {
        self.began_at + SESSION_LIFE
    }

    /// Whether the account is the one that the token was made for, not another of the same e-mail, and has not ended this session with
    /// all others since.
    pub(in crate::users) fn is_of(&self, account: &Account) -> bool {
        let goes_on = self.generation == account.generation || account.kept_session.as_ref() == Some(&self.id);
        self.role == account.role && self.account == account.created_at.timestamp_millis() && goes_on
    }
}

/// A token just signed, for a session that begins or goes on.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The JWT.
    pub token: String,
    /// How long it is good.
    pub life: Duration,
    /// Whether its cookie crosses sites: SameSite=None instead of Lax.
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
    pub renewal: Option<NewToken>,
}
