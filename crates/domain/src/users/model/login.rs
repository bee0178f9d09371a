//! A login on its way to the provider and back.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    account::{Account, Provider, RegistrationStatus, Role},
    takeover::TakeoverSecrets,
};
use crate::shared::Error;

/// A login between the redirect to the provider and the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingLogin {
    /// Where the person was sent.
    pub provider: Provider,
    /// Which app asked.
    pub role: Role,
    /// Secret that only this browser has (in its cookie).
    pub browser: String,
    /// PKCE verifier; also sent where the provider does not check it, never logged.
    pub verifier: String,
    /// OpenID Connect nonce.
    pub nonce: String,
    /// Come back to the local front end (`state=1004`, development only).
    pub local: bool,
    /// Somebody who runs the service logs in: neither account nor app is behind it.
    #[serde(default)]
    pub operator: bool,
}

/// The caller's `state` that means "come back to the local front end".
pub const LOCAL_STATE: &str = "1004";

/// Where to send the browser, and what to give it.
#[derive(Debug)]
pub struct LoginStart {
    /// The provider's page.
    pub authorize_url: String,
    /// Names this login; the way back brings it too.
    pub state: String,
    /// Secret for the browser's cookie; the way back must bring it.
    pub browser: String,
}

/// What comes back with the browser.
#[derive(Debug)]
pub struct Callback {
    /// Whose callback path was called.
    pub provider: Provider,
    /// Which role the path named.
    pub role: Role,
    /// The provider's code, unless it refused.
    pub code: Option<SecretString>,
    /// Our state.
    pub state: Option<String>,
    /// The provider's `error`.
    pub error: Option<String>,
    /// The secret from the browser's cookie.
    pub browser: Option<String>,
}

/// A person who is in.
#[derive(Debug)]
pub struct SignedIn {
    /// The account, in its own role.
    pub account: Account,
    /// How far its registration has come.
    pub status: RegistrationStatus,
    /// The account's role is not the one asked for.
    pub conflict: bool,
    /// Come back to the local front end.
    pub local: bool,
}

/// A failed login, and where to tell it.
#[derive(Debug)]
pub struct SignInFailure {
    /// Why.
    pub error: Error,
    /// Come back to the local front end.
    pub local: bool,
    /// `email_in_use` by an account that was never vouched for: what the browser needs to follow the link that is mailed.
    pub takeover: Option<TakeoverSecrets>,
}
