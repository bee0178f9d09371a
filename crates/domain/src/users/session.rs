//! Session tokens: JWT, renewed in their last quarter, checked against the account and the logouts.

use std::sync::Arc;

use super::{
    error,
    model::{
        account::{Account, RegistrationStatus},
        session::{AccountVersion, Caller, Look, Renewal, Session},
        session_token::SessionTokens,
    },
    ports::{Accounts, Sessions},
};
use crate::shared::{Clock, Ids, Result};

/// Use cases around a session.
pub struct SessionService {
    /// Signs and verifies.
    pub tokens: SessionTokens,
    accounts: Arc<dyn Accounts>,
    sessions: Arc<dyn Sessions>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl SessionService {
    /// Builds the use cases on their ports.
    pub fn new(
        tokens: SessionTokens,
        accounts: Arc<dyn Accounts>,
        sessions: Arc<dyn Sessions>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self { tokens, accounts, sessions, clock, ids }
    }

    /// The caller behind a token.
    ///
    /// # Errors
    /// `unauthenticated` for no token, a bad one, a logged-out one, or an account that is gone.
    pub async fn authenticate(&self, token: Option<&str>) -> Result<Caller> {
        let now = self.clock.now();
        let session = token.and_then(|t| self.tokens.verify(t, now)).ok_or(error::UNAUTHENTICATED)?;
        let account = match self.sessions.look(&session.id, &session.email, now).await? {
            Look::Revoked => return Err(error::UNAUTHENTICATED.into()),
            Look::Remembered(account) if session.is_of(&account) => account,
            // A token that does not fit the account remembered: the database decides.
            Look::Remembered(_) => self.found(&session, None).await?,
            Look::Unknown(version) => self.found(&session, version).await?,
        };
        if !session.is_of(&account) {
            return Err(error::UNAUTHENTICATED.into());
        }
        let renewal = if self.tokens.is_due_for_renewal(&session, now) {
            let token = self.tokens.issue(&session.id, &account, session.cross_site, now)?;
            Some(Renewal { token, cross_site: session.cross_site })
        } else {
            None
        };
        Ok(Caller { session, account, renewal })
    }

    /// As the database has it; the next request will not have to ask.
    async fn found(&self, session: &Session, version: Option<AccountVersion>) -> Result<Account> {
        let account = self.accounts.find(&session.email).await?.ok_or(error::UNAUTHENTICATED)?.account;
        if let Some(version) = version {
            self.sessions.remember(&account, version);
        }
        Ok(account)
    }

    /// How far the caller's registration has come.
    ///
    /// # Errors
    /// `unauthenticated` for an account that is gone.
    pub async fn registration(&self, caller: &Caller) -> Result<RegistrationStatus> {
        Ok(self.accounts.find(&caller.session.email).await?.ok_or(error::UNAUTHENTICATED)?.status)
    }

    /// A token for a new session.
    ///
    /// # Errors
    /// Internal: a defect of ours.
    pub fn begin(&self, account: &Account, cross_site: bool) -> Result<String> {
        self.tokens.issue(&self.ids.secret(), account, cross_site, self.clock.now())
    }

    /// Ends the session of a token, if it is one: from now on it and its renewals are refused.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn end(&self, token: Option<&str>) -> Result<()> {
        let now = self.clock.now();
        if let Some(session) = token.and_then(|t| self.tokens.verify(t, now)) {
            // A renewal issued this instant lives one whole life more.
            self.sessions.revoke(&session.id, now, now + self.tokens.life()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        shared::testing::{Counter, Noon},
        users::{
            model::account::{AccountStatus, Role},
            ports::{MockAccounts, MockSessions},
            testing::{account, at, tokens},
        },
    };

    fn status(account: Account) -> AccountStatus {
        AccountStatus { account, status: RegistrationStatus::Complete }
    }

    fn seeing(look: Look) -> MockSessions {
        let mut sessions = MockSessions::new();
        sessions.expect_look().returning(move |_, _, _| Ok(look.clone()));
        sessions
    }

    async fn authenticate(accounts: MockAccounts, sessions: MockSessions, token: &str) -> Result<Caller> {
        SessionService::new(tokens(), Arc::new(accounts), Arc::new(sessions), Arc::new(Noon), Arc::new(Counter::default()))
            .authenticate(Some(token))
            .await
    }

    #[tokio::test]
    async fn an_account_that_is_remembered_is_not_asked_for() {
        let known = account(Role::Seller);
        let token = tokens().issue("id", &known, false, Noon.now()).unwrap();
        let caller = authenticate(MockAccounts::new(), seeing(Look::Remembered(known.clone())), &token).await.unwrap();
        assert_eq!(caller.account, known);
    }

    #[tokio::test]
    async fn one_that_is_not_is_asked_for_and_remembered_under_its_version() {
        let known = account(Role::Seller);
        let token = tokens().issue("id", &known, false, Noon.now()).unwrap();
        for (version, remembered) in [(Some(AccountVersion(7)), 1), (None, 0)] {
            let (mut accounts, mut sessions) = (MockAccounts::new(), seeing(Look::Unknown(version)));
            let found = known.clone();
            accounts.expect_find().times(1).returning(move |_| Ok(Some(status(found.clone()))));
            sessions
                .expect_remember()
                .times(remembered)
                .withf(|account, version| account.role == Role::Seller && *version == AccountVersion(7))
                .return_const(());
            assert_eq!(authenticate(accounts, sessions, &token).await.unwrap().account, known);
        }
    }

    #[tokio::test]
    async fn a_session_that_was_logged_out_is_refused_unasked() {
        let token = tokens().issue("id", &account(Role::Seller), false, Noon.now()).unwrap();
        let refused = authenticate(MockAccounts::new(), seeing(Look::Revoked), &token).await;
        assert!(refused.unwrap_err().is(&error::UNAUTHENTICATED));
    }

    #[tokio::test]
    async fn nobody_is_refused_by_what_is_remembered() {
        let new = Account { created_at: at(-1), ..account(Role::Seller) };
        let token = tokens().issue("id", &new, false, Noon.now()).unwrap();
        for old in [account(Role::Seller), Account { role: Role::Customer, ..new.clone() }] {
            let (mut accounts, found) = (MockAccounts::new(), new.clone());
            accounts.expect_find().times(1).returning(move |_| Ok(Some(status(found.clone()))));
            assert_eq!(authenticate(accounts, seeing(Look::Remembered(old)), &token).await.unwrap().account, new);
        }
    }
}
