//! Sessions: begun, checked against the account and the logouts, renewed, ended one by one or all at once.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    error,
    exchange::ExchangeService,
    model::{
        account::{Account, RegistrationStatus},
        session::{AccountVersion, Caller, Look, NewToken, Session},
        session_token::SessionTokens,
    },
    ports::{Accounts, Sessions},
};
use crate::shared::{Clock, Email, Ids, Result};

/// Use cases around a session.
pub struct SessionService {
    /// Signs and verifies.
    pub tokens: SessionTokens,
    accounts: Arc<dyn Accounts>,
    sessions: Arc<dyn Sessions>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    exchange: Option<ExchangeService>,
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
        Self { tokens, accounts, sessions, clock, ids, exchange: None }
    }

    /// Takes tokens of the Python service too, each once.
    #[must_use]
    pub fn with_exchange(self, exchange: ExchangeService) -> Self {
        Self { exchange: Some(exchange), ..self }
    }

    /// The caller behind a token.
    ///
    /// # Errors
    /// `unauthenticated` for no token, a bad one, a logged-out one, or an account that is gone.
    pub async fn authenticate(&self, token: Option<&str>) -> Result<Caller> {
        let now = self.clock.now();
        let token = token.ok_or(error::UNAUTHENTICATED)?;
        let Some(session) = self.tokens.verify(token, now) else { return self.exchanged(token, now).await };
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
        let renewal = if self.tokens.is_due_for_renewal(&session, now) { Some(self.tokens.renew(&session, &account, now)?) } else { None };
        Ok(Caller { session, account, renewal })
    }

    /// The caller behind a token of the Python service, who gets one of ours in its place.
    async fn exchanged(&self, token: &str, now: DateTime<Utc>) -> Result<Caller> {
        let exchange = self.exchange.as_ref().ok_or(error::UNAUTHENTICATED)?;
        let (session, account) = exchange.exchange(token, now).await?.ok_or(error::UNAUTHENTICATED)?;
        let renewal = Some(self.tokens.renew(&session, &account, now)?);
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
    pub fn begin(&self, account: &Account, cross_site: bool) -> Result<NewToken> {
        self.tokens.begin(&self.ids.secret(), account, cross_site, self.clock.now())
    }

    /// A token with which the caller's session goes on after their account has changed.
    ///
    /// # Errors
    /// - `unauthenticated`: the account is gone.
    /// - Unavailable: the part behind it does not answer in time.
    pub async fn go_on(&self, session: &Session, cross_site: bool) -> Result<NewToken> {
        let account = self.accounts.find(&session.email).await?.ok_or(error::UNAUTHENTICATED)?.account;
        self.tokens.renew(&Session { cross_site, ..session.clone() }, &account, self.clock.now())
    }

    /// Ends the session of a token, if it is one: from now on it and its renewals are refused.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn end(&self, token: Option<&str>) -> Result<()> {
        let now = self.clock.now();
        let Some(token) = token else { return Ok(()) };
        let Some(session) = self.tokens.verify(token, now) else {
            return match &self.exchange {
                Some(exchange) => exchange.end(token, now, self.tokens.latest_end(now)).await,
                None => Ok(()),
            };
        };
        // What is out already is not written again: a look is cheap, and anybody may ask as often as they like.
        if self.sessions.look(&session.id, &session.email, now).await? == Look::Revoked {
            return Ok(());
        }
        self.sessions.revoke(&session.id, now, self.tokens.last_end(&session, now)).await?;
        tracing::info!(role = session.role.as_str(), "somebody logged out");
        Ok(())
    }

    /// Ends all sessions of the account that the token belongs to, if it is good.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn end_all(&self, token: Option<&str>) -> Result<()> {
        let caller = match self.authenticate(token).await {
            Err(refused) if refused.is(&error::UNAUTHENTICATED) => return Ok(()),
            caller => caller?,
        };
        self.end_all_of(&caller.account.email).await?;
        tracing::info!(role = caller.account.role.as_str(), "somebody ended all their sessions");
        Ok(())
    }

    /// Ends all sessions of an account, if there is one.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn end_all_of(&self, email: &Email) -> Result<()> {
        self.accounts.end_sessions(email).await?;
        self.sessions.forget(email).await
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

    fn service(accounts: MockAccounts, sessions: MockSessions) -> SessionService {
        SessionService::new(tokens(), Arc::new(accounts), Arc::new(sessions), Arc::new(Noon), Arc::new(Counter::default()))
    }

    async fn authenticate(accounts: MockAccounts, sessions: MockSessions, token: &str) -> Result<Caller> {
        service(accounts, sessions).authenticate(Some(token)).await
    }

    #[tokio::test]
    async fn what_is_out_is_not_written_again() {
        let token = tokens().begin("id", &account(Role::Seller), false, Noon.now()).unwrap().token;
        for (look, written) in [(Look::Revoked, 0), (Look::Unknown(None), 1), (Look::Remembered(account(Role::Seller)), 1)] {
            let mut sessions = seeing(look);
            sessions.expect_revoke().times(written).returning(|_, _, _| Ok(()));
            service(MockAccounts::new(), sessions).end(Some(&token)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn of_an_earlier_generation_only_the_kept_session_goes_on() {
        let known = account(Role::Seller);
        let later = Account { generation: 1, kept_session: Some("kept".into()), ..known.clone() };
        for (id, goes_on) in [("kept", true), ("another", false)] {
            let token = tokens().begin(id, &known, false, Noon.now()).unwrap().token;
            let (mut accounts, found) = (MockAccounts::new(), later.clone());
            accounts.expect_find().returning(move |_| Ok(Some(status(found.clone()))));
            let asked = authenticate(accounts, seeing(Look::Remembered(later.clone())), &token).await;
            assert_eq!(asked.is_ok(), goes_on, "{id}");
        }
    }

    #[tokio::test]
    async fn all_are_ended_before_the_account_is_forgotten_and_by_a_good_token_alone() {
        let (known, mut order) = (account(Role::Customer), mockall::Sequence::new());
        let token = tokens().begin("id", &known, false, Noon.now()).unwrap().token;
        let (mut accounts, mut sessions) = (MockAccounts::new(), seeing(Look::Remembered(known)));
        accounts.expect_end_sessions().times(1).in_sequence(&mut order).returning(|_| Ok(()));
        sessions.expect_forget().times(1).in_sequence(&mut order).returning(|_| Ok(()));
        service(accounts, sessions).end_all(Some(&token)).await.unwrap();
        for (token, look) in [(Some(token.as_str()), Look::Revoked), (Some("garbled"), Look::Unknown(None)), (None, Look::Unknown(None))] {
            service(MockAccounts::new(), seeing(look)).end_all(token).await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_account_that_is_remembered_is_not_asked_for() {
        let known = account(Role::Seller);
        let token = tokens().begin("id", &known, false, Noon.now()).unwrap().token;
        let caller = authenticate(MockAccounts::new(), seeing(Look::Remembered(known.clone())), &token).await.unwrap();
        assert_eq!(caller.account, known);
    }

    #[tokio::test]
    async fn one_that_is_not_is_asked_for_and_remembered_under_its_version() {
        let known = account(Role::Seller);
        let token = tokens().begin("id", &known, false, Noon.now()).unwrap().token;
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
        let token = tokens().begin("id", &account(Role::Seller), false, Noon.now()).unwrap().token;
        let refused = authenticate(MockAccounts::new(), seeing(Look::Revoked), &token).await;
        assert!(refused.unwrap_err().is(&error::UNAUTHENTICATED));
    }

    #[tokio::test]
    async fn nobody_is_refused_by_what_is_remembered() {
        let new = Account { created_at: at(-1), ..account(Role::Seller) };
        let token = tokens().begin("id", &new, false, Noon.now()).unwrap().token;
        for old in [account(Role::Seller), Account { role: Role::Customer, ..new.clone() }] {
            let (mut accounts, found) = (MockAccounts::new(), new.clone());
            accounts.expect_find().times(1).returning(move |_| Ok(Some(status(found.clone()))));
            assert_eq!(authenticate(accounts, seeing(Look::Remembered(old)), &token).await.unwrap().account, new);
        }
    }
}
