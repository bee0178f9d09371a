//! The way to a provider and back, whoever goes it: a customer, a seller, or somebody who runs the service.

use std::sync::Arc;

use chrono::Duration;

use super::{
    error,
    model::{
        account::{Provider, Role},
        identity::{ProviderError, ProviderIdentity},
        login::{Callback, LoginStart, PendingLogin},
    },
    ports::{IdentityProviders, Sessions},
};
use crate::shared::{Clock, Error, Ids, Refusal, Result, can_be_secret};

/// A login lasts at most this long.
const LOGIN_LIFE: Duration = Duration::minutes(10);

/// Begins the `state` of operators' logins: they come back to the same addresses as customers', which are registered at the providers.
pub const OPERATOR_STATE: &str = "operator-";

/// Who logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFor {
    /// A person, in one of the apps.
    App {
        /// Which app.
        role: Role,
        /// Come back to the local front end.
        local: bool,
    },
    /// Somebody who runs the service.
    Operator,
}

/// Logins under way.
pub struct LoginFlow {
    providers: Arc<dyn IdentityProviders>,
    sessions: Arc<dyn Sessions>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl LoginFlow {
    /// Builds it on its ports.
    pub fn new(providers: Arc<dyn IdentityProviders>, sessions: Arc<dyn Sessions>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { providers, sessions, clock, ids }
    }

    /// Where to send the browser, and what to give it.
    ///
    /// # Errors
    /// Unavailable: nobody keeps the login.
    pub async fn begin(&self, who: LoginFor, provider: Provider) -> Result<LoginStart> {
        let (role, local, prefix) = match who {
            LoginFor::App { role, local } => (role, local, ""),
            LoginFor::Operator => (Role::Customer, false, OPERATOR_STATE),
        };
        let [browser, verifier, nonce] = std::array::from_fn(|_| self.ids.secret());
        let login = PendingLogin { provider, role, browser, verifier, nonce, local, operator: who == LoginFor::Operator };
        let state = format!("{prefix}{}", self.ids.secret());
        let now = self.clock.now();
        self.sessions.begin_login(&state, &login, now, now + LOGIN_LIFE).await?;
        Ok(LoginStart { authorize_url: self.providers.authorize_url(&state, &login), state, browser: login.browser })
    }

    /// The login that a browser comes back with, used up by this.
    ///
    /// # Errors
    /// `login_state_invalid`: unknown, used, too old, of another browser, or an operator's where it is an app's and the other way round.
    pub async fn take(&self, callback: &Callback, operator: bool) -> Result<PendingLogin> {
        const BAD: Refusal = error::LOGIN_STATE_INVALID;
        let state = callback.state.as_deref().filter(|state| can_be_secret(state)).ok_or(BAD)?;
        let login = self.sessions.take_login(state, self.clock.now()).await?.ok_or(BAD)?;
        let same_browser = callback.browser.as_deref() == Some(login.browser.as_str());
        let same_way = login.provider == callback.provider && login.role == callback.role && login.operator == operator;
        if same_browser && same_way { Ok(login) } else { Err(BAD.into()) }
    }

    /// What the provider says of the person.
    ///
    /// # Errors
    /// `provider_refused`: the person or the provider said no. Unavailable: the provider does not answer in time.
    pub async fn identity(&self, callback: &Callback, login: &PendingLogin) -> Result<ProviderIdentity> {
        if let Some(error) = callback.error.as_deref().filter(|error| !is_a_persons(error)) {
            // Its words may be anything; its code is one of a few.
            let error: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
            tracing::warn!(provider = login.provider.as_str(), error, "a login came back with an error");
        }
        let (None, Some(code), Some(state)) = (&callback.error, &callback.code, callback.state.as_deref()) else {
            return Err(error::PROVIDER_REFUSED.into());
        };
        self.providers.identity(login, state, code).await.map_err(|e| match e {
            ProviderError::Refused(..) => {
                tracing::warn!(error = %e, "login refused by the provider");
                Error::from(error::PROVIDER_REFUSED)
            }
            ProviderError::Unavailable(provider, _) => Error::unavailable(provider.as_str(), e),
        })
    }
}

/// What a provider answers for a person who pressed "deny" or did not log in: no fault of anybody's.
fn is_a_persons(error: &str) -> bool {
    matches!(error, "access_denied" | "login_required" | "consent_required" | "interaction_required" | "account_selection_required")
}
