//! A way to log in: what a provider says of a person, and its notice that the person cut the connection.

use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::account::Provider;
use crate::shared::Email;

/// What a provider says of the person who logged in.
#[derive(Debug, Clone)]
pub struct ProviderIdentity {
    /// Stable key of the person at that provider.
    pub user_id: String,
    /// Their e-mail, where the provider gives one that may be used at all.
    pub email: Option<Email>,
    /// Whether the provider vouches that the e-mail is theirs. Naver never does.
    pub vouched: bool,
    /// An e-mail that the provider shows and says is not verified: good for nothing but to ask whoever reads its mail.
    pub unverified_email: Option<Email>,
    /// What will cut the link one day, where the provider has no other way and gave one.
    pub unlink_token: Option<SecretString>,
}

/// Whether this can be a provider's key of a person: 1 to 255 bytes, without control characters and without what stands for unreadable
/// text, which two people might share.
pub fn is_user_id(text: &str) -> bool {
    (1..=255).contains(&text.len()) && !text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER)
}

/// The link of a deleted account at its provider, to be cut.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlink {
    /// Where the link is.
    pub provider: Provider,
    /// The provider's key of the person.
    pub user_id: String,
}

/// Without the person: a task that fails is logged.
impl fmt::Debug for Unlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unlink").field("provider", &self.provider).finish_non_exhaustive()
    }
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

/// A provider's notice that a user cut the link to us, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnlinkNotice {
    /// Kakao shows our own admin key.
    Kakao {
        /// The header `Authorization`, which must show our admin key.
        authorization: Option<String>,
        /// The person at Kakao.
        user_id: Option<String>,
    },
    /// Naver signs, and encrypts the user.
    Naver {
        /// Client id of our app at the provider.
        client_id: Option<String>,
        /// The person at Naver, encrypted with the client secret.
        encrypted_id: Option<String>,
        /// When it was signed, in Unix seconds.
        timestamp: Option<String>,
        /// HMAC over the three fields before.
        signature: Option<String>,
    },
}

impl UnlinkNotice {
    /// The provider that the notice claims to come from.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Kakao { .. } => Provider::Kakao,
            Self::Naver { .. } => Provider::Naver,
        }
    }
}
