//! A customer's profile.

use chrono::{DateTime, Utc};

use super::preference::{Preference, PreferenceKind};
use crate::shared::{
    Email, Result, Rule,
    text::{self, Text, typed},
};

const NICKNAME: Text = typed!("닉네임은", 1 to 7);

/// A nickname of 1–7 characters (contract, CustomerDetail).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nickname(String);

impl Nickname {
    /// # Errors
    /// - `too_short`: nothing, or nothing visible, or fewer characters than asked for.
    /// - `too_long`: more characters than allowed.
    /// - `bad_character`: a control character.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        NICKNAME.parse(text).map(Self)
    }

    /// As it is stored and sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A Korean mobile number of 11 digits (contract, CustomerDetail).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// # Errors
    /// `bad_phone`: not 11 digits.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        let text = text::normal(text);
        if text.len() == 11 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(Rule { code: "bad_phone", message: "전화번호는 숫자 11자리여야 합니다." })
        }
    }

    /// Digits only, without hyphens.
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
    /// The nickname to take; `None` leaves it.
    pub nickname: Option<Nickname>,
    /// The phone number to take; `None` leaves it.
    pub phone_number: Option<PhoneNumber>,
}

/// The detail as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerDetail {
    /// The customer whose profile it is.
    pub email: Email,
    /// Shown to stores and in reviews; 1–7 characters.
    pub nickname: String,
    /// Shown to the store of an order; 11 digits.
    pub phone_number: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Instant of the last change.
    pub updated_at: DateTime<Utc>,
}

/// All that a customer has told of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Nickname and phone number.
    pub detail: CustomerDetail,
    /// All kinds, in the order of creation.
    pub preferences: Vec<Preference>,
}
