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
        let step = self.step(email, typed).await?;
        let codes = code::recovery_codes(&*self.0.ids)?;
        let hashes: Vec<_> = codes.iter().map(|code| code::hash_of_recovery_code(code)).collect();
        if !self.0.factors.enrol(email, step, &hashes).await? {
            return Err(error::CODE_WRONG.into());
        }
        Ok((self.confirm(token, by, "enrolled").await?, codes))
    }

    /// Gets in by a code of the app.
    ///
    /// # Errors
    /// - `code_wrong`: it is no code now, or was used.
    /// - `unauthenticated`: the session has ended.
    pub async fn confirm_by_code(&self, token: &str, by: &By<'_>, typed: &str) -> Result<NewOperatorSession> {
        let step = self.step(&by.operator.email, typed).await?;
        if !by.operator.is_enrolled || !self.0.factors.use_step(&by.operator.email, step).await? {
            return Err(error::CODE_WRONG.into());
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
            return Err(error::CODE_WRONG.into());
        }
        self.confirm(token, by, "signed_in_by_recovery_code").await
    }

    async fn step(&self, email: &Email, typed: &str) -> Result<i64> {
        let secret = self.0.factors.secret(email).await?.ok_or(error::CODE_WRONG)?;
        code::step(&secret, email, typed, self.0.clock.now())?.ok_or_else(|| error::CODE_WRONG.into())
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
