//! From a provider's word to an account (contract, Auth). Identity is (provider, its user id); an e-mail links only
//! where it is vouched for on both sides.

use std::sync::Arc;

use super::{
    error,
    login_flow::{LoginFlow, LoginFor},
    model::{
        account::{Account, IdentityAdded, Provider, Role},
        identity::ProviderIdentity,
        login::{Callback, LoginStart, PendingLogin, SignInFailure, SignedIn},
        takeover::{Takeover, TakeoverSecrets},
    },
    ports::{Accounts, IdentityProviders, Sessions, UnlinkTokens},
    take_over::TakeoverService,
};
use crate::shared::{Clock, Email, Error, Ids, Result};

/// Use cases of logging in.
pub struct SignInService {
    flow: LoginFlow,
    accounts: Arc<dyn Accounts>,
    unlink_tokens: Arc<dyn UnlinkTokens>,
    sessions: Arc<dyn Sessions>,
    clock: Arc<dyn Clock>,
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
        let flow = LoginFlow::new(providers, sessions.clone(), clock.clone(), ids);
        Self { flow, accounts, unlink_tokens, sessions, clock, takeovers }
    }

    /// Starts a login.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn start(&self, provider: Provider, role: Role, local: bool) -> Result<LoginStart> {
        self.flow.begin(LoginFor::App { role, local }, provider).await
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
        let login = self.flow.take(callback, false).await.map_err(|error| SignInFailure { error, local: false, takeover: None })?;
        let entered = self.enter(callback, &login).await;
        entered.map_err(|NotIn { error, takeover }| SignInFailure { error, local: login.local, takeover })
    }

    async fn enter(&self, callback: &Callback, login: &PendingLogin) -> Result<SignedIn, NotIn> {
        let identity = self.flow.identity(callback, login).await?;
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
            let Some(email) = identity.email.clone() else { return Err(self.without_email(login, identity).await?) };
            let now = self.clock.now();
            match self.accounts.find(&email).await? {
                Some(found) if identity.vouched && found.account.is_unclaimed() => {
                    if self.accounts.claim(&email, provider, &identity.user_id, now).await? == IdentityAdded::Added {
                        return self.claimed(&email).await;
                    }
                }
                Some(found) if identity.vouched && found.account.email_vouched => {
                    match self.accounts.add_identity(&email, provider, &identity.user_id, now).await? {
                        IdentityAdded::Added => return Ok(found.account),
                        IdentityAdded::Taken => {}
                        IdentityAdded::Another => return Err(error::EMAIL_IN_USE.into()),
                    }
                }
                Some(found) if identity.vouched || found.account.is_unclaimed() => {
                    return Err(self.by_mail(login, identity, found.account).await?);
                }
                Some(_) => return Err(error::EMAIL_IN_USE.into()),
                None => {
                    let account = Account::new(email, login.role, identity.vouched, now);
                    if self.accounts.create(&account, provider, &identity.user_id).await? {
                        return Ok(account);
                    }
                }
            }
        }
        Err(Error::internal("three logins in a row lost the race for one account").into())
    }

    /// The account as it is since it was claimed: what remembers it must hear that its sessions have ended.
    async fn claimed(&self, email: &Email) -> Result<Account, NotIn> {
        self.sessions.forget(email).await?;
        let found = self.accounts.find(email).await?.ok_or_else(|| Error::internal("account vanished during its first login"))?;
        tracing::info!(role = found.account.role.as_str(), "an imported account has its first identity");
        Ok(found.account)
    }

    /// Nobody is in yet: whoever reads mail at the account's address may follow the link.
    async fn by_mail(&self, login: &PendingLogin, identity: &ProviderIdentity, account: Account) -> Result<NotIn> {
        let (user_id, role, local) = (identity.user_id.clone(), login.role, login.local);
        let takeover = Takeover { account, provider: login.provider, user_id, role, local };
        let takeover = Some(self.takeovers.begin(&takeover).await?);
        Ok(NotIn { error: error::EMAIL_IN_USE.into(), takeover })
    }

    /// An address that is not verified leads to no account and makes none. One that was brought over can be asked for by mail: the Python
    /// service let people in by such an address.
    async fn without_email(&self, login: &PendingLogin, identity: &ProviderIdentity) -> Result<NotIn> {
        if let Some(email) = &identity.unverified_email
            && let Some(found) = self.accounts.find(email).await?
            && found.account.is_unclaimed()
        {
            return self.by_mail(login, identity, found.account).await;
        }
        Ok(NotIn { error: error::EMAIL_MISSING.into(), takeover: None })
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use secrecy::SecretString;

    use super::*;
    use crate::{
        shared::{
            ErrorKind,
            mail::MockMailer,
            testing::{Counter, Noon, email},
        },
        users::{
            model::{
                account::{AccountStatus, IdentityAdded, RegistrationStatus},
                identity::ProviderError,
            },
            ports::{MockAccounts, MockIdentityProviders, MockSessions, MockTakeovers, MockUnlinkTokens},
        },
    };

    fn login() -> PendingLogin {
        let [browser, verifier, nonce] = ["browser", "verifier", "nonce"].map(str::to_owned);
        PendingLogin { provider: Provider::Kakao, role: Role::Customer, browser, verifier, nonce, local: false, operator: false }
    }

    fn callback() -> Callback {
        Callback {
            provider: Provider::Kakao,
            role: Role::Customer,
            code: Some(SecretString::from("code")),
            state: Some("state".into()),
            error: None,
            browser: Some("browser".into()),
        }
    }

    fn identity(vouched: bool) -> ProviderIdentity {
        ProviderIdentity { user_id: "k7".into(), email: Some(email("a@b")), vouched, unverified_email: None, unlink_token: None }
    }

    fn account(role: Role, email_vouched: bool) -> Account {
        Account::new(email("a@b"), role, email_vouched, Noon.now())
    }

    fn with_status(account: Account) -> AccountStatus {
        AccountStatus { account, status: RegistrationStatus::Profile }
    }

    fn known() -> MockSessions {
        let mut sessions = MockSessions::new();
        sessions.expect_take_login().times(1).withf(|state, _| state == "state").returning(|_, _| Ok(Some(login())));
        sessions
    }

    fn saying(identity: Result<ProviderIdentity, ProviderError>) -> MockIdentityProviders {
        let mut providers = MockIdentityProviders::new();
        providers.expect_identity().times(1).return_once(|_, _, _| identity);
        providers
    }

    fn service(
        providers: MockIdentityProviders,
        accounts: MockAccounts,
        tokens: MockUnlinkTokens,
        sessions: MockSessions,
    ) -> SignInService {
        with_takeovers(providers, accounts, tokens, sessions, MockTakeovers::new())
    }

    fn with_takeovers(
        providers: MockIdentityProviders,
        accounts: MockAccounts,
        tokens: MockUnlinkTokens,
        sessions: MockSessions,
        takeovers: MockTakeovers,
    ) -> SignInService {
        let (accounts, sessions): (Arc<dyn Accounts>, Arc<dyn Sessions>) = (Arc::new(accounts), Arc::new(sessions));
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (Arc::new(Noon), Arc::new(Counter::default()));
        let takeovers = TakeoverService::new(
            Arc::new(takeovers),
            accounts.clone(),
            sessions.clone(),
            Arc::new(MockMailer::new()),
            clock.clone(),
            ids.clone(),
            String::new(),
        );
        SignInService::new(Arc::new(providers), accounts, Arc::new(tokens), sessions, clock, ids, Arc::new(takeovers))
    }

    async fn enter(identity: ProviderIdentity, accounts: MockAccounts) -> Result<SignedIn, Error> {
        let service = service(saying(Ok(identity)), accounts, MockUnlinkTokens::new(), known());
        service.finish(&callback()).await.map_err(|failure| failure.error)
    }

    #[tokio::test]
    async fn an_operators_login_leads_to_no_account() {
        let (mut sessions, providers) = (MockSessions::new(), MockIdentityProviders::new());
        sessions.expect_take_login().returning(|_, _| Ok(Some(PendingLogin { operator: true, ..login() })));
        let failure = service(providers, MockAccounts::new(), MockUnlinkTokens::new(), sessions).finish(&callback()).await.unwrap_err();
        assert!(failure.error.is(&error::LOGIN_STATE_INVALID));
    }

    #[tokio::test]
    async fn a_login_is_kept_for_ten_minutes_and_bound_to_its_browser() {
        let (mut providers, mut sessions) = (MockIdentityProviders::new(), MockSessions::new());
        providers.expect_authorize_url().returning(|state, login| format!("{state}-{}", login.browser));
        sessions
            .expect_begin_login()
            .times(1)
            .withf(|_, login, now, until| *until == *now + Duration::minutes(10) && login.browser != login.verifier && !login.local)
            .returning(|_, _, _, _| Ok(()));
        let service = service(providers, MockAccounts::new(), MockUnlinkTokens::new(), sessions);
        let started = service.start(Provider::Kakao, Role::Customer, false).await.unwrap();
        assert!(started.authorize_url.ends_with(&started.browser));
    }

    #[tokio::test]
    async fn a_state_that_is_unknown_or_anothers_lets_nobody_in() {
        for (kept, wrong) in [
            (None, callback()),
            (Some(login()), Callback { browser: Some("another".into()), ..callback() }),
            (Some(login()), Callback { browser: None, ..callback() }),
            (Some(login()), Callback { provider: Provider::Google, ..callback() }),
            (Some(login()), Callback { role: Role::Seller, ..callback() }),
        ] {
            let mut sessions = MockSessions::new();
            sessions.expect_take_login().times(1).return_once(|_, _| Ok(kept));
            // The mocks panic if a provider is asked or an account is read.
            let service = service(MockIdentityProviders::new(), MockAccounts::new(), MockUnlinkTokens::new(), sessions);
            assert!(service.finish(&wrong).await.unwrap_err().error.is(&error::LOGIN_STATE_INVALID), "{wrong:?}");
        }
        let service = service(MockIdentityProviders::new(), MockAccounts::new(), MockUnlinkTokens::new(), MockSessions::new());
        let stateless = Callback { state: None, ..callback() };
        assert!(service.finish(&stateless).await.unwrap_err().error.is(&error::LOGIN_STATE_INVALID));
    }

    #[tokio::test]
    async fn a_refusal_at_the_provider_is_told_and_its_outage_is_an_outage() {
        for refused in [Callback { error: Some("denied".into()), ..callback() }, Callback { code: None, ..callback() }] {
            let service = service(MockIdentityProviders::new(), MockAccounts::new(), MockUnlinkTokens::new(), known());
            assert!(service.finish(&refused).await.unwrap_err().error.is(&error::PROVIDER_REFUSED));
        }
        let finish = async |said| {
            let service = service(saying(Err(said)), MockAccounts::new(), MockUnlinkTokens::new(), known());
            service.finish(&callback()).await.unwrap_err().error
        };
        assert!(finish(ProviderError::Refused(Provider::Kakao, "bad code".into())).await.is(&error::PROVIDER_REFUSED));
        assert_eq!(finish(ProviderError::Unavailable(Provider::Kakao, "500".into())).await.kind(), ErrorKind::Unavailable);
    }

    #[tokio::test]
    async fn an_identity_that_is_known_enters_its_account_whatever_the_email() {
        let mut accounts = MockAccounts::new();
        accounts
            .expect_find_by_identity()
            .times(1)
            .withf(|provider, id| *provider == Provider::Kakao && id == "k7")
            .returning(|_, _| Ok(Some(account(Role::Seller, true))));
        accounts.expect_restore_identity().times(1).returning(|_, _| Ok(()));
        accounts.expect_find().times(1).returning(|_| Ok(Some(with_status(account(Role::Seller, true)))));
        let signed_in = enter(ProviderIdentity { email: None, ..identity(false) }, accounts).await.unwrap();
        // It was made in the other role: the app is told.
        assert!(signed_in.conflict && signed_in.account.role == Role::Seller);
    }

    #[tokio::test]
    async fn an_email_leads_to_an_account_only_where_both_sides_vouch_for_it() {
        for (provider_vouches, account_vouches) in [(true, true), (true, false), (false, true), (false, false)] {
            let (mut accounts, both) = (MockAccounts::new(), provider_vouches && account_vouches);
            accounts.expect_find_by_identity().returning(|_, _| Ok(None));
            accounts.expect_find().returning(move |_| Ok(Some(with_status(account(Role::Customer, account_vouches)))));
            accounts.expect_add_identity().times(usize::from(both)).returning(|_, _, _, _| Ok(IdentityAdded::Added));
            // Who has the e-mail vouched may take over an account that never had; the mail decides.
            let (mut takeovers, takes_over) = (MockTakeovers::new(), provider_vouches && !account_vouches);
            takeovers.expect_begin().times(usize::from(takes_over)).returning(|_, _, _, _| Ok(()));
            let providers = saying(Ok(identity(provider_vouches)));
            let service = with_takeovers(providers, accounts, MockUnlinkTokens::new(), known(), takeovers);
            let entered = service.finish(&callback()).await;
            if both {
                assert_eq!(entered.unwrap().account.email, email("a@b"));
            } else {
                let failure = entered.unwrap_err();
                assert!(failure.error.is(&error::EMAIL_IN_USE));
                assert_eq!(failure.takeover.is_some(), takes_over);
            }
        }
    }

    fn imported(email_vouched: bool) -> Account {
        Account { imported_at: Some(Noon.now()), ..account(Role::Seller, email_vouched) }
    }

    #[tokio::test]
    async fn the_first_vouched_login_claims_an_imported_account() {
        let (mut accounts, mut sessions) = (MockAccounts::new(), known());
        accounts.expect_find_by_identity().returning(|_, _| Ok(None));
        // Found, claimed, and then read as it is since.
        let mut found = vec![Account { generation: 1, ..imported(true) }, Account { generation: 1, ..imported(true) }, imported(false)];
        accounts.expect_find().times(3).returning(move |_| Ok(Some(with_status(found.pop().unwrap()))));
        accounts
            .expect_claim()
            .times(1)
            .withf(|email, provider, id, at| (email.as_str(), *provider, id, *at) == ("a@b", Provider::Kakao, "k7", Noon.now()))
            .returning(|_, _, _, _| Ok(IdentityAdded::Added));
        sessions.expect_forget().times(1).returning(|_| Ok(()));
        let service = service(saying(Ok(identity(true))), accounts, MockUnlinkTokens::new(), sessions);
        let signed_in = service.finish(&callback()).await.unwrap();
        assert!(signed_in.conflict && signed_in.account.generation == 1);
    }

    #[tokio::test]
    async fn who_loses_the_race_for_an_imported_account_is_linked_to_it() {
        let mut accounts = MockAccounts::new();
        accounts.expect_find_by_identity().returning(|_, _| Ok(None));
        let mut found = vec![imported(true), imported(true), imported(false)];
        accounts.expect_find().times(3).returning(move |_| Ok(Some(with_status(found.pop().unwrap()))));
        accounts.expect_claim().times(1).returning(|_, _, _, _| Ok(IdentityAdded::Taken));
        accounts.expect_add_identity().times(1).returning(|_, _, _, _| Ok(IdentityAdded::Added));
        enter(identity(true), accounts).await.unwrap();
    }

    #[tokio::test]
    async fn an_imported_account_is_asked_for_by_mail_where_nobody_vouches() {
        let shown = ProviderIdentity { email: None, unverified_email: Some(email("a@b")), ..identity(false) };
        for (identity, account, code, mailed) in [
            (identity(false), imported(false), error::EMAIL_IN_USE, true),
            (identity(false), imported(true), error::EMAIL_IN_USE, false),
            (shown.clone(), imported(false), error::EMAIL_IN_USE, true),
            (shown.clone(), imported(true), error::EMAIL_MISSING, false),
            (shown, account(Role::Customer, false), error::EMAIL_MISSING, false),
        ] {
            let (mut accounts, mut takeovers) = (MockAccounts::new(), MockTakeovers::new());
            accounts.expect_find_by_identity().returning(|_, _| Ok(None));
            accounts.expect_find().times(1).returning(move |_| Ok(Some(with_status(account.clone()))));
            takeovers.expect_begin().times(usize::from(mailed)).returning(|_, _, _, _| Ok(()));
            let service = with_takeovers(saying(Ok(identity)), accounts, MockUnlinkTokens::new(), known(), takeovers);
            let failure = service.finish(&callback()).await.unwrap_err();
            assert!(failure.error.is(&code));
            assert_eq!(failure.takeover.is_some(), mailed);
        }
    }

    #[tokio::test]
    async fn an_email_that_has_changed_hands_leads_nobody_in() {
        let mut accounts = MockAccounts::new();
        accounts.expect_find_by_identity().returning(|_, _| Ok(None));
        accounts.expect_find().returning(|_| Ok(Some(with_status(account(Role::Customer, true)))));
        accounts.expect_add_identity().times(1).returning(|_, _, _, _| Ok(IdentityAdded::Another));
        assert!(enter(identity(true), accounts).await.unwrap_err().is(&error::EMAIL_IN_USE));
    }

    #[tokio::test]
    async fn who_is_new_gets_an_account_in_the_role_asked_for() {
        let mut accounts = MockAccounts::new();
        accounts.expect_find_by_identity().returning(|_, _| Ok(None));
        let mut found = vec![Some(with_status(account(Role::Customer, false))), None];
        accounts.expect_find().times(2).returning(move |_: &Email| Ok(found.pop().unwrap()));
        accounts
            .expect_create()
            .times(1)
            .withf(|made, provider, id| *made == account(Role::Customer, false) && *provider == Provider::Kakao && id == "k7")
            .returning(|_, _, _| Ok(true));
        assert!(!enter(identity(false), accounts).await.unwrap().conflict);
    }

    #[tokio::test]
    async fn who_is_new_needs_an_email() {
        let mut accounts = MockAccounts::new();
        accounts.expect_find_by_identity().returning(|_, _| Ok(None));
        let nameless = ProviderIdentity { email: None, ..identity(true) };
        assert!(enter(nameless, accounts).await.unwrap_err().is(&error::EMAIL_MISSING));
    }

    #[tokio::test]
    async fn who_loses_a_race_for_an_account_finds_what_the_first_has_made() {
        let mut accounts = MockAccounts::new();
        let mut seen = vec![Some(account(Role::Customer, true)), None];
        accounts.expect_find_by_identity().times(2).returning(move |_, _| Ok(seen.pop().unwrap()));
        accounts.expect_restore_identity().times(1).returning(|_, _| Ok(()));
        let mut found = vec![Some(with_status(account(Role::Customer, true))), None];
        accounts.expect_find().times(2).returning(move |_| Ok(found.pop().unwrap()));
        accounts.expect_create().times(1).returning(|_, _, _| Ok(false));
        assert_eq!(enter(identity(true), accounts).await.unwrap().account.email, email("a@b"));
    }

    #[tokio::test]
    async fn the_token_that_will_cut_the_connection_is_kept() {
        let (mut accounts, mut tokens) = (MockAccounts::new(), MockUnlinkTokens::new());
        accounts.expect_find_by_identity().returning(|_, _| Ok(Some(account(Role::Customer, true))));
        accounts.expect_restore_identity().times(1).returning(|_, _| Ok(()));
        accounts.expect_find().returning(|_| Ok(Some(with_status(account(Role::Customer, true)))));
        tokens
            .expect_keep()
            .times(1)
            .withf(|provider, id, _, at| *provider == Provider::Kakao && id == "k7" && *at == Noon.now())
            .returning(|_, _, _, _| Ok(()));
        let given = ProviderIdentity { unlink_token: Some(SecretString::from("token")), ..identity(true) };
        service(saying(Ok(given)), accounts, tokens, known()).finish(&callback()).await.unwrap();
    }
}
