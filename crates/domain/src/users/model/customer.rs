//! A customer's profile.

use chrono::{DateTime, Utc};

use super::preference::{Preference, PreferenceKind};
use crate::shared::{Email, Result, Rule, text};

/// 1–7 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nickname(String);

impl Nickname {
    /// # Errors
    /// `too_short`, `too_long`, `bad_character`.
    pub fn parse(text: &str) -> Result<Self, Rule> {
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
    pub fn parse(text: &str) -> Result<Self, Rule> {
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
