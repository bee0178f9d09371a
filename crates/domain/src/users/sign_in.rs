//! From a provider's word to an account (contract, Auth). Identity is (provider, its user id); an e-mail links only
//! where it is vouched for on both sides.

use std::sync::Arc;

use chrono::Duration;

use super::{
    error,
    model::{
        account::{Account, IdentityAdded, Provider, Role},
        identity::{ProviderError, ProviderIdentity},
        login::{Callback, LoginStart, PendingLogin, SignInFailure, SignedIn},
        takeover::{Takeover, TakeoverSecrets},
    },
    ports::{Accounts, IdentityProviders, Sessions, UnlinkTokens},
    take_over::TakeoverService,
};
use crate::shared::{Clock, Error, Ids, Refusal, Result};

/// A login lasts at most this long.
const LOGIN_LIFE: Duration = Duration::minutes(10);

/// Use cases of logging in.
pub struct SignInService {
    providers: Arc<dyn IdentityProviders>,
    accounts: Arc<dyn Accounts>,
    unlink_tokens: Arc<dyn UnlinkTokens>,
    sessions: Arc<dyn Sessions>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    takeovers: Arc<TakeoverService>,
}

/// Why nobody is in, and how they may get in after all.
struct NotIn {
    error: Error,
    takeover: Option<TakeoverSecrets>,
}

impl<E: Into<Error>> From<E> for NotIn {
    fn from(error: E) -> Self {
        Self { error: error.into(), takeover: None }
    }
}

impl SignInService {
    /// Builds the use cases on their ports.
    pub fn new(
        providers: Arc<dyn IdentityProviders>,
        accounts: Arc<dyn Accounts>,
        unlink_tokens: Arc<dyn UnlinkTokens>,
        sessions: Arc<dyn Sessions>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        takeovers: Arc<TakeoverService>,
    ) -> Self {
        Self { providers, accounts, unlink_tokens, sessions, clock, ids, takeovers }
    }

    /// Starts a login.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn start(&self, provider: Provider, role: Role, local: bool) -> Result<LoginStart> {
        let login =
            PendingLogin { provider, role, browser: self.ids.secret(), verifier: self.ids.secret(), nonce: self.ids.secret(), local };
        let state = self.ids.secret();
        let now = self.clock.now();
        self.sessions.begin_login(&state, &login, now, now + LOGIN_LIFE).await?;
        Ok(LoginStart { authorize_url: self.providers.authorize_url(&state, &login), state, browser: login.browser })
    }

    /// Ends a login.
    ///
    /// # Errors
    /// - `login_state_invalid`: the state is unknown, used, too old, or of another browser.
    /// - `provider_refused`: the person or the provider said no.
    /// - `email_missing`: the provider gave no e-mail that may be used.
    /// - `email_in_use`: the e-mail belongs to an account that this identity may not enter.
    /// - Unavailable: a part that is needed does not answer in time; nothing has changed.
    pub async fn finish(&self, callback: &Callback) -> Result<SignedIn, SignInFailure> {
        let login = self.take(callback).await.map_err(|error| SignInFailure { error, local: false, takeover: None })?;
        let entered = self.enter(callback, &login).await;
        entered.map_err(|NotIn { error, takeover }| SignInFailure { error, local: login.local, takeover })
    }

    async fn take(&self, callback: &Callback) -> Result<PendingLogin> {
        const BAD: Refusal = error::LOGIN_STATE_INVALID;
        let state = callback.state.as_deref().ok_or(BAD)?;
        let login = self.sessions.take_login(state, self.clock.now()).await?.ok_or(BAD)?;
        let same_browser = callback.browser.as_deref() == Some(login.browser.as_str());
        if same_browser && login.provider == callback.provider && login.role == callback.role { Ok(login) } else { Err(BAD.into()) }
    }

    async fn enter(&self, callback: &Callback, login: &PendingLogin) -> Result<SignedIn, NotIn> {
        if let Some(error) = callback.error.as_deref().filter(|error| !is_a_persons(error)) {
            // Its words may be anything; its code is one of a few.
            let error: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
            tracing::warn!(provider = login.provider.as_str(), error, "a login came back with an error");
        }
        let (None, Some(code), Some(state)) = (&callback.error, &callback.code, callback.state.as_deref()) else {
            return Err(error::PROVIDER_REFUSED.into());
        };
        let identity = self.providers.identity(login, state, code).await.map_err(|e| match e {
            ProviderError::Refused(..) => {
                tracing::warn!(error = %e, "login refused by the provider");
                Error::from(error::PROVIDER_REFUSED)
            }
            ProviderError::Unavailable(provider, _) => Error::unavailable(provider.as_str(), e),
        })?;
        let account = self.resolve(login, &identity).await?;
        if let Some(token) = &identity.unlink_token {
            self.unlink_tokens.keep(login.provider, &identity.user_id, token, self.clock.now()).await?;
        }
        let status = self.accounts.find(&account.email).await?.ok_or_else(|| Error::internal("account vanished during login"))?.status;
        Ok(SignedIn { conflict: account.role != login.role, account, status, local: login.local })
    }

    /// Identity first, then a vouched e-mail of a vouched account, then a new account. Somebody else's login may be
    /// doing the same at this moment: who comes second starts over and finds what the first has made.
    async fn resolve(&self, login: &PendingLogin, identity: &ProviderIdentity) -> Result<Account, NotIn> {
        for _ in 0..3 {
            let provider = login.provider;
            if let Some(account) = self.accounts.find_by_identity(provider, &identity.user_id).await? {
                self.accounts.restore_identity(provider, &identity.user_id).await?;
                return Ok(account);
            }
            let email = identity.email.clone().ok_or(error::EMAIL_MISSING)?;
            let now = self.clock.now();
            match self.accounts.find(&email).await? {
                Some(found) if identity.vouched && found.account.email_vouched => {
                    match self.accounts.add_identity(&email, provider, &identity.user_id, now).await? {
                        IdentityAdded::Added => return Ok(found.account),
                        IdentityAdded::Taken => {}
                        IdentityAdded::Another => return Err(error::EMAIL_IN_USE.into()),
                    }
                }
                Some(found) if identity.vouched => {
                    let (user_id, role, local) = (identity.user_id.clone(), login.role, login.local);
                    let takeover = Takeover { account: found.account, provider, user_id, role, local };
                    let takeover = Some(self.takeovers.begin(&takeover).await?);
                    return Err(NotIn { error: error::EMAIL_IN_USE.into(), takeover });
                }
                Some(_) => return Err(error::EMAIL_IN_USE.into()),
                None => {
                    let account = Account { email, role: login.role, is_active: true, email_vouched: identity.vouched, created_at: now };
                    if self.accounts.create(&account, provider, &identity.user_id).await? {
                        return Ok(account);
                    }
                }
            }
        }
        Err(Error::internal("three logins in a row lost the race for one account").into())
    }
}

/// What a provider answers for a person who pressed "deny" or did not log in: no fault of anybody's.
fn is_a_persons(error: &str) -> bool {
    matches!(error, "access_denied" | "login_required" | "consent_required" | "interaction_required" | "account_selection_required")
}
