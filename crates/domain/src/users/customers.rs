//! Customers' profiles.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    error,
    ports::Customers,
    preference::{Preference, PreferenceKind},
};
use crate::shared::{Clock, Email, Error, Result, Rule, text};

/// 1–7 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nickname(String);

impl Nickname {
    /// # Errors
    /// `too_short`, `too_long`, `bad_character`.
    pub fn parse(text: &str) -> std::result::Result<Self, Rule> {
        text::bounded(text, 1, 7).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 11 digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// # Errors
    /// `bad_phone`.
    pub fn parse(text: &str) -> std::result::Result<Self, Rule> {
        if text.len() == 11 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Rule { code: "bad_phone", message: "전화번호는 숫자 11자리여야 합니다." })
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A profile to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// Name shown to stores.
    pub nickname: Nickname,
    /// For the store to call.
    pub phone_number: PhoneNumber,
    /// Words of each kind, each once.
    pub preferences: Vec<(PreferenceKind, &'static str)>,
}

/// Fields to change; `None` leaves one as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DetailChange {
    /// New nickname.
    pub nickname: Option<Nickname>,
    /// New phone number.
    pub phone_number: Option<PhoneNumber>,
}

/// The detail as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerDetail {
    /// Whose.
    pub email: Email,
    /// 1–7 characters.
    pub nickname: String,
    /// 11 digits.
    pub phone_number: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// Detail and preferences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The detail.
    pub detail: CustomerDetail,
    /// All kinds, in the order of creation.
    pub preferences: Vec<Preference>,
}

/// Use cases of a customer's profile.
pub struct CustomerService {
    customers: Arc<dyn Customers>,
    clock: Arc<dyn Clock>,
}

impl CustomerService {
    /// Wires the service.
    pub fn new(customers: Arc<dyn Customers>, clock: Arc<dyn Clock>) -> Self {
        Self { customers, clock }
    }

    /// Stores the profile.
    ///
    /// # Errors
    /// `already_registered`.
    pub async fn register(&self, email: &Email, profile: &NewProfile) -> Result<Profile> {
        if !self.customers.register(email, profile, self.clock.now()).await? {
            return Err(error::ALREADY_REGISTERED.into());
        }
        self.customers.profile(email).await?.ok_or_else(|| Error::internal("profile vanished after its registration"))
    }

    /// The whole profile.
    ///
    /// # Errors
    /// `profile_not_found`.
    pub async fn profile(&self, email: &Email) -> Result<Profile> {
        Ok(self.customers.profile(email).await?.ok_or(error::PROFILE_NOT_FOUND)?)
    }

    /// Nickname and phone number.
    ///
    /// # Errors
    /// `profile_not_found`.
    pub async fn detail(&self, email: &Email) -> Result<CustomerDetail> {
        Ok(self.customers.detail(email).await?.ok_or(error::PROFILE_NOT_FOUND)?)
    }

    /// Changes what is given.
    ///
    /// # Errors
    /// `nothing_to_change`, `profile_not_found`.
    pub async fn change_detail(&self, email: &Email, change: &DetailChange) -> Result<CustomerDetail> {
        if *change == DetailChange::default() {
            return Err(error::NOTHING_TO_CHANGE.into());
        }
        let changed = self.customers.change_detail(email, change, self.clock.now()).await?;
        Ok(changed.ok_or(error::PROFILE_NOT_FOUND)?)
    }

    /// The words of one kind, in the order of their creation.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn preferences(&self, email: &Email, kind: PreferenceKind) -> Result<Vec<Preference>> {
        self.customers.preferences(email, kind).await
    }

    /// Adds words of one kind; gives the whole list.
    ///
    /// # Errors
    /// `profile_not_found`, `preference_exists`.
    pub async fn add_preferences(&self, email: &Email, kind: PreferenceKind, words: &[&'static str]) -> Result<Vec<Preference>> {
        match self.customers.add_preferences(email, kind, words, self.clock.now()).await? {
            None => Err(error::PROFILE_NOT_FOUND.into()),
            Some(false) => Err(error::PREFERENCE_EXISTS.into()),
            Some(true) => self.preferences(email, kind).await,
        }
    }

    /// Takes a word away.
    ///
    /// # Errors
    /// `preference_not_found`.
    pub async fn remove_preference(&self, email: &Email, kind: PreferenceKind, word: &str) -> Result<()> {
        if self.customers.remove_preference(email, kind, word).await? { Ok(()) } else { Err(error::PREFERENCE_NOT_FOUND.into()) }
    }
}
