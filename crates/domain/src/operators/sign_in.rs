//! How an operator gets in: a provider vouches for the e-mail, an app for the person.

use std::{collections::BTreeSet, sync::Arc};

use secrecy::SecretString;

use super::{
    error,
    model::{
        code,
        log::{By, OperatorLogEntry},
        operator::{Operator, OperatorRole},
        session::{CODE_LIFE, NewOperatorSession, OperatorSession, SESSION_LIFE, hash_of_token},
    },
    ports::{OperatorLog, OperatorSessions, Operators, SecondFactors},
};
use crate::{
    shared::{Clock, Email, Ids, Result, can_be_secret},
    users::{Callback, LoginFlow, LoginFor, LoginStart, Provider, error as users},
};

/// What an app that is being enrolled has to know.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret, to type by hand.
    pub secret: SecretString,
    /// The same as an address (`otpauth://…`), to show as a QR code.
    pub address: SecretString,
}

/// What [`OperatorSignIn`] stands on.
pub struct SignInParts {
    /// Logins under way.
    pub flow: LoginFlow,
    /// Who the operators are.
    pub operators: Arc<dyn Operators>,
    /// Their second factors.
    pub factors: Arc<dyn SecondFactors>,
    /// Their sessions.
    pub sessions: Arc<dyn OperatorSessions>,
    /// What they did.
    pub log: Arc<dyn OperatorLog>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
    /// Secrets.
    pub ids: Arc<dyn Ids>,
    /// The setting `OPERATOR_EMAILS`: admins.
    pub by_setting: BTreeSet<Email>,
}

/// Use cases of getting in and out.
pub struct OperatorSignIn(SignInParts);

impl OperatorSignIn {
    /// Builds the use cases on their ports.
    pub fn new(parts: SignInParts) -> Self {
        Self(parts)
    }

    /// Where to send the browser.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn start(&self, provider: Provider) -> Result<LoginStart> {
        self.0.flow.begin(LoginFor::Operator, provider).await
    }

    /// Back from the provider: a session that is good for the second factor alone.
    ///
    /// # Errors
    /// - `login_state_invalid`, `provider_refused`, as for everybody.
    /// - `not_an_operator`: nobody vouches for the e-mail, or it is no operator's.
    /// - Unavailable: a part that is needed does not answer in time.
    pub async fn finish(&self, callback: &Callback) -> Result<NewOperatorSession> {
        let login = self.0.flow.take(callback, true).await?;
        let identity = self.0.flow.identity(callback, &login).await?;
        let email = identity.email.filter(|_| identity.vouched).ok_or(error::NOT_AN_OPERATOR)?;
        self.known(&email).await?;
        let (token, now) = (self.0.ids.secret(), self.0.clock.now());
        self.0.sessions.begin(&hash_of_token(&token), &email, now, now + CODE_LIFE).await?;
        Ok(NewOperatorSession { token, life: CODE_LIFE })
    }

    /// The operator of a vouched e-mail; one of the setting is made at their first login, and is what the setting says.
    async fn known(&self, email: &Email) -> Result<()> {
        let found = self.0.operators.find(email).await?;
        if self.0.by_setting.contains(email) {
            if found.is_none_or(|operator| operator.role != OperatorRole::Admin) {
                self.0.operators.put(email, OperatorRole::Admin, None, true, self.0.clock.now()).await?;
            }
            return Ok(());
        }
        found.filter(|operator| !operator.by_setting).map(|_| ()).ok_or_else(|| error::NOT_AN_OPERATOR.into())
    }

    /// Whose session this is, confirmed or not. Each request asks: who was removed, or stands in the setting no more, is out.
    ///
    /// # Errors
    /// `unauthenticated`: there is no such session.
    pub async fn session(&self, token: Option<&str>) -> Result<OperatorSession> {
        let token = token.filter(|token| can_be_secret(token)).ok_or(users::UNAUTHENTICATED)?;
        let session = self.0.sessions.find(&hash_of_token(token), self.0.clock.now()).await?;
        let good = |session: &OperatorSession| !session.operator.by_setting || self.0.by_setting.contains(&session.operator.email);
        session.filter(good).ok_or_else(|| users::UNAUTHENTICATED.into())
    }

    /// What an app has to know to be enrolled; the same until it is. `None`: one is enrolled.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn enrolment(&self, operator: &Operator) -> Result<Option<Enrolment>> {
        if operator.is_enrolled {
            return Ok(None);
        }
        let secret = match self.0.factors.secret(&operator.email).await? {
            Some(secret) => secret,
            None => {
                let secret = code::new_secret(&*self.0.ids)?;
                if !self.0.factors.begin(&operator.email, &secret).await? {
                    return Ok(None);
                }
                secret
            }
        };
        let address = code::address(&secret, &operator.email)?;
        Ok(Some(Enrolment { secret, address }))
    }

    /// Enrols the app by its first code; gives the session and the recovery codes, which nobody can be shown again.
    ///
    /// # Errors
    /// - `code_wrong`: it is no code of the app now, or one is enrolled meanwhile.
    /// - `unauthenticated`: the session has ended.
    pub async fn enrol(&self, token: &str, by: &By<'_>, typed: &str) -> Result<(NewOperatorSession, Vec<String>)> {
        let email = &by.operator.email;
        let step = self.step(by, typed).await?;
        let codes = code::recovery_codes(&*self.0.ids)?;
        let hashes: Vec<_> = codes.iter().map(|code| code::hash_of_recovery_code(code)).collect();
        if !self.0.factors.enrol(email, step, &hashes).await? {
            return self.wrong(by).await;
        }
        Ok((self.confirm(token, by, "enrolled").await?, codes))
    }

    /// Gets in by a code of the app.
    ///
    /// # Errors
    /// - `code_wrong`: it is no code now, or was used.
    /// - `unauthenticated`: the session has ended.
    pub async fn confirm_by_code(&self, token: &str, by: &By<'_>, typed: &str) -> Result<NewOperatorSession> {
        let step = self.step(by, typed).await?;
        if !by.operator.is_enrolled || !self.0.factors.use_step(&by.operator.email, step).await? {
            return self.wrong(by).await;
        }
        self.confirm(token, by, "signed_in").await
    }

    /// Gets in by a recovery code.
    ///
    /// # Errors
    /// As [`Self::confirm_by_code`].
    pub async fn confirm_by_recovery_code(&self, token: &str, by: &By<'_>, typed: &str) -> Result<NewOperatorSession> {
        let hash = code::hash_of_recovery_code(typed);
        if !self.0.factors.use_recovery_code(&by.operator.email, &hash).await? {
            return self.wrong(by).await;
        }
        self.confirm(token, by, "signed_in_by_recovery_code").await
    }

    async fn step(&self, by: &By<'_>, typed: &str) -> Result<i64> {
        let email = &by.operator.email;
        let secret = self.0.factors.secret(email).await?.ok_or(error::CODE_WRONG)?;
        match code::step(&secret, email, typed, self.0.clock.now())? {
            Some(step) => Ok(step),
            None => self.wrong(by).await,
        }
    }

    /// Whoever guesses codes has got through a provider's login already: that is worth a line and an entry each time.
    async fn wrong<T>(&self, by: &By<'_>) -> Result<T> {
        tracing::warn!(operator = %by.operator.email, "an operator's code was wrong");
        self.0.log.write(&OperatorLogEntry::of(by, "code_wrong", None, self.0.clock.now())).await?;
        Err(error::CODE_WRONG.into())
    }

    /// A session with a token of its own: the one before was given to a browser that had shown less.
    async fn confirm(&self, token: &str, by: &By<'_>, event: &str) -> Result<NewOperatorSession> {
        let (new, now) = (self.0.ids.secret(), self.0.clock.now());
        if !self.0.sessions.confirm(&hash_of_token(token), &hash_of_token(&new), now, now + SESSION_LIFE).await? {
            return Err(users::UNAUTHENTICATED.into());
        }
        self.0.log.write(&OperatorLogEntry::of(by, event, None, now)).await?;
        Ok(NewOperatorSession { token: new, life: SESSION_LIFE })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Unavailable: it may go on.
    pub async fn end(&self, token: &str) -> Result<()> {
        self.0.sessions.end(&hash_of_token(token)).await
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;
    use crate::{
        operators::ports::{MockOperatorLog, MockOperatorSessions, MockOperators, MockSecondFactors},
        shared::testing::{Counter, Noon, email},
        users::{
            PendingLogin, ProviderIdentity, Role,
            ports::{MockIdentityProviders, MockSessions},
        },
    };

    fn operator(role: OperatorRole, by_setting: bool) -> Operator {
        Operator { email: email("o@b"), role, invited_by: None, by_setting, created_at: Noon.now(), is_enrolled: true }
    }

    fn pending(operator: bool) -> PendingLogin {
        let [browser, verifier, nonce] = ["browser", "verifier", "nonce"].map(str::to_owned);
        PendingLogin { provider: Provider::Google, role: Role::Customer, browser, verifier, nonce, local: false, operator }
    }

    fn callback() -> Callback {
        Callback {
            provider: Provider::Google,
            role: Role::Customer,
            code: Some(SecretString::from("code")),
            state: Some("operator-1".into()),
            error: None,
            browser: Some("browser".into()),
        }
    }

    /// Whoever comes back from the provider with this e-mail.
    fn coming(
        vouched: bool,
        of_operators: bool,
        operators: MockOperators,
        sessions: MockOperatorSessions,
        by_setting: &[&str],
    ) -> OperatorSignIn {
        let (mut logins, mut providers) = (MockSessions::new(), MockIdentityProviders::new());
        logins.expect_take_login().returning(move |_, _| Ok(Some(pending(of_operators))));
        let identity =
            ProviderIdentity { user_id: "g7".into(), email: Some(email("o@b")), vouched, unverified_email: None, unlink_token: None };
        providers.expect_identity().returning(move |_, _, _| Ok(identity.clone()));
        OperatorSignIn::new(SignInParts {
            flow: LoginFlow::new(Arc::new(providers), Arc::new(logins), Arc::new(Noon), Arc::new(Counter::default())),
            operators: Arc::new(operators),
            factors: Arc::new(MockSecondFactors::new()),
            sessions: Arc::new(sessions),
            log: Arc::new(MockOperatorLog::new()),
            clock: Arc::new(Noon),
            ids: Arc::new(Counter::default()),
            by_setting: by_setting.iter().map(|text| email(text)).collect(),
        })
    }

    fn beginning(times: usize) -> MockOperatorSessions {
        let mut sessions = MockOperatorSessions::new();
        sessions
            .expect_begin()
            .times(times)
            .withf(|_, who, now, until| who.as_str() == "o@b" && *until == *now + CODE_LIFE)
            .returning(|_, _, _, _| Ok(()));
        sessions
    }

    #[tokio::test]
    async fn an_email_that_is_vouched_for_and_invited_leads_to_the_code() {
        for (vouched, found, by_setting, is_let_in) in [
            (true, Some(operator(OperatorRole::Viewer, false)), &[][..], true),
            (false, Some(operator(OperatorRole::Viewer, false)), &[], false),
            (true, None, &[], false),
            // Made by the setting, in which they stand no more.
            (true, Some(operator(OperatorRole::Admin, true)), &["x@b"], false),
            (true, Some(operator(OperatorRole::Admin, true)), &["o@b"], true),
        ] {
            let mut operators = MockOperators::new();
            operators.expect_find().returning(move |_| Ok(found.clone()));
            let finished = coming(vouched, true, operators, beginning(usize::from(is_let_in)), by_setting).finish(&callback()).await;
            match finished {
                Ok(session) => assert!(is_let_in && session.life == CODE_LIFE),
                Err(error) => assert!(!is_let_in && error.is(&error::NOT_AN_OPERATOR)),
            }
        }
    }

    #[tokio::test]
    async fn the_setting_makes_admins() {
        for found in [None, Some(operator(OperatorRole::Viewer, false))] {
            let mut operators = MockOperators::new();
            operators.expect_find().returning(move |_| Ok(found.clone()));
            operators
                .expect_put()
                .times(1)
                .withf(|email, role, by, by_setting, _| {
                    (email.as_str(), *role, by, *by_setting) == ("o@b", OperatorRole::Admin, &None, true)
                })
                .returning(|_, _, _, _, _| Ok(()));
            coming(true, true, operators, beginning(1), &["o@b"]).finish(&callback()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_apps_login_leads_to_no_console() {
        let sign_in = coming(true, false, MockOperators::new(), beginning(0), &["o@b"]);
        assert!(sign_in.finish(&callback()).await.unwrap_err().is(&users::LOGIN_STATE_INVALID));
    }

    #[tokio::test]
    async fn a_session_ends_with_the_setting_that_made_its_operator() {
        for (by_setting, setting, good) in [(false, &[][..], true), (true, &[], false), (true, &["o@b"], true)] {
            let mut sessions = MockOperatorSessions::new();
            let session = OperatorSession {
                operator: operator(OperatorRole::Admin, by_setting),
                expires_at: Noon.now() + Duration::hours(1),
                is_confirmed: true,
            };
            sessions.expect_find().returning(move |_, _| Ok(Some(session.clone())));
            let found = coming(true, true, MockOperators::new(), sessions, setting).session(Some("token")).await;
            assert_eq!(found.is_ok(), good, "{by_setting} {setting:?}");
        }
        let nobody = coming(true, true, MockOperators::new(), MockOperatorSessions::new(), &[]);
        for token in [None, Some(""), Some("a b"), Some("가")] {
            assert!(nobody.session(token).await.unwrap_err().is(&users::UNAUTHENTICATED), "{token:?}");
        }
    }
}
