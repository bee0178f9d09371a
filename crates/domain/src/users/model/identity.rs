//! A way to log in: what a provider says of a person, and its notice that the person cut the connection.

use secrecy::SecretString;

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
    /// What will cut the link one day, where the provider has no other way and gave one.
    pub unlink_token: Option<SecretString>,
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
        /// The header.
        authorization: Option<String>,
        /// Whose link.
        user_id: Option<String>,
    },
    /// Naver signs, and encrypts the user.
    Naver {
        /// Our app.
        client_id: Option<String>,
        /// Whose link.
        encrypted_id: Option<String>,
        /// Unix seconds.
        timestamp: Option<String>,
        /// Over the three.
        signature: Option<String>,
    },
}

impl UnlinkNotice {
    /// Who sent it.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Kakao { .. } => Provider::Kakao,
            Self::Naver { .. } => Provider::Naver,
        }
    }
}
