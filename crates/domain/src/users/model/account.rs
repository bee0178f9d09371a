//! Who someone is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::shared::Email;

/// Which of the two apps an account belongs to. Fixed at the first login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Uses the customer app: searches, pays, collects.
    Customer,
    /// Sells, in one store.
    Seller,
}

impl Role {
    /// The word in paths, tokens and rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Self::as_str`] writes. `None`: no such word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Nickname and phone number of a deleted account.
pub const NOBODY: (&str, &str) = ("탈퇴회원", "00000000000");

/// An OAuth provider that vouches for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case")]
pub enum Provider {
    /// OpenID Connect with PKCE.
    Google,
    /// OAuth 2 with PKCE.
    Kakao,
    /// OAuth 2, no PKCE, an e-mail that nobody vouches for.
    Naver,
}

impl Provider {
    /// Every provider, in the order of the login page.
    pub const ALL: [Self; 3] = [Self::Google, Self::Kakao, Self::Naver];

    /// The word in paths and rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads what [`Self::as_str`] writes. `None`: no such word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// An account as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name with us.
    pub email: Email,
    /// The app that the account was made for; never changes.
    pub role: Role,
    /// `false` from the request to withdraw until the deletion or its cancellation.
    pub is_active: bool,
    /// Whether a provider has proved that the e-mail is this person's. Only such an account may be linked by e-mail.
    pub email_vouched: bool,
    /// Instant of the first login.
    pub created_at: DateTime<Utc>,
    /// How often all of its sessions were ended at once: a token of an earlier number is refused.
    pub generation: i64,
    /// The one session that went on when that was done last ([`Session::id`](super::session::Session::id)).
    pub kept_session: Option<String>,
    /// When it was brought over from the Python service, which knew people by e-mail alone. `None`: it was made here.
    pub imported_at: Option<DateTime<Utc>>,
}

impl Account {
    /// One that is made at its first login.
    pub fn new(email: Email, role: Role, email_vouched: bool, created_at: DateTime<Utc>) -> Self {
        Self { email, role, is_active: true, email_vouched, created_at, generation: 0, kept_session: None, imported_at: None }
    }

    /// Whether it was brought over, and nobody has shown yet that its e-mail is theirs: no identity leads to it.
    pub fn is_unclaimed(&self) -> bool {
        self.imported_at.is_some() && !self.email_vouched
    }

    /// Whether sessions that began at the Python service may go on here: until somebody ends all sessions of the account, which whoever
    /// claims it does as well.
    pub(in crate::users) fn keeps_imported_sessions(&self) -> bool {
        self.imported_at.is_some() && self.generation == 0
    }
}

/// What an account has registered so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registered {
    /// A customer's nickname and phone number.
    pub profile: bool,
    /// A seller's store.
    pub store: bool,
    /// A product in that store.
    pub product: bool,
}

/// How far the registration has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case")]
pub enum RegistrationStatus {
    /// A customer without a profile.
    Profile,
    /// A seller without a store.
    Store,
    /// A seller whose store has no product.
    Product,
    /// The registration is done.
    Complete,
}

impl RegistrationStatus {
    /// How far an account of this role has come that has registered these.
    pub fn of(role: Role, registered: Registered) -> Self {
        match (role, registered) {
            (Role::Customer, Registered { profile: false, .. }) => Self::Profile,
            (Role::Seller, Registered { store: false, .. }) => Self::Store,
            (Role::Seller, Registered { product: false, .. }) => Self::Product,
            (Role::Customer | Role::Seller, _) => Self::Complete,
        }
    }

    /// The word in the contract.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a port can tell of an account in one read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStatus {
    /// The account as the database has it.
    pub account: Account,
    /// How far its registration has come.
    pub status: RegistrationStatus,
}

/// What deleting an account came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// It is gone, or was.
    Gone,
    /// The account is active: nothing was deleted.
    Active,
    /// Money may still have to move.
    Waits,
}

/// A deleted account that other stores may still know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Its e-mail; somebody else may have it by now.
    pub email: Email,
    /// What stands in the e-mail's place from now on.
    pub pseudonym: Email,
    /// When it was deleted.
    pub erased_at: DateTime<Utc>,
}

/// What adding an identity to an account came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityAdded {
    /// It leads there from now on.
    Added,
    /// It leads to some account already.
    Taken,
    /// The account has another one of that provider: the e-mail address has changed hands.
    Another,
}

/// What making an account inactive came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deactivation {
    /// It is inactive now.
    Done,
    /// Somebody has asked for the deletion before.
    WasInactive,
    /// An order is in progress.
    OrderInProgress,
}

/// What the deletion came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Accounts that are gone.
    pub gone: usize,
    /// Accounts that wait for the next rollover: money may still have to move.
    pub waiting: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_step_of_a_registration_is_the_roles_own() {
        let (nothing, all) = (Registered::default(), Registered { profile: true, store: true, product: true });
        let customer = |registered| RegistrationStatus::of(Role::Customer, registered);
        assert_eq!(customer(Registered { profile: false, ..all }), RegistrationStatus::Profile);
        assert_eq!(customer(Registered { profile: true, ..nothing }), RegistrationStatus::Complete);
        let seller = |registered| RegistrationStatus::of(Role::Seller, registered);
        assert_eq!(seller(Registered { profile: true, ..nothing }), RegistrationStatus::Store);
        assert_eq!(seller(Registered { store: true, ..nothing }), RegistrationStatus::Product);
        assert_eq!(seller(Registered { profile: false, ..all }), RegistrationStatus::Complete);
    }
}
