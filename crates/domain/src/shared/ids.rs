//! Ids: opaque strings that sort by creation. Those of the Python service, whose data may have been brought over, are taken as well; they
//! sort by creation among themselves where their time comes first, and nothing depends on it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    clock::Ids,
    error::{Result, Rule},
};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $is_imported:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// Makes an id that sorts after all earlier ones of this process.
            pub fn generate(ids: &dyn Ids) -> Self {
                Self(format!("{}{}", $prefix, ids.ulid()))
            }

            /// An id from outside, of ours or of the Python service. `None` where none of them looks like that, so that nobody need ask the database.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?;
                let ours = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric());
                (text.len() <= 40 && (ours || $is_imported(rest))).then(|| Self(text.to_owned()))
            }

            /// An id that a store of ours gave back.
            pub fn trusted(text: String) -> Self {
                Self(text)
            }

            /// As it is stored and sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// `STR_…`; an imported one is `STR_{unix seconds}_{8 hex digits}`.
    StoreId,
    "STR_",
    is_time_and_digits
);
id!(
    /// `PRD_…`; an imported one is `PRD_{unix seconds}_{8 hex digits}`.
    ProductId,
    "PRD_",
    is_time_and_digits
);
id!(
    /// `RVW_…`.
    ReviewId,
    "RVW_",
    is_never
);
id!(
    /// `PAY…`, letters and digits, at most 40: some payment providers cut or refuse anything else. An imported one, which PortOne knows, is
    /// `PAY_{8 hex digits}_{unix seconds}`. Also the order's id.
    PaymentId,
    "PAY",
    is_digits_and_time
);

/// The Python service had none.
fn is_never(_: &str) -> bool {
    false
}

/// `{unix seconds}_{8 hex digits}`
fn is_time_and_digits(text: &str) -> bool {
    text.split_once('_').is_some_and(|(time, digits)| is_time(time) && is_eight_digits(digits))
}

/// `_{8 hex digits}_{unix seconds}`
fn is_digits_and_time(text: &str) -> bool {
    let parts = text.strip_prefix('_').and_then(|text| text.split_once('_'));
    parts.is_some_and(|(digits, time)| is_eight_digits(digits) && is_time(time))
}

fn is_time(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_eight_digits(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// An e-mail address, lower case; a user's name with us.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Email(String);

impl Email {
    /// Parses and lowers; providers vouch for the rest. What every mail server takes (RFC 5321 without quotes and without SMTPUTF8), since
    /// whoever cannot get our mails cannot buy.
    ///
    /// # Errors
    /// `bad_email` unless it is a local part of at most 64 letters, digits, dots between them and ``!#$%&'*+-/=?^_`{|}~``, one `@`, and
    /// a host name; at most 254 characters.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        let text = text.trim().to_lowercase();
        let atom = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b));
        let label = |part: &str| {
            let inner = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            matches!(part.len(), 1..=63) && inner && !part.starts_with('-') && !part.ends_with('-')
        };
        let (local, host) = text.split_once('@').unwrap_or_default();
        let fits = text.len() <= 254 && local.len() <= 64 && local.split('.').all(atom) && host.split('.').all(label);
        if fits { Ok(Self(text)) } else { Err(Rule { code: "bad_email", message: "이메일 형식이 올바르지 않습니다." }) }
    }

    /// An address that a store of ours gave back.
    pub fn trusted(text: String) -> Self {
        Self(text)
    }

    /// As it is stored and sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_from_outside_are_ours_or_nothing() {
        assert!(PaymentId::parse("PAY01K0000000000000000000000").is_some());
        for bad in ["", "PAY", "PAY_1", "PAY 1", "PAY\0", "STR_1", "pay1", &format!("PAY{}", "1".repeat(38))] {
            assert!(PaymentId::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn ids_of_the_python_service_are_taken_as_it_made_them() {
        assert!(PaymentId::parse("PAY_0a1b2c3d_1795485600").is_some());
        assert!(StoreId::parse("STR_1727000000_0a1b2c3d").is_some());
        assert!(ProductId::parse("PRD_1727000000_0A1B2C3D").is_some());
        for bad in [
            "PAY_1795485600_0a1b2c3d",
            "PAY_0a1b2c3_1795485600",
            "PAY_0a1b2c3g_1795485600",
            "PAY_0a1b2c3d_",
            "PAY_0a1b2c3d_17954856x0",
            "PAY_0a1b2c3d_1795485600_1",
            "PAY__0a1b2c3d_1795485600",
            &format!("PAY_0a1b2c3d_{}", "1".repeat(28)),
        ] {
            assert!(PaymentId::parse(bad).is_none(), "{bad:?}");
        }
        for bad in ["STR_0a1b2c3d_1727000000", "STR_1727000000_", "STR__0a1b2c3d", "STR_1727000000_0a1b2c3d_"] {
            assert!(StoreId::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn emails_are_lowered_and_have_two_sides() {
        assert_eq!(Email::parse(" A@Example.com ").unwrap().as_str(), "a@example.com");
        assert!(Email::parse("first.last+tag@mail.example").is_ok());
        let long = format!("{}@b", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a b@c",
            "a@b\0",
            "길동@example.com",
            "a@예시.kr",
            ".a@b",
            "a..b@c",
            "a.@b",
            "a@-b",
            "a@b..c",
            "a@b_c",
            "<a@b>",
            "\"a\"@b",
            "a,b@c",
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }
}
