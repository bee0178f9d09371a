//! One field that finds anything.

use serde::Deserialize;

use crate::shared::{Email, PaymentId, StoreId};

/// As many as one page shows.
pub const FOUND_AT_ONCE: i64 = 30;

/// What somebody has typed, by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// A payment, and so an order.
    Payment(PaymentId),
    /// A store by its id.
    Store(StoreId),
    /// A person.
    Email(Email),
    /// What a request with this id did.
    Request(String),
    /// The last digits of a phone number, four of them.
    Phone(String),
    /// Part of a store's name.
    Name(String),
}

impl Sought {
    /// What this can be. `None`: too little to look for.
    pub fn parse(typed: &str) -> Option<Self> {
        let text = typed.trim();
        let is_ulid = text.len() == 26 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        let are_digits = digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit());
        if let Some(payment) = PaymentId::parse(text) {
            Some(Self::Payment(payment))
        } else if let Some(store) = StoreId::parse(text) {
            Some(Self::Store(store))
        } else if let Ok(email) = Email::parse(text) {
            Some(Self::Email(email))
        } else if is_ulid {
            Some(Self::Request(text.to_ascii_uppercase()))
        } else if are_digits {
            digits.get(digits.len() - 4..).map(|end| Self::Phone(end.to_owned()))
        } else {
            let fits = (2..=50).contains(&text.chars().count()) && !text.chars().any(char::is_control);
            fits.then(|| Self::Name(text.to_owned()))
        }
    }
}

/// What something that was found is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundKind {
    /// A payment, and the order it may have become.
    Payment,
    /// A store.
    Store,
    /// A customer's account.
    Customer,
    /// A seller's account.
    Seller,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Found {
    /// What it is.
    pub kind: FoundKind,
    /// Its id, or e-mail.
    pub id: String,
    /// What tells it from others of its kind.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_what_is_sought() {
        let payment = "PAY01K0000000000000000000000";
        for (typed, sought) in [
            (format!(" {payment} "), Some(Sought::Payment(PaymentId::parse(payment).unwrap()))),
            ("STR_1".into(), Some(Sought::Store(StoreId::parse("STR_1").unwrap()))),
            ("A@b".into(), Some(Sought::Email(Email::parse("a@b").unwrap()))),
            ("01k0000000000000000000000z".into(), Some(Sought::Request("01K0000000000000000000000Z".into()))),
            ("010-1234-5678".into(), Some(Sought::Phone("5678".into()))),
            ("5678".into(), Some(Sought::Phone("5678".into()))),
            ("새봄".into(), Some(Sought::Name("새봄".into()))),
            ("새".into(), None),
            ("567".into(), Some(Sought::Name("567".into()))),
            (String::new(), None),
            ("a\u{0}b".into(), None),
            ("가".repeat(51), None),
        ] {
            assert_eq!(Sought::parse(&typed), sought, "{typed:?}");
        }
    }
}
