//! Session tokens: JWT, renewed in their last quarter, checked against the account and the logouts.

use std::sync::Arc;

use super::{
    error,
    model::{
        account::{Account, RegistrationStatus},
        session::{Caller, Lease, Remembered, Renewal, Session},
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
        let look = self.sessions.look(&session.id, now).await?;
        if look.revoked {
            return Err(error::UNAUTHENTICATED.into());
        }
        let account = match look.account {
            Remembered::Known(account) if session.is_of(&account) => account,
            // A token that does not fit the account remembered: the database decides.
            Remembered::Known(_) => self.found(&session, None).await?,
            Remembered::Unknown(lease) => self.found(&session, lease).await?,
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
    async fn found(&self, session: &Session, lease: Option<Lease>) -> Result<Account> {
        let account = self.accounts.find(&session.email).await?.ok_or(error::UNAUTHENTICATED)?.account;
        if let Some(lease) = lease {
            self.sessions.remember(&session.id, &account, &lease);
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
            model::{
                account::{AccountStatus, Role},
                session::Look,
            },
            ports::{MockAccounts, MockSessions},
            testing::{account, at, tokens},
        },
    };

    fn status(account: Account) -> AccountStatus {
        AccountStatus { account, status: RegistrationStatus::Complete }
    }

    fn remembering(account: Remembered) -> MockSessions {
        let mut sessions = MockSessions::new();
        sessions.expect_look().returning(move |_, _| Ok(Look { revoked: false, account: account.clone() }));
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
        let caller = authenticate(MockAccounts::new(), remembering(Remembered::Known(known.clone())), &token).await.unwrap();
        assert_eq!(caller.account, known);
    }

    #[tokio::test]
    async fn one_that_is_not_is_asked_for_and_remembered_under_a_lease() {
        let known = account(Role::Seller);
        let token = tokens().issue("id", &known, false, Noon.now()).unwrap();
        for (lease, told) in [(Some(Lease(7)), 1), (None, 0)] {
            let (mut accounts, mut sessions) = (MockAccounts::new(), remembering(Remembered::Unknown(lease)));
            let found = known.clone();
            accounts.expect_find().times(1).returning(move |_| Ok(Some(status(found.clone()))));
            sessions.expect_remember().times(told).return_const(());
            assert_eq!(authenticate(accounts, sessions, &token).await.unwrap().account, known);
        }
    }

    #[tokio::test]
    async fn nobody_is_refused_by_what_is_remembered() {
        let new = Account { created_at: at(-1), ..account(Role::Seller) };
        let token = tokens().issue("id", &new, false, Noon.now()).unwrap();
        for old in [account(Role::Seller), Account { role: Role::Customer, ..new.clone() }] {
            let (mut accounts, found) = (MockAccounts::new(), new.clone());
            accounts.expect_find().times(1).returning(move |_| Ok(Some(status(found.clone()))));
            assert_eq!(authenticate(accounts, remembering(Remembered::Known(old)), &token).await.unwrap().account, new);
        }
    }
}
